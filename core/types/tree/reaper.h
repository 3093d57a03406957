// Frees nodes that lost their last reference, a few at a time: no recursion, no allocation. Dead
// nodes are a list through themselves; each inner one lets its children go one by one.
//
// Thread safety: one thread at a time has the reaper. Nodes that others still hold are left to
// them.
#pragma once

#include <cstddef>

#include "core/types/tree/inner.h"
#include "core/types/tree/node.h"

namespace synap {

template <class Leaf>
class NodeReaper {
public:
    struct Freed {
        size_t node_bytes = 0;
        size_t blob_bytes = 0;
    };

    // Lets go of one reference.
    void drop(TreeNode* node) noexcept {
        if (node == nullptr || !node->drop()) return;
        set_next(node, top_);
        top_ = node;
    }

    // True when nothing is left. A leaf costs its entries, an inner node and a child that somebody
    // else still holds cost one each.
    bool step(Heap& heap, size_t& budget, Freed& freed) noexcept {
        while (top_ != nullptr && budget > 0) {
            TreeNode* node = top_;
            size_t cost = 1;
            if (node->level > 0 && node->count > 0) {
                drop(static_cast<Inner<typename Leaf::Key>*>(node)->child(--node->count));
            } else {
                top_ = next(node);
                if (node->level == 0) {
                    cost += node->count;
                    freed.blob_bytes += static_cast<Leaf*>(node)->release_contents();
                }
                freed.node_bytes += node->bytes();
                free_node(heap, node);
            }
            budget -= cost < budget ? cost : budget;
        }
        return top_ == nullptr;
    }

private:
    // In what a dead node no longer needs: an inner one its first keys, a leaf its two counts.
    static constexpr size_t kLink = sizeof(TreeNode);
    static_assert(sizeof(Leaf) >= kLink + sizeof(TreeNode*));

    static TreeNode* next(const TreeNode* node) noexcept {
        return read_as<TreeNode*>(reinterpret_cast<const char*>(node) + kLink);
    }
    static void set_next(TreeNode* node, TreeNode* next) noexcept {
        write_as(reinterpret_cast<char*>(node) + kLink, next);
    }

    TreeNode* top_ = nullptr;
};

}  // namespace synap
