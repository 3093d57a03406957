// How the entries of a full leaf, and one more, are dealt out to leaves between two hashes.
#pragma once

#include <cstdint>

#include "core/types/tree/cow_tree.h"
#include "core/types/tree/hash_leaf.h"

namespace synap {

class HashSplit {
public:
    static constexpr uint32_t kPieces = CowTree<HashLeaf>::kPieces;

    // `leaf` is of the usual size; its entry at `skip`, if any, is replaced by the new one. `last`:
    // nothing stands behind the leaf, so that what is added at its end goes on growing there.
    HashSplit(const HashLeaf& leaf, uint32_t skip, const HashItem& item, uint64_t hash,
              const HashOrder& order, bool last) noexcept;

    // 1 when all hashes are equal: the leaf has to grow.
    uint32_t pieces() const noexcept { return pieces_; }
    HashLeaf::Key key(uint32_t piece) const noexcept { return key_of(bounds_[piece]); }
    // Null without memory. Blobs belong to either leaf afterwards: to that which is kept.
    HashLeaf* make(uint32_t piece, Heap& heap, unsigned stripe) const noexcept;

private:
    // The shortest entry is a byte and its slot three; but for one without a byte, all are longer.
    static constexpr size_t kEntriesMax = limits::kTreeLeafBytes / 4 + 2;

    HashLeaf::Key key_of(uint32_t at) const noexcept {
        return static_cast<HashLeaf::Key>(sorted_[at] >> 32);
    }
    uint32_t number_of(uint32_t at) const noexcept {
        return static_cast<uint32_t>(sorted_[at]) >> 16;
    }
    size_t bytes_at(uint32_t at) const noexcept { return sorted_[at] & 0xffff; }
    size_t needed(uint32_t begin, uint32_t end) const noexcept;
    uint32_t boundary(uint32_t begin, uint32_t end, bool last) const noexcept;

    const HashLeaf& leaf_;
    const HashItem& item_;
    const uint64_t hash_;
    uint32_t count_ = 0;
    uint32_t pieces_ = 1;
    uint32_t bounds_[kPieces + 1] = {};
    // By key, number and bytes. The number of the new one is the leaf's count.
    uint64_t sorted_[kEntriesMax];
};

}  // namespace synap
