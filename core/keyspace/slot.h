// One of the power-of-two parts of the keyspace: a lock of four bytes and a small open-addressing
// table of tagged pointers to nodes. Sixteen bytes, so that the slots of a large keyspace stay in
// the cache of a core: what not every command needs stands elsewhere, by slot number.
//
// A cell is a node pointer with sixteen bits of the key's hash above it. A cell's home is its tag
// scaled to the capacity, so that a table grows, shrinks and deletes without touching nodes, and
// its cells stand nearly in hash order. Everything except `lock` is guarded by the lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "core/base/assert.h"
#include "core/base/word_lock.h"
#include "core/keyspace/node.h"

namespace synap {

using Cell = uint64_t;

inline constexpr unsigned kTagShift = 48;
inline Node* cell_node(Cell cell) noexcept {
    return reinterpret_cast<Node*>(cell & ((uint64_t{1} << kTagShift) - 1));
}
inline uint16_t cell_tag(Cell cell) noexcept { return static_cast<uint16_t>(cell >> kTagShift); }
inline Cell make_cell(uint16_t tag, Node* node) noexcept {
    return (uint64_t{tag} << kTagShift) | reinterpret_cast<uintptr_t>(node);
}

// Where a slot's cells stand and how many they are, in one word. Guarded by the slot's lock, but
// for prefetch().
class Table {
public:
    uint32_t capacity() const noexcept { return capacity_of(word()); }
    Cell* cells() const noexcept { return cells_of(word()); }
    Cell& cell(uint32_t i) const noexcept { return cells()[i]; }
    size_t bytes() const noexcept { return size_t{capacity()} * sizeof(Cell); }

    // The next capacity from that one up that a word can name; 0 where there is none.
    static uint32_t capacity_from(uint64_t wanted) noexcept;

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
        const uint64_t word = this->word();
        const uint32_t capacity = capacity_of(word);
        if (capacity == 0) return nullptr;
        Cell* const cells = cells_of(word);
        for (uint32_t i = home(tag, capacity); cells[i] != 0; i = next(i, capacity)) {
            if (cell_tag(cells[i]) == tag && see(cells[i])) return &cells[i];
        }
        return nullptr;
    }

    // What a find() of the tag will most likely read. Chosen without a branch: the processor would
    // guess wrongly where in its run a key stands, and ask late for the node. Something harmless to
    // ask for where none of the first cells has the tag.
    const void* likely_node(uint16_t tag) const noexcept {
        constexpr int kCells = 4;
        const uint64_t word = this->word();
        const uint32_t capacity = capacity_of(word);
        const Cell* const cells = cells_of(word);
        if (capacity == 0) return this;
        uint32_t i = home(tag, capacity);
        const void* likely = this;
        for (int seen = 0; seen < kCells; ++seen, i = next(i, capacity)) {
            likely = cell_tag(cells[i]) == tag ? cell_node(cells[i]) : likely;
        }
        return likely != nullptr ? likely : this;  // an empty cell looks like one of tag 0
    }

    // Calls see(cell) for each cell that is not empty.
    template <typename See>
    void for_each(See&& see) const {
        for (uint32_t i = 0; i < capacity(); ++i) {
            if (cell(i) != 0) see(cell(i));
        }
    }

    // Needs no lock: what it reads may be out of date, and is not followed.
    void prefetch(uint16_t tag) const noexcept {
        const uint64_t word = this->word();
        const auto at = reinterpret_cast<uintptr_t>(cells_of(word)) +
                        home(tag, capacity_of(word)) * sizeof(Cell);
        __builtin_prefetch(reinterpret_cast<const char*>(at));
        __builtin_prefetch(reinterpret_cast<const char*>(at + 24));  // a run is a few cells
    }

    void place(Cell cell) noexcept {
        uint32_t i = home(cell_tag(cell));
        while (this->cell(i) != 0) i = next(i);
        this->cell(i) = cell;
    }
    // Moves the cells to a new place with that many, of capacity_from(). False, having done
    // nothing, without memory.
    bool resize(uint32_t capacity, Heap& heap, unsigned stripe) noexcept;
    void free(Heap& heap) noexcept;

private:
    // The pointer in 48 bits, a shift in four, a count of eight cells before the shift in twelve.
    static constexpr unsigned kShiftAt = kTagShift;
    static constexpr unsigned kCountAt = 52;
    static constexpr unsigned kShiftMax = 15;
    static constexpr uint64_t kCountMax = 4095;
    static constexpr uint32_t kStep = 8;

    uint64_t word() const noexcept { return word_.load(std::memory_order_relaxed); }
    static Cell* cells_of(uint64_t word) noexcept {
        return reinterpret_cast<Cell*>(word & ((uint64_t{1} << kTagShift) - 1));
    }
    static uint32_t capacity_of(uint64_t word) noexcept {
        return static_cast<uint32_t>(word >> kCountAt) * kStep << (word >> kShiftAt & kShiftMax);
    }
    static unsigned shift_for(uint64_t capacity) noexcept;
    void set(Cell* cells, uint32_t capacity) noexcept;

    std::atomic<uint64_t> word_{0};
};

struct Slot {
    WordLock lock;       // several are taken by ascending index
    uint32_t count = 0;  // nodes
    Table table;

    // The cell that holds the key, or null. Also finds a node whose deadline has passed.
    Cell* find(uint16_t tag, uint8_t name_space, std::string_view key) noexcept {
        ask_for(table.likely_node(tag));
        return table.find(tag, [&](Cell cell) noexcept {
            const Node* node = cell_node(cell);
            ask_for(node);
            return node->is(name_space, key);
        });
    }

    // Room for one more cell; may throw std::bad_alloc, changing nothing. Returns the growth in
    // bytes.
    int64_t reserve_cell(Heap& heap, unsigned stripe);

    // After reserve_cell. The key must not be present.
    void insert(uint16_t tag, Node* node) noexcept;
    void erase(Cell* cell) noexcept;
    // Gives back room that deletes left over; returns the (negative) growth.
    int64_t shrink(Heap& heap, unsigned stripe) noexcept;

private:
    // Not to be kept: the cells, which are more often of use again, stay in the cache.
    static void ask_for(const void* node) noexcept {
        const auto second_line = reinterpret_cast<uintptr_t>(node) + 64;
        __builtin_prefetch(node, 0, 0);
        __builtin_prefetch(reinterpret_cast<const char*>(second_line), 0, 0);
    }
};

static_assert(sizeof(Slot) == 16);

}  // namespace synap
