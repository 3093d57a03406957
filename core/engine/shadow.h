// A second keyspace that follows the first by its records alone, as a replica will: each is encoded
// by the log's codec, decoded and applied, under another secret and another number of slots, so
// that nothing can depend on either. For tests: option debug.shadow. It costs a second copy of the
// data, and every record is applied under the log's lock.
//
// Thread safety: record() is called under the log's lock; difference() with the first keyspace's
// gate held alone, when no record is on its way.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/log/log.h"

namespace synap {

class Shadow final : public RecordTap {
public:
    // Starts from what `first` holds, while nobody changes it. Throws std::bad_alloc.
    Shadow(Keyspace& first, uint64_t secret);

    void record(const EffectBuffer& effects, uint64_t end) noexcept override;
    void received(std::string_view frames, uint64_t end) noexcept override;

    // What differs from `first`; of keys, the one of the least namespace and bytes. Empty where
    // both hold the same. O(everything).
    std::string difference(Keyspace& first);

    Keyspace& keyspace() noexcept { return second_; }

private:
    void copy(Keyspace& first);
    void copy(const Node& node);
    void apply(const EffectBuffer& effects, uint64_t end);
    void apply(std::string_view record, uint64_t end);
    std::string first_difference(Keyspace& first);

    Keyspace second_;
    std::string payload_;
    std::vector<Effect> effects_;
    std::string failure_;     // of a record that could not be followed
    bool exhausted_ = false;  // of memory
};

}  // namespace synap
