// An inner node of a copy-on-write tree: lowest keys of its children, the children, and, where any
// entry below has a deadline, the earliest one below each.
//
// The key of the first child is not looked at: everything below the second's belongs to it.
// Functions that change a node are for its owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "core/base/assert.h"
#include "core/types/tree/node.h"

namespace synap {

template <class Key>
class Inner : public TreeNode {
public:
    // Of children; one with deadlines just fits into the largest block of the heap.
    static constexpr uint32_t kFanOut = 100;
    static constexpr uint8_t kTimed = 1;

    // With room for `children`, without any; null without memory.
    static Inner* make(Heap& heap, uint32_t level, uint32_t children, bool timed,
                       unsigned stripe) noexcept {
        const size_t each = sizeof(Key) + sizeof(TreeNode*) + (timed ? sizeof(int64_t) : 0);
        // An even number of keys leaves the children aligned.
        const size_t wanted = std::max<size_t>(4, (children + 1) & ~1u);
        Inner* node = allocate_node<Inner>(heap, sizeof(TreeNode) + wanted * each, stripe);
        if (node == nullptr) return nullptr;
        const size_t room = (node->bytes() - sizeof(TreeNode)) / each & ~size_t{1};
        node->capacity = static_cast<uint16_t>(std::min<size_t>(room, kFanOut));
        node->level = static_cast<uint8_t>(level);
        node->flags = timed ? kTimed : 0;
        return node;
    }
    // The same children in another node; their references are the caller's to count.
    Inner* clone(Heap& heap, uint32_t children, bool timed, unsigned stripe) const noexcept {
        Inner* node = make(heap, level, std::max(children, count), timed, stripe);
        if (node != nullptr) node->take(*this, 0, count);
        return node;
    }

    bool timed() const noexcept { return (flags & kTimed) != 0; }
    Key key(uint32_t at) const noexcept { return keys()[at]; }
    TreeNode* child(uint32_t at) const noexcept { return children()[at]; }
    TreeNode*& child(uint32_t at) noexcept { return children()[at]; }
    int64_t earliest(uint32_t at) const noexcept { return timed() ? times()[at] : kNoDeadline; }
    int64_t earliest() const noexcept {
        return timed() ? *std::min_element(times(), times() + count) : kNoDeadline;
    }
    void set_key(uint32_t at, Key key) noexcept { keys()[at] = key; }
    void set_earliest(uint32_t at, int64_t deadline) noexcept {
        if (timed()) times()[at] = deadline;
    }

    // The child that a key belongs to.
    uint32_t search(Key key) const noexcept {
        const Key* low = keys();
        uint32_t length = count;
        while (length > 1) {
            const uint32_t half = length / 2;
            low += low[half] <= key ? half : 0;
            length -= half;
        }
        return static_cast<uint32_t>(low - keys());
    }

    // Room is the caller's to see to.
    void insert(uint32_t at, Key key, TreeNode* child, int64_t earliest) noexcept {
        SYNAP_ASSERT(count < capacity && at <= count);
        shift(at, at + 1);
        ++count;
        keys()[at] = key;
        children()[at] = child;
        set_earliest(at, earliest);
    }
    void remove(uint32_t at) noexcept {
        shift(at + 1, at);
        --count;
    }
    // Children [begin, begin + n) of `source` behind the own ones.
    void take(const Inner& source, uint32_t begin, uint32_t n) noexcept {
        SYNAP_ASSERT(count + n <= capacity);
        std::memcpy(keys() + count, source.keys() + begin, n * sizeof(Key));
        std::memcpy(children() + count, source.children() + begin, n * sizeof(TreeNode*));
        if (timed()) {
            for (uint32_t i = 0; i < n; ++i) times()[count + i] = source.earliest(begin + i);
        }
        count += n;
    }

    [[gnu::always_inline]] void prefetch() const noexcept {
        prefetch_bytes(this, sizeof(TreeNode) + kFanOut * sizeof(Key));
    }
    [[gnu::always_inline]] void prefetch_child(uint32_t at) const noexcept {
        __builtin_prefetch(children() + at);
    }

private:
    Key* keys() noexcept { return reinterpret_cast<Key*>(this + 1); }
    const Key* keys() const noexcept { return reinterpret_cast<const Key*>(this + 1); }
    TreeNode** children() noexcept { return reinterpret_cast<TreeNode**>(keys() + capacity); }
    TreeNode* const* children() const noexcept {
        return reinterpret_cast<TreeNode* const*>(keys() + capacity);
    }
    int64_t* times() noexcept { return reinterpret_cast<int64_t*>(children() + capacity); }
    const int64_t* times() const noexcept {
        return reinterpret_cast<const int64_t*>(children() + capacity);
    }
    // Everything from `from` on to `to`.
    void shift(uint32_t from, uint32_t to) noexcept {
        const size_t n = count - from;
        std::memmove(keys() + to, keys() + from, n * sizeof(Key));
        std::memmove(children() + to, children() + from, n * sizeof(TreeNode*));
        if (timed()) std::memmove(times() + to, times() + from, n * sizeof(int64_t));
    }
};

// Asks for what a search of the node will look at, all at once: its level is known, it is not.
template <class Leaf>
[[gnu::always_inline]] inline void prefetch_node(const TreeNode* node, uint32_t level) noexcept {
    if (level == 0) {
        static_cast<const Leaf*>(node)->prefetch();
    } else {
        static_cast<const Inner<typename Leaf::Key>*>(node)->prefetch();
    }
}

}  // namespace synap
