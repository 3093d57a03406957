#include "core/types/tree/hash_split.h"

#include <algorithm>

#include "core/base/assert.h"

namespace synap {

HashSplit::HashSplit(const HashLeaf& leaf, uint32_t skip, const HashItem& item, uint64_t hash,
                     const HashOrder& order, bool last) noexcept
    : leaf_(leaf), item_(item), hash_(hash) {
    SYNAP_ASSERT(leaf.count < kEntriesMax);
    for (uint32_t i = 0; i < leaf.count; ++i) {
        if (i == skip) continue;
        const HashItem old = leaf.item(i);
        sorted_[count_++] = uint64_t{HashOrder::key(old.hash(order))} << 32 | i << 16 | old.bytes;
    }
    const uint64_t added = uint64_t{HashOrder::key(hash)} << 32 | leaf.count << 16 | item.bytes;
    sorted_[count_++] = added;
    std::sort(sorted_, sorted_ + count_);
    bounds_[1] = count_;
    // Twice at most: a part that is still too large is one hash with a few others at one side.
    const bool at_end = last && sorted_[count_ - 1] == added;
    for (uint32_t i = 0; i < pieces_ && pieces_ < kPieces; ++i) {
        const uint32_t begin = bounds_[i];
        const uint32_t end = bounds_[i + 1];
        if (pieces_ > 1 && needed(begin, end) <= limits::kTreeLeafBytes) continue;
        const uint32_t middle = boundary(begin, end, at_end && pieces_ == 1);
        if (middle == begin) continue;
        std::copy_backward(bounds_ + i + 1, bounds_ + pieces_ + 1, bounds_ + pieces_ + 2);
        bounds_[i + 1] = middle;
        ++pieces_;
        --i;  // the first part may be too large still
    }
}

size_t HashSplit::needed(uint32_t begin, uint32_t end) const noexcept {
    size_t bytes = 0;
    for (uint32_t at = begin; at < end; ++at) bytes += bytes_at(at);
    return HashLeaf::needed(end - begin, bytes);
}

// The place nearest to the middle at which the hash changes, or `begin` where it never does.
uint32_t HashSplit::boundary(uint32_t begin, uint32_t end, bool last) const noexcept {
    constexpr size_t kSlot = 3;
    size_t total = 0;
    for (uint32_t at = begin; at < end; ++at) total += bytes_at(at) + kSlot;
    const size_t aim = last ? total : total / 2;
    uint32_t best = begin;
    size_t best_distance = total + 1;
    size_t before = 0;
    for (uint32_t at = begin; at < end; ++at) {
        if (at > begin && key_of(at) != key_of(at - 1)) {
            const size_t distance = before > aim ? before - aim : aim - before;
            if (distance < best_distance) {
                best = at;
                best_distance = distance;
            }
        }
        before += bytes_at(at) + kSlot;
    }
    return best;
}

HashLeaf* HashSplit::make(uint32_t piece, Heap& heap, unsigned stripe) const noexcept {
    const uint32_t begin = bounds_[piece];
    const uint32_t end = bounds_[piece + 1];
    HashLeaf* made = HashLeaf::make(heap, needed(begin, end), stripe);
    if (made == nullptr) return nullptr;
    for (uint32_t at = begin; at < end; ++at) {
        const uint32_t number = number_of(at);
        if (number == leaf_.count) {
            made->append(item_, hash_);
        } else {
            made->append_one(leaf_, number);
        }
    }
    return made;
}

}  // namespace synap
