// One record of a log, made true in a keyspace: by recovery, by whatever follows a master, and by
// the shadow. There is no other way from a record to memory.
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
#include "core/snapshot/snapshot.h"

namespace synap {

class Following;

// Appends the effects of an encoded record, with the hashes of this keyspace. Views point into
// `record`.
Status decode_record(const Keyspace& keyspace, std::string_view record,
                     std::vector<Effect>& effects);
// Whether the record concerns whole namespaces.
bool needs_alone(std::span<const Effect> effects) noexcept;

// Whether the effects of a record mean something for what is there: kCorrupt where one of them
// edits a value of another type. Takes a slot's lock at a time; nobody else changes what is there.
Status check_record(Keyspace& keyspace, std::span<const Effect> effects, uint64_t end);

// As the stripe: each slot's own, spread as threads will spread what they write, so that they do
// not all meet in one shard of the heap. Of whoever has the keyspace to itself.
inline constexpr unsigned kStripeOfSlot = ~0u;

// Of a record that ends at `end`; what `held`, the snapshot that the keyspace began with, contains
// of it is skipped. kCorrupt, having changed nothing of that effect, where one means nothing for
// what is there. Throws std::bad_alloc, having applied nothing, or HalfApplied.
// `following`, where there is one, is told of the slots while they are locked.
Status apply_record(Keyspace& keyspace, std::span<const Effect> effects, uint64_t end,
                    const SnapshotPositions& held, unsigned stripe, Following* following = nullptr);

}  // namespace synap
