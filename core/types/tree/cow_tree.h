// The part of a copy-on-write B+ tree that is the same in every order: the nodes above the leaves,
// who owns what, and what it all takes. What stands in leaves is Leaf's.
//
// A change goes like this: locate() the leaf; own() the path to it, which copies what others hold
// as well, from the root down; make all that is needed (which may throw); then the steps that can
// not fail. Whatever throws leaves a tree with the same entries. One owner; see hash_tree.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/base/assert.h"
#include "core/base/limits.h"
#include "core/types/tree/inner.h"
#include "core/types/tree/node.h"
#include "core/types/tree/reaper.h"

namespace synap {

template <class Leaf>
class CowTree {
public:
    using Key = typename Leaf::Key;
    using Node = Inner<Key>;

    // The way to a leaf, and which child it takes in each node.
    struct Path {
        struct Step {
            Node* node;
            uint32_t at;
        };
        uint32_t depth = 0;
        Step steps[kTreeLevels];
        Leaf* leaf = nullptr;
    };
    // A leaf that stands for a part of another one.
    struct Piece {
        Leaf* leaf;
        Key key;  // its lowest; not used of the first
        int64_t earliest;
    };
    static constexpr uint32_t kPieces = 3;

    explicit CowTree(Heap& heap) noexcept : heap_(heap) {}

    Heap& heap() const noexcept { return heap_; }
    const TreeNode* root() const noexcept { return root_; }
    TreeNode* shared_root() const noexcept {
        if (root_ != nullptr) root_->retain();
        return root_;
    }
    int64_t earliest() const noexcept { return earliest_; }
    size_t memory() const noexcept { return node_bytes_ + blob_bytes_; }
    size_t node_bytes() const noexcept { return node_bytes_; }

    // What the leaves have done to their blobs.
    void add_blobs(size_t bytes) noexcept { blob_bytes_ += bytes; }
    void remove_blobs(size_t bytes) noexcept { blob_bytes_ -= bytes; }

    void locate(Key key, Path& path) const noexcept;
    // Nothing stands behind the leaf, or behind the node at a depth.
    bool rightmost(const Path& path) const noexcept { return rightmost(path, path.depth); }
    // The deadline that the nodes above know of the leaf.
    int64_t known_earliest(const Path& path) const noexcept {
        return path.depth == 0 ? earliest_ : bottom(path).node->earliest(bottom(path).at);
    }

    // Throw std::bad_alloc. In this order: own, then time, then make_room.
    void own(Path& path, unsigned stripe);
    void time(Path& path, unsigned stripe);       // there is to be a deadline in the leaf
    void make_room(Path& path, unsigned stripe);  // for kPieces - 1 more leaves

    // The steps that can not fail.
    void plant(Leaf* leaf, int64_t earliest) noexcept;  // the first leaf
    void replace(Path& path, Leaf* leaf) noexcept;      // blobs have moved; the old one is freed
    void replace(Path& path, const Piece* pieces, uint32_t n) noexcept;  // after make_room
    void settle(Path& path, int64_t earliest) noexcept;  // the leaf's; see known_earliest
    // The leaf lost entries: merges it and what is above where it has become small, as far as there
    // is memory for it. The path does not hold afterwards.
    void tend(Path& path, unsigned stripe) noexcept;

    // Takes over the root of another tree, with a reference that is counted already.
    void adopt(const CowTree& other) noexcept {
        root_ = other.shared_root();
        node_bytes_ = other.node_bytes_;
        blob_bytes_ = other.blob_bytes_;
        earliest_ = other.earliest_;
        heap_.note_shared(-static_cast<int64_t>(node_bytes_));
    }
    // Lets go of everything, through the reaper; true when that is done.
    bool free_some(NodeReaper<Leaf>& reaper, size_t& budget) noexcept;

private:
    using Step = typename Path::Step;

    // Leaves that need less are merged, where the sum leaves room for what comes.
    static constexpr size_t kMergeBelow = limits::kTreeLeafBytes / 4;
    static constexpr size_t kMergedMost = limits::kTreeLeafBytes / 4 * 3;

    static Step& bottom(Path& path) noexcept { return path.steps[path.depth - 1]; }
    static const Step& bottom(const Path& path) noexcept { return path.steps[path.depth - 1]; }
    TreeNode*& slot(Path& path, uint32_t depth) noexcept {
        return depth == 0 ? root_ : path.steps[depth - 1].node->child(path.steps[depth - 1].at);
    }
    // The node itself when nobody else has it, else a copy that is to stand in its place; null
    // without memory. For a node whose parent is owned: then nobody but us can count it up.
    TreeNode* owned(TreeNode* node, unsigned stripe) noexcept {
        return node->unique() ? node : replaced(node, stripe);
    }
    TreeNode* replaced(TreeNode* node, unsigned stripe) noexcept;
    bool rightmost(const Path& path, uint32_t depth) const noexcept;
    // Another node for the same children. False without memory.
    bool remake(Path& path, uint32_t depth, uint32_t children, bool timed,
                unsigned stripe) noexcept;
    void split(Path& path, uint32_t depth, unsigned stripe);
    void dispose(TreeNode* node) noexcept {  // owned, and its contents have moved
        node_bytes_ -= node->bytes();
        free_node(heap_, node);
    }
    bool merge_leaf(Path& path, unsigned stripe) noexcept;
    bool merge_inner(Path& path, uint32_t depth, unsigned stripe) noexcept;
    void remove_child(Path& path, uint32_t depth) noexcept;
    void settle_above(Path& path, uint32_t depth) noexcept;

    Heap& heap_;
    TreeNode* root_ = nullptr;
    size_t node_bytes_ = 0;
    size_t blob_bytes_ = 0;
    int64_t earliest_ = kNoDeadline;
};

}  // namespace synap

#include "core/types/tree/cow_tree_inl.h"
