// How members are looked up in hash order: one, or many whose cache misses overlap.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "core/types/tree/hash_leaf.h"
#include "core/types/tree/inner.h"

namespace synap {

inline const HashLeaf* leaf_of(const TreeNode* node, uint64_t hash) noexcept {
    while (node->level > 0) {
        const auto* inner = static_cast<const Inner<HashLeaf::Key>*>(node);
        node = inner->child(inner->search(HashOrder::key(hash)));
        prefetch_node<HashLeaf>(node, inner->level - 1u);
    }
    return static_cast<const HashLeaf*>(node);
}

inline bool find_below(const TreeNode* root, uint64_t hash, std::string_view member,
                       TreeEntry& out) noexcept {
    if (root == nullptr) return false;
    const HashLeaf* leaf = leaf_of(root, hash);
    const uint32_t at = leaf->find(hash, member);
    if (at == HashLeaf::kNone) return false;
    out = leaf->item(at).entry();
    return true;
}

// Goes down with all of a batch level by level, so that what one of them waits for the others wait
// for at the same time.
class LookupBatch {
public:
    static constexpr size_t kMost = 16;

    LookupBatch(const TreeNode* root, const HashOrder& order,
                std::span<const std::string_view> members) noexcept
        : size_(members.size()) {
        for (size_t i = 0; i < size_; ++i) hashes_[i] = order.hash(members[i]);
        for (size_t i = 0; i < size_; ++i) nodes_[i] = root;
        for (uint32_t level = root->level; level > 0; --level) descend(level);
        for (size_t i = 0; i < size_; ++i) leaf(i)->prefetch_entry(hashes_[i]);
    }
    uint64_t hash(size_t i) const noexcept { return hashes_[i]; }
    const HashLeaf* leaf(size_t i) const noexcept {
        return static_cast<const HashLeaf*>(nodes_[i]);
    }

private:
    using Node = Inner<HashLeaf::Key>;

    void descend(uint32_t level) noexcept {
        uint32_t at[kMost];
        for (size_t i = 0; i < size_; ++i) {
            const auto* inner = static_cast<const Node*>(nodes_[i]);
            at[i] = inner->search(HashOrder::key(hashes_[i]));
            inner->prefetch_child(at[i]);
        }
        for (size_t i = 0; i < size_; ++i) {
            nodes_[i] = static_cast<const Node*>(nodes_[i])->child(at[i]);
            prefetch_node<HashLeaf>(nodes_[i], level - 1);
        }
    }

    size_t size_;
    uint64_t hashes_[kMost];
    const TreeNode* nodes_[kMost];
};

template <typename Use>
void look_up_in_batches(const TreeNode* root, const HashOrder& order,
                        std::span<const std::string_view> members, Use&& use) {
    for (size_t begin = 0; begin < members.size(); begin += LookupBatch::kMost) {
        const auto part =
            members.subspan(begin, std::min(LookupBatch::kMost, members.size() - begin));
        use(LookupBatch(root, order, part), part, begin);
    }
}

}  // namespace synap
