// The functions of CowTree; see cow_tree.h.
#pragma once

#include "core/types/tree/cow_tree.h"

namespace synap {

template <class Leaf>
void CowTree<Leaf>::locate(Key key, Path& path) const noexcept {
    TreeNode* node = root_;
    path.depth = 0;
    while (node->level > 0) {
        auto* inner = static_cast<Node*>(node);
        const uint32_t at = inner->search(key);
        path.steps[path.depth++] = {inner, at};
        node = inner->child(at);
        prefetch_node<Leaf>(node, inner->level - 1u);
    }
    path.leaf = static_cast<Leaf*>(node);
}

template <class Leaf>
TreeNode* CowTree<Leaf>::replaced(TreeNode* node, unsigned stripe) noexcept {
    if (reclaim(heap_, node)) return node;
    TreeNode* copy = nullptr;
    if (node->level == 0) {
        copy = static_cast<Leaf*>(node)->clone(heap_, stripe);
        if (copy == nullptr) return nullptr;
    } else {
        auto* source = static_cast<Node*>(node);
        Node* inner = source->clone(heap_, source->count, source->timed(), stripe);
        if (inner == nullptr) return nullptr;
        for (uint32_t i = 0; i < inner->count; ++i) inner->child(i)->retain();
        copy = inner;
    }
    node_bytes_ += copy->bytes() - node->bytes();
    heap_.note_shared(static_cast<int64_t>(node->bytes()));
    supersede(heap_, node);
    if (!node->drop()) return copy;
    // Whoever shared it has just let go. The copy holds the children.
    heap_.note_shared(-static_cast<int64_t>(node->bytes()));
    if (node->level == 0) {
        static_cast<Leaf*>(node)->release_contents();
    } else {
        auto* inner = static_cast<Node*>(node);
        for (uint32_t i = 0; i < inner->count; ++i) {
            const bool last = inner->child(i)->drop();
            SYNAP_ASSERT(!last);
        }
    }
    free_node(heap_, node);
    return copy;
}

template <class Leaf>
void CowTree<Leaf>::own(Path& path, unsigned stripe) {
    for (uint32_t depth = 0; depth < path.depth; ++depth) {
        if (path.steps[depth].node->unique()) continue;
        TreeNode*& at = slot(path, depth);
        at = not_null(replaced(at, stripe));
        path.steps[depth].node = static_cast<Node*>(at);
    }
    if (path.leaf->unique()) return;
    TreeNode*& at = slot(path, path.depth);
    at = not_null(replaced(at, stripe));
    path.leaf = static_cast<Leaf*>(at);
}

template <class Leaf>
bool CowTree<Leaf>::remake(Path& path, uint32_t depth, uint32_t children, bool timed,
                           unsigned stripe) noexcept {
    Node* old = path.steps[depth].node;
    Node* fresh = old->clone(heap_, children, timed, stripe);
    if (fresh == nullptr) return false;
    slot(path, depth) = fresh;
    path.steps[depth].node = fresh;
    node_bytes_ += fresh->bytes();
    dispose(old);
    return true;
}

template <class Leaf>
void CowTree<Leaf>::time(Path& path, unsigned stripe) {
    for (uint32_t depth = 0; depth < path.depth; ++depth) {
        Node* node = path.steps[depth].node;
        if (node->timed()) continue;
        if (!remake(path, depth, node->count, true, stripe)) throw std::bad_alloc();
    }
}

template <class Leaf>
void CowTree<Leaf>::make_room(Path& path, unsigned stripe) {
    constexpr uint32_t kMore = kPieces - 1;
    const auto reserve = [&](uint32_t depth) {
        Node* node = path.steps[depth].node;
        const uint32_t wanted = node->count + kMore;
        if (wanted <= node->capacity) return;
        const uint32_t children = std::min(wanted + wanted / 4, Node::kFanOut);
        if (!remake(path, depth, children, node->timed(), stripe)) throw std::bad_alloc();
    };
    if (path.depth == 0 || path.steps[0].node->count + kMore > Node::kFanOut) {
        SYNAP_ASSERT(path.depth < kTreeLevels);
        const bool timed = path.depth == 0 ? earliest_ != kNoDeadline : path.steps[0].node->timed();
        Node* root = not_null(Node::make(heap_, root_->level + 1u, 1 + kMore, timed, stripe));
        root->insert(0, Key{}, root_, earliest_);
        root_ = root;
        node_bytes_ += root->bytes();
        std::copy_backward(path.steps, path.steps + path.depth, path.steps + path.depth + 1);
        path.steps[0] = {root, 0};
        ++path.depth;
    }
    reserve(0);
    for (uint32_t depth = 1; depth < path.depth; ++depth) {
        if (path.steps[depth].node->count + kMore > Node::kFanOut) split(path, depth, stripe);
        reserve(depth);
    }
}

template <class Leaf>
bool CowTree<Leaf>::rightmost(const Path& path, uint32_t depth) const noexcept {
    for (uint32_t i = 0; i < depth; ++i) {
        if (path.steps[i].at + 1 != path.steps[i].node->count) return false;
    }
    return true;
}

// The parent has room.
template <class Leaf>
void CowTree<Leaf>::split(Path& path, uint32_t depth, unsigned stripe) {
    Step& step = path.steps[depth];
    Step& above = path.steps[depth - 1];
    Node* left = step.node;
    // What grows at its end leaves full nodes behind.
    const bool appends = rightmost(path, depth + 1);
    const uint32_t kept = appends ? left->count - left->count / 10 : left->count / 2;
    const uint32_t moved = left->count - kept;
    Node* right = not_null(Node::make(heap_, left->level, moved, left->timed(), stripe));
    right->take(*left, kept, moved);
    left->count = kept;
    above.node->insert(above.at + 1, right->key(0), right, right->earliest());
    above.node->set_earliest(above.at, left->earliest());
    node_bytes_ += right->bytes();
    if (step.at >= kept) {
        step = {right, step.at - kept};
        ++above.at;
    }
}

template <class Leaf>
void CowTree<Leaf>::plant(Leaf* leaf, int64_t earliest) noexcept {
    SYNAP_ASSERT(root_ == nullptr);
    root_ = leaf;
    node_bytes_ += leaf->bytes();
    earliest_ = earliest;
}

template <class Leaf>
void CowTree<Leaf>::replace(Path& path, Leaf* leaf) noexcept {
    slot(path, path.depth) = leaf;
    node_bytes_ += leaf->bytes();
    dispose(path.leaf);
    path.leaf = leaf;
}

template <class Leaf>
void CowTree<Leaf>::replace(Path& path, const Piece* pieces, uint32_t n) noexcept {
    Step& step = bottom(path);
    bool kept = false;
    for (uint32_t i = 0; i < n; ++i) {
        node_bytes_ += pieces[i].leaf->bytes();
        kept = kept || pieces[i].leaf == path.leaf;
        if (i == 0) {
            step.node->child(step.at) = pieces[0].leaf;
            step.node->set_earliest(step.at, pieces[0].earliest);
        } else {
            step.node->insert(step.at + i, pieces[i].key, pieces[i].leaf, pieces[i].earliest);
        }
    }
    if (kept) {
        node_bytes_ -= path.leaf->bytes();
    } else {
        dispose(path.leaf);
    }
    settle_above(path, path.depth - 1);
}

template <class Leaf>
void CowTree<Leaf>::settle(Path& path, int64_t earliest) noexcept {
    if (earliest == known_earliest(path)) return;
    if (path.depth == 0) {
        earliest_ = earliest;
        return;
    }
    bottom(path).node->set_earliest(bottom(path).at, earliest);
    settle_above(path, path.depth - 1);
}

// What stands below a node has changed: tells those above it.
template <class Leaf>
void CowTree<Leaf>::settle_above(Path& path, uint32_t depth) noexcept {
    for (; depth > 0; --depth) {
        const int64_t earliest = path.steps[depth].node->earliest();
        path.steps[depth - 1].node->set_earliest(path.steps[depth - 1].at, earliest);
    }
    earliest_ = path.steps[0].node->earliest();
}

template <class Leaf>
void CowTree<Leaf>::tend(Path& path, unsigned stripe) noexcept {
    Leaf* leaf = path.leaf;
    const size_t needed = Leaf::needed(leaf->count, leaf->entry_bytes());
    uint32_t depth = path.depth;
    if (leaf->count == 0) {
        dispose(leaf);
        if (depth == 0) {
            root_ = nullptr;
            return;
        }
        remove_child(path, --depth);
    } else if (depth > 0 && needed < kMergeBelow && merge_leaf(path, stripe)) {
        --depth;
    } else {
        if (needed > leaf->bytes() / 8 * 5 || heap_size(needed) == leaf->bytes()) return;
        Leaf* smaller = Leaf::make(heap_, needed, stripe);
        if (smaller == nullptr) return;
        smaller->append_all(*leaf, Leaf::kNone);
        replace(path, smaller);
        return;
    }
    // The node at `depth` has lost a child.
    for (; depth > 0; --depth) {
        Node* node = path.steps[depth].node;
        if (node->count == 0) {
            dispose(node);
            remove_child(path, depth - 1);
        } else if (node->count > Node::kFanOut / 4 || !merge_inner(path, depth, stripe)) {
            return;
        }
    }
    while (root_->level > 0 && root_->count == 1) {
        TreeNode* below = static_cast<Node*>(root_)->child(0);
        dispose(root_);
        root_ = below;
        if (!below->unique()) break;  // not ours to take apart
    }
    if (root_->count == 0) {
        dispose(root_);
        root_ = nullptr;
    }
}

template <class Leaf>
void CowTree<Leaf>::remove_child(Path& path, uint32_t depth) noexcept {
    path.steps[depth].node->remove(path.steps[depth].at);
}

template <class Leaf>
bool CowTree<Leaf>::merge_leaf(Path& path, unsigned stripe) noexcept {
    Step& step = bottom(path);
    for (const uint32_t other : {step.at + 1, step.at - 1}) {
        if (other >= step.node->count) continue;
        const auto* beside = static_cast<Leaf*>(step.node->child(other));
        const size_t needed = Leaf::needed(path.leaf->count + beside->count,
                                           path.leaf->entry_bytes() + beside->entry_bytes());
        if (needed > kMergedMost) continue;
        TreeNode* sibling = owned(step.node->child(other), stripe);
        if (sibling == nullptr) return false;
        step.node->child(other) = sibling;
        Leaf* merged = Leaf::make(heap_, needed, stripe);
        if (merged == nullptr) return false;
        merged->append_all(*path.leaf, Leaf::kNone);
        merged->append_all(*static_cast<Leaf*>(sibling), Leaf::kNone);
        const uint32_t left = std::min(step.at, other);
        const int64_t earliest = std::min(step.node->earliest(step.at), step.node->earliest(other));
        dispose(path.leaf);
        dispose(sibling);
        node_bytes_ += merged->bytes();
        step.node->child(left) = merged;
        step.node->set_earliest(left, earliest);
        step.node->remove(left + 1);
        return true;
    }
    return false;
}

template <class Leaf>
bool CowTree<Leaf>::merge_inner(Path& path, uint32_t depth, unsigned stripe) noexcept {
    Step& above = path.steps[depth - 1];
    for (const uint32_t other : {above.at + 1, above.at - 1}) {
        if (other >= above.node->count) continue;
        const uint32_t total = above.node->child(other)->count + above.node->child(above.at)->count;
        if (total > Node::kFanOut / 4 * 3) continue;
        TreeNode* sibling = owned(above.node->child(other), stripe);
        if (sibling == nullptr) return false;
        above.node->child(other) = sibling;
        const uint32_t at = std::min(above.at, other);
        auto* left = static_cast<Node*>(above.node->child(at));
        auto* right = static_cast<Node*>(above.node->child(at + 1));
        const bool timed = left->timed() || right->timed();
        if (left->capacity < total || left->timed() != timed) {
            Node* roomy = left->clone(heap_, total, timed, stripe);
            if (roomy == nullptr) return false;
            node_bytes_ += roomy->bytes();
            dispose(left);
            above.node->child(at) = left = roomy;
        }
        right->set_key(0, above.node->key(at + 1));
        left->take(*right, 0, right->count);
        above.node->set_earliest(at, left->earliest());
        above.node->remove(at + 1);
        dispose(right);
        return true;
    }
    return false;
}

template <class Leaf>
bool CowTree<Leaf>::free_some(NodeReaper<Leaf>& reaper, size_t& budget) noexcept {
    if (root_ != nullptr) {
        reaper.drop(root_);
        root_ = nullptr;
    }
    typename NodeReaper<Leaf>::Freed freed;
    const bool done = reaper.step(heap_, budget, freed);
    node_bytes_ -= freed.node_bytes;
    blob_bytes_ -= freed.blob_bytes;
    if (!done) return false;
    // What is left is not gone, but stands in nobody's account any more.
    heap_.note_shared(static_cast<int64_t>(node_bytes_));
    node_bytes_ = blob_bytes_ = 0;
    return true;
}

}  // namespace synap
