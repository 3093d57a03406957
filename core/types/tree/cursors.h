// Walks of a tree that nobody changes meanwhile. Each is a stack of the nodes above, of a fixed
// size.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/types/tree/inner.h"
#include "core/types/tree/node.h"

namespace synap {

// The leaves of a tree one after the other.
template <class Leaf>
class LeafCursor {
public:
    explicit LeafCursor(const TreeNode* root) noexcept : fresh_(root) {}

    // Null behind the last one.
    const Leaf* next() noexcept {
        if (fresh_ == nullptr) {
            while (depth_ > 0 && ++above_[depth_ - 1].at == above_[depth_ - 1].node->count)
                --depth_;
            if (depth_ == 0) return nullptr;
            fresh_ = above_[depth_ - 1].node->child(above_[depth_ - 1].at);
        }
        while (fresh_->level > 0) {
            const auto* inner = static_cast<const Inner<typename Leaf::Key>*>(fresh_);
            above_[depth_++] = {inner, 0};
            fresh_ = inner->child(0);
        }
        const auto* leaf = static_cast<const Leaf*>(fresh_);
        fresh_ = nullptr;
        if (depth_ > 0 && above_[depth_ - 1].at + 1 < above_[depth_ - 1].node->count) {
            const TreeNode* ahead = above_[depth_ - 1].node->child(above_[depth_ - 1].at + 1);
            prefetch_bytes(ahead, kAheadBytes);
        }
        return leaf;
    }

private:
    static constexpr size_t kAheadBytes = 1024;

    struct Step {
        const Inner<typename Leaf::Key>* node;
        uint32_t at;
    };
    const TreeNode* fresh_;  // not yet gone down into
    uint32_t depth_ = 0;
    Step above_[kTreeLevels];
};

// The leaves that hold a deadline not after `now`.
template <class Leaf>
class DueCursor {
public:
    DueCursor(const TreeNode* root, int64_t earliest, int64_t now) noexcept
        : fresh_(earliest <= now ? root : nullptr), now_(now) {}

    const Leaf* next() noexcept {
        while (fresh_ == nullptr) {
            if (depth_ == 0) return nullptr;
            Step& step = above_[depth_ - 1];
            while (step.at < step.node->count && step.node->earliest(step.at) > now_) ++step.at;
            if (step.at == step.node->count) {
                --depth_;
                continue;
            }
            const TreeNode* child = step.node->child(step.at++);
            if (child->level == 0) return static_cast<const Leaf*>(child);
            fresh_ = child;
            push();
        }
        if (fresh_->level > 0) {
            push();
            return next();
        }
        const auto* leaf = static_cast<const Leaf*>(fresh_);
        fresh_ = nullptr;
        return leaf;
    }

private:
    struct Step {
        const Inner<typename Leaf::Key>* node;
        uint32_t at;
    };
    void push() noexcept {
        above_[depth_++] = {static_cast<const Inner<typename Leaf::Key>*>(fresh_), 0};
        fresh_ = nullptr;
    }

    const TreeNode* fresh_;
    int64_t now_;
    uint32_t depth_ = 0;
    Step above_[kTreeLevels];
};

// The leaf that a key belongs to, and what lies before and behind it: its keys are in [low, high).
template <class Leaf>
struct LeafRange {
    using Key = typename Leaf::Key;

    LeafRange(const TreeNode* node, Key key) noexcept {
        while (node->level > 0) {
            const auto* inner = static_cast<const Inner<Key>*>(node);
            const uint32_t at = inner->search(key);
            if (at > 0) {
                has_low = true;
                low = inner->key(at);
            }
            if (at + 1 < inner->count) {
                has_high = true;
                high = inner->key(at + 1);
            }
            node = inner->child(at);
        }
        leaf = static_cast<const Leaf*>(node);
    }

    const Leaf* leaf;
    bool has_low = false;
    bool has_high = false;
    Key low{};
    Key high{};
};

}  // namespace synap
