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
#include "core/base/word_lock.h"
#include "core/keyspace/node.h"

namespace synap {

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

// Where a slot's cells stand. Guarded by the slot's lock, but for prefetch(). The capacity stands
// beside the pointer, not before the cells, so that a look-up misses one line less.
class Table {
public:
    uint32_t capacity() const noexcept { return capacity_.load(std::memory_order_relaxed); }
    Cell* cells() const noexcept { return cells_.load(std::memory_order_relaxed); }
    Cell& cell(uint32_t i) const noexcept { return cells()[i]; }
    size_t bytes() const noexcept { return size_t{capacity()} * sizeof(Cell); }

    uint32_t home(uint16_t tag) const noexcept { return home(tag, capacity()); }
    uint32_t next(uint32_t i) const noexcept { return next(i, capacity()); }
    static uint32_t home(uint16_t tag, uint32_t capacity) noexcept {
        return static_cast<uint32_t>((uint64_t{tag} * capacity) >> 16);
    }
    static uint32_t next(uint32_t i, uint32_t capacity) noexcept {
        return i + 1 == capacity ? 0 : i + 1;
    }

    // Calls see(cell) for each cell of the tag's run that has the tag, until it returns true;
    // returns that cell or null. There is an empty cell, or no table at all.
    template <typename See>
    Cell* find(uint16_t tag, See&& see) const noexcept {
        const uint32_t capacity = this->capacity();
        if (capacity == 0) return nullptr;
        Cell* const cells = this->cells();
        for (uint32_t i = home(tag, capacity); cells[i] != 0; i = next(i, capacity)) {
            if (cell_tag(cells[i]) == tag && see(cells[i])) return &cells[i];
        }
        return nullptr;
    }

    // Needs no lock: what it reads may be out of date, and is not followed.
    void prefetch(uint16_t tag) const noexcept {
        const auto at = reinterpret_cast<uintptr_t>(cells()) + home(tag) * sizeof(Cell);
        __builtin_prefetch(reinterpret_cast<const char*>(at));
        __builtin_prefetch(reinterpret_cast<const char*>(at + 24));  // a run is a few cells
    }

    void place(Cell cell) noexcept {
        uint32_t i = home(cell_tag(cell));
        while (this->cell(i) != 0) i = next(i);
        this->cell(i) = cell;
    }
    // Moves the cells to a new place with that many. False, having done nothing, without memory.
    bool resize(uint32_t capacity, Heap& heap, unsigned stripe) noexcept;
    void free(Heap& heap) noexcept;

private:
    std::atomic<Cell*> cells_{nullptr};
    std::atomic<uint32_t> capacity_{0};
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

    WordLock lock;          // several are taken by ascending index
    uint32_t count = 0;     // nodes
    uint32_t expiring = 0;  // nodes with a deadline
    Table table;
    Deadlines* deadlines = nullptr;
    Watch* watches = nullptr;
    uint64_t last_position = 0;              // behind the last record that changed the slot
    std::atomic<uint64_t> earliest{kNever};  // deadline of the heap's top; read without the lock

    // The cell that holds the key, or null. Also finds a node whose deadline has passed.
    Cell* find(uint16_t tag, uint8_t name_space, std::string_view key) noexcept {
        return table.find(tag, [&](Cell cell) noexcept {
            const Node* node = cell_node(cell);
            // Not to be kept: the cells, which are more often of use again, stay in the cache.
            __builtin_prefetch(reinterpret_cast<const char*>(node), 0, 0);
            __builtin_prefetch(reinterpret_cast<const char*>(node) + 64, 0, 0);
            return node->is(name_space, key);
        });
    }

    // Room for one more cell and one more deadline; may throw std::bad_alloc, changing nothing.
    // Returns the growth in bytes.
    int64_t reserve_cell(Heap& heap, unsigned stripe);
    int64_t reserve_deadline();

    // After reserve_cell. The key must not be present.
    void insert(uint16_t tag, Node* node) noexcept;
    void erase(Cell* cell) noexcept;
    // Gives back room that deletes left over; returns the (negative) growth.
    int64_t shrink(Heap& heap, unsigned stripe) noexcept;

    // After reserve_deadline.
    void push_deadline(uint16_t tag, int64_t deadline) noexcept;
    // Removes and returns the earliest entry; the heap must not be empty.
    uint64_t pop_deadline() noexcept;

    int64_t table_memory() const noexcept;
};

static_assert(sizeof(Slot) == 64);

}  // namespace synap
