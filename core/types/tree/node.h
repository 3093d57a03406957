// What leaves and inner nodes of a copy-on-write tree have in common.
//
// A node has a reference from each parent, root and share that holds it. One with a single
// reference, reached from an owner through nodes that have one as well, is owned: only the owner
// may change it. All others never change. Nodes are cut from a Heap and know their size.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

#include "core/base/heap.h"
#include "core/base/heap_size.h"

namespace synap {

// Inside trees "no deadline" is later than all others; outside it is 0.
inline constexpr int64_t kNoDeadline = std::numeric_limits<int64_t>::max();
inline int64_t external_deadline(int64_t deadline) noexcept {
    return deadline == kNoDeadline ? 0 : deadline;
}
inline int64_t internal_deadline(int64_t deadline) noexcept {
    return deadline == 0 ? kNoDeadline : deadline;
}

// Levels of inner nodes above the leaves; with 25 children each, more than memory has room for.
inline constexpr uint32_t kTreeLevels = 12;

struct TreeNode {
    std::atomic<uint32_t> references{1};
    uint32_t units = 0;  // of sixteen bytes each: what the heap gave
    uint32_t count = 0;  // entries of a leaf, children of an inner node
    uint8_t level = 0;   // 0: a leaf
    uint8_t flags = 0;
    uint16_t capacity = 0;  // children that an inner node has room for

    size_t bytes() const noexcept { return size_t{units} * 16; }
    void retain() noexcept { references.fetch_add(1, std::memory_order_relaxed); }
    // True: that was the last one, and the node is the caller's to free.
    bool drop() noexcept {
        return (references.fetch_sub(1, std::memory_order_acq_rel) & ~kSuperseded) == 1;
    }
    // Only the owner has it, and it is no one's former version.
    bool unique() const noexcept { return references.load(std::memory_order_acquire) == 1; }

    // A bit among the references, as it is set while others read the node: a writer has put a copy
    // in its place, and what it takes is charged until it goes. See Heap::superseded_bytes().
    static constexpr uint32_t kSuperseded = uint32_t{1} << 31;
    bool superseded() const noexcept {
        return (references.load(std::memory_order_relaxed) & kSuperseded) != 0;
    }
};
static_assert(sizeof(TreeNode) == 16);

// Raw memory of a node; null without memory. `bytes` is rounded up to heap_size().
template <class Node>
Node* allocate_node(Heap& heap, size_t bytes, unsigned stripe) noexcept {
    const size_t rounded = heap_size(bytes);
    if (rounded / 16 > std::numeric_limits<uint32_t>::max() / 16) return nullptr;
    void* memory = heap.allocate(rounded, stripe);
    if (memory == nullptr) return nullptr;
    Node* node = new (memory) Node;
    node->units = static_cast<uint32_t>(rounded / 16);
    return node;
}
inline void free_node(Heap& heap, TreeNode* node) noexcept {
    if (node->superseded()) heap.note_superseded(-static_cast<int64_t>(node->bytes()));
    heap.free(node, node->bytes());
}
// Before the one reference that its owner had goes to a copy.
inline void supersede(Heap& heap, TreeNode* node) noexcept {
    const uint32_t before =
        node->references.fetch_or(TreeNode::kSuperseded, std::memory_order_relaxed);
    if ((before & TreeNode::kSuperseded) != 0) return;
    heap.note_superseded(static_cast<int64_t>(node->bytes()));
}
// One that turns out to be the caller's alone: another owner's former version, and still its own.
inline bool reclaim(Heap& heap, TreeNode* node) noexcept {
    constexpr uint32_t kAlone = 1 | TreeNode::kSuperseded;
    if (node->references.load(std::memory_order_acquire) != kAlone) return false;
    node->references.store(1, std::memory_order_relaxed);
    heap.note_superseded(-static_cast<int64_t>(node->bytes()));
    return true;
}

// Asks for the first `bytes` of a node. Inlined by force, as is whatever does nothing but call it:
// to GCC a function that only prefetches has no effect, and a call of it is left out.
[[gnu::always_inline]] inline void prefetch_bytes(const void* node, size_t bytes) noexcept {
    const char* at = static_cast<const char*>(node);
    for (size_t line = 0; line < bytes; line += 64) __builtin_prefetch(at + line);
}

template <class T>
T* not_null(T* allocated) {
    if (allocated == nullptr) throw std::bad_alloc();
    return allocated;
}

template <typename T>
T read_as(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}
template <typename T>
char* write_as(char* at, T value) noexcept {
    std::memcpy(at, &value, sizeof value);
    return at + sizeof value;
}

}  // namespace synap
