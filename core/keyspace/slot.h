// One of the power-of-two parts of the keyspace: a lock of four bytes and a small open-addressing
// table of tagged pointers to nodes.
//
// A cell is a node pointer with sixteen bits of the key's hash above it. A cell's home is its tag
// scaled to the capacity, so that a table grows, shrinks and deletes without touching nodes, and
// its cells stand nearly in hash order. Everything except `lock` is guarded by the lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/base/assert.h"
#include "core/keyspace/node.h"

namespace synap {

// Three states: free, held, held with waiters. Lock order: ascending slot index.
class SlotLock {
public:
    void lock() noexcept {
        uint32_t expected = kFree;
        if (state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) return;
        lock_slow();
    }
    void unlock() noexcept {
        if (state_.exchange(kFree, std::memory_order_release) == kContended) state_.notify_one();
    }

private:
    static constexpr uint32_t kFree = 0;
    static constexpr uint32_t kHeld = 1;
    static constexpr uint32_t kContended = 2;

    void lock_slow() noexcept;

    std::atomic<uint32_t> state_{kFree};
};

// A session's interest in one key; owned by the session, linked into the key's slot.
struct Watch {
    Watch* next = nullptr;
    std::atomic<bool>* changed = nullptr;  // set when the key is touched
    uint64_t hash = 0;
    uint8_t name_space = 0;
    uint8_t database = 0;  // as the client sees it; SWAPDB moves the watch
    bool expired_when_watched = false;
    std::vector<char> key;
};

using Cell = uint64_t;

inline constexpr unsigned kTagShift = 48;
inline Node* cell_node(Cell cell) noexcept {
    return reinterpret_cast<Node*>(cell & ((uint64_t{1} << kTagShift) - 1));
}
inline uint16_t cell_tag(Cell cell) noexcept { return static_cast<uint16_t>(cell >> kTagShift); }
inline Cell make_cell(uint16_t tag, Node* node) noexcept {
    return (uint64_t{tag} << kTagShift) | reinterpret_cast<uintptr_t>(node);
}

struct Table {
    uint32_t capacity;
    uint32_t reserved;
    Cell cells[1];  // capacity of them

    static constexpr size_t bytes(uint32_t capacity) noexcept {
        return sizeof(uint64_t) + size_t{capacity} * sizeof(Cell);
    }
    uint32_t home(uint16_t tag) const noexcept {
        return static_cast<uint32_t>((uint64_t{tag} * capacity) >> 16);
    }
    uint32_t next(uint32_t i) const noexcept { return i + 1 == capacity ? 0 : i + 1; }
};

// Min-heap of (deadline << 16 | tag). Entries are hints: one whose key is gone or has another
// deadline is dropped when it comes up.
struct Deadlines {
    uint32_t size;
    uint32_t capacity;
    uint64_t entries[1];

    static constexpr size_t bytes(uint32_t capacity) noexcept {
        return sizeof(uint64_t) + size_t{capacity} * sizeof(uint64_t);
    }
};

// Later deadlines (the year 6429) are honoured on access but stand in no heap.
inline constexpr int64_t kDeadlineMax = (int64_t{1} << 47) - 1;

struct alignas(64) Slot {
    static constexpr uint64_t kNever = ~uint64_t{0};

    SlotLock lock;
    uint32_t count = 0;      // nodes
    uint32_t expiring = 0;   // nodes with a deadline
    uint32_t reserved = 0;
    Table* table = nullptr;
    Deadlines* deadlines = nullptr;
    Watch* watches = nullptr;
    uint64_t last_position = 0;           // behind the last record that changed the slot
    std::atomic<uint64_t> earliest{kNever};  // deadline of the heap's top; read without the lock

    // The cell that holds the key, or null. Also finds a node whose deadline has passed.
    Cell* find(uint16_t tag, uint8_t name_space, std::string_view key) noexcept {
        if (table == nullptr) return nullptr;
        for (uint32_t i = table->home(tag); table->cells[i] != 0; i = table->next(i)) {
            Cell& cell = table->cells[i];
            if (cell_tag(cell) == tag && cell_node(cell)->is(name_space, key)) return &cell;
        }
        return nullptr;
    }

    // Room for one more cell and one more deadline; may throw std::bad_alloc, changing nothing.
    // Returns the growth in bytes.
    int64_t reserve_cell();
    int64_t reserve_deadline();

    // After reserve_cell. The key must not be present.
    void insert(uint16_t tag, Node* node) noexcept;
    void erase(Cell* cell) noexcept;
    // Gives back room that deletes left over; returns the (negative) growth.
    int64_t shrink() noexcept;

    // After reserve_deadline.
    void push_deadline(uint16_t tag, int64_t deadline) noexcept;
    // Removes and returns the earliest entry; the heap must not be empty.
    uint64_t pop_deadline() noexcept;

    int64_t table_memory() const noexcept;
};

static_assert(sizeof(Slot) == 64);

}  // namespace synap
