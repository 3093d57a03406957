// One record of a log, made true in a keyspace: by whatever follows a master. Recovery, where
// nobody else is inside, applies effect by effect (replay.cc) with what is here.
//
// Thread safety: apply_record() takes the locks of all slots that the record touches, in ascending
// order, so that nobody sees half of it; its caller is inside the gate, alone where needs_alone().
// What the record says was decided by its master: nothing here refuses it but for damage.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/keyspace/keyspace.h"

namespace synap {

// The effects of an encoded record, with the hashes of this keyspace. Views point into `record`.
Status decode_record(const Keyspace& keyspace, std::string_view record,
                     std::vector<Effect>& effects);
// Whether the record concerns whole namespaces.
bool needs_alone(std::span<const Effect> effects) noexcept;
// kCorrupt, having changed nothing of that effect, where one means nothing for what is there.
// Throws std::bad_alloc.
Status apply_record(Keyspace& keyspace, std::span<const Effect> effects, unsigned stripe);

// As no effect is that is still to be applied, unless its log means nothing.
bool edits_another_type(Keyspace& keyspace, const Effect& effect) noexcept;

}  // namespace synap
