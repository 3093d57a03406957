// The deadlines of one slot: a min-heap of hints, by which expiry finds what is due.
//
// An entry is (deadline << 16 | tag): of a key, or of the first of its elements that expires. One
// whose key is gone or has another deadline is dropped when it comes up. Guarded by the slot's
// lock, but for earliest() and due().
#pragma once

#include <atomic>
#include <cstdint>

#include "core/keyspace/slot.h"

namespace synap {

// Later deadlines (the year 6429) are honoured on access but stand in no heap.
inline constexpr int64_t kDeadlineMax = (int64_t{1} << 47) - 1;
constexpr bool stands_in_heap(int64_t due_at) noexcept {
    return due_at != 0 && due_at <= kDeadlineMax;
}

class Deadlines {
public:
    static constexpr uint64_t kNever = ~uint64_t{0};

    Deadlines() = default;
    ~Deadlines();
    Deadlines(const Deadlines&) = delete;
    Deadlines& operator=(const Deadlines&) = delete;

    // Nodes of the slot that are due some day, in the heap or not: by it stale entries are noticed.
    void count_node(int64_t due_at, int sign) noexcept {
        if (due_at != 0) nodes_ += static_cast<uint32_t>(sign);
    }

    // Room for one more entry; may throw std::bad_alloc, changing nothing. Returns the growth in
    // bytes. `table` is the slot's, whose nodes it may read.
    int64_t reserve(const Table& table);
    // After reserve(). At most kDeadlineMax.
    void push(uint16_t tag, int64_t deadline) noexcept;
    // Removes and returns the earliest entry; there must be one.
    uint64_t pop() noexcept;
    bool due(int64_t now_ms) const noexcept { return earliest() <= static_cast<uint64_t>(now_ms); }

    // The deadline of the heap's top, or kNever. Without the lock it may be out of date.
    uint64_t earliest() const noexcept { return earliest_.load(std::memory_order_relaxed); }
    uint32_t capacity() const noexcept { return heap_ == nullptr ? 0 : heap_->capacity; }

private:
    struct Heap {
        uint32_t size;
        uint32_t capacity;
        uint64_t entries[1];

        static constexpr size_t bytes(uint32_t capacity) noexcept {
            return sizeof(uint64_t) + size_t{capacity} * sizeof(uint64_t);
        }
    };

    static uint64_t entry(uint16_t tag, int64_t deadline) noexcept {
        return (static_cast<uint64_t>(deadline) << 16) | tag;
    }
    static int64_t memory_of(const Heap* heap) noexcept;
    void drop_stale(const Table& table) noexcept;
    void note_top() noexcept;

    Heap* heap_ = nullptr;
    std::atomic<uint64_t> earliest_{kNever};
    uint32_t nodes_ = 0;
};

}  // namespace synap
