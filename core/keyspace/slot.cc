#include "core/keyspace/slot.h"

#include <algorithm>
#include <functional>

namespace synap {
namespace {

constexpr uint32_t kCapacityMin = 8;

// A table is full at 7/8 and given back below 1/4. Capacities grow by a quarter, so that tables
// are three quarters full on average.
bool is_full(uint32_t count, uint32_t capacity) noexcept {
    return count + 1 > capacity - capacity / 8;
}

uint32_t larger(uint32_t capacity) noexcept {
    return std::max(kCapacityMin, (capacity + capacity / 4 + 7) & ~uint32_t{7});
}

int64_t memory_of(const Table& table) noexcept {
    return static_cast<int64_t>(heap_size(table.bytes()));
}

int64_t memory_of(const Deadlines* heap) noexcept {
    return heap == nullptr ? 0 : static_cast<int64_t>(heap_size(Deadlines::bytes(heap->capacity)));
}

}  // namespace

bool Table::resize(uint32_t capacity, Heap& heap, unsigned stripe) noexcept {
    Table resized;
    resized.capacity_.store(capacity, std::memory_order_relaxed);
    auto* cells = static_cast<Cell*>(heap.allocate(heap_size(resized.bytes()), stripe));
    if (cells == nullptr) return false;
    std::memset(cells, 0, resized.bytes());
    resized.cells_.store(cells, std::memory_order_relaxed);
    for (uint32_t i = 0; i < this->capacity(); ++i) {
        if (cell(i) != 0) resized.place(cell(i));
    }
    heap.free(this->cells(), heap_size(bytes()));
    cells_.store(cells, std::memory_order_relaxed);
    capacity_.store(capacity, std::memory_order_relaxed);
    return true;
}

void Table::free(Heap& heap) noexcept {
    heap.free(cells(), heap_size(bytes()));
    cells_.store(nullptr, std::memory_order_relaxed);
    capacity_.store(0, std::memory_order_relaxed);
}

int64_t Slot::reserve_cell(Heap& heap, unsigned stripe) {
    if (!is_full(count, table.capacity())) return 0;
    const int64_t before = memory_of(table);
    if (!table.resize(larger(table.capacity()), heap, stripe)) throw std::bad_alloc();
    return memory_of(table) - before;
}

void Slot::insert(uint16_t tag, Node* node) noexcept {
    SYNAP_ASSERT(!is_full(count, table.capacity()));
    table.place(make_cell(tag, node));
    ++count;
}

// Moves later cells of the run back into the hole, so that no tombstones are needed.
void Slot::erase(Cell* cell) noexcept {
    const uint32_t capacity = table.capacity();
    auto hole = static_cast<uint32_t>(cell - table.cells());
    for (uint32_t i = table.next(hole); table.cell(i) != 0; i = table.next(i)) {
        const uint32_t home = table.home(cell_tag(table.cell(i)));
        const uint32_t from_home = i >= home ? i - home : i + capacity - home;
        const uint32_t from_hole = i >= hole ? i - hole : i + capacity - hole;
        if (from_home < from_hole) continue;
        table.cell(hole) = table.cell(i);
        hole = i;
    }
    table.cell(hole) = 0;
    --count;
}

int64_t Slot::shrink(Heap& heap, unsigned stripe) noexcept {
    const uint32_t capacity = table.capacity();
    const int64_t before = memory_of(table);
    if (count == 0) {
        table.free(heap);
    } else if (count < capacity / 4 && capacity > kCapacityMin) {
        // Without memory for a smaller one the larger one serves as well.
        table.resize(std::max(kCapacityMin, (count + count / 2 + 7) & ~uint32_t{7}), heap, stripe);
    }
    return memory_of(table) - before;
}

namespace {

// Entries that name a deadline some node still has; what remains is at most the expiring nodes.
uint32_t drop_stale(const Table& table, Deadlines& heap) noexcept {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < table.capacity(); ++i) {
        const Cell cell = table.cell(i);
        if (cell == 0) continue;
        const Node* node = cell_node(cell);
        if (!node->has_deadline() || node->deadline() > kDeadlineMax) continue;
        SYNAP_ASSERT(kept < heap.capacity);
        heap.entries[kept++] = (static_cast<uint64_t>(node->deadline()) << 16) | cell_tag(cell);
    }
    std::make_heap(heap.entries, heap.entries + kept, std::greater<>());
    return kept;
}

}  // namespace

int64_t Slot::reserve_deadline() {
    if (deadlines != nullptr && deadlines->size < deadlines->capacity) return 0;
    if (deadlines != nullptr && expiring < deadlines->capacity / 2) {
        deadlines->size = drop_stale(table, *deadlines);
        return 0;
    }
    const uint32_t capacity = deadlines == nullptr ? 3 : deadlines->capacity * 2 + 1;
    const size_t bytes = heap_size(Deadlines::bytes(capacity));
    const int64_t before = memory_of(deadlines);
    auto* grown = static_cast<Deadlines*>(std::malloc(bytes));
    if (grown == nullptr) throw std::bad_alloc();
    grown->size = 0;
    grown->capacity = capacity;
    if (deadlines != nullptr) {
        grown->size = deadlines->size;
        std::memcpy(grown->entries, deadlines->entries, deadlines->size * sizeof(uint64_t));
    }
    std::free(deadlines);
    deadlines = grown;
    return memory_of(deadlines) - before;
}

void Slot::push_deadline(uint16_t tag, int64_t deadline) noexcept {
    SYNAP_ASSERT(deadlines != nullptr && deadlines->size < deadlines->capacity);
    deadlines->entries[deadlines->size++] = (static_cast<uint64_t>(deadline) << 16) | tag;
    std::push_heap(deadlines->entries, deadlines->entries + deadlines->size, std::greater<>());
    earliest.store(deadlines->entries[0] >> 16, std::memory_order_relaxed);
}

uint64_t Slot::pop_deadline() noexcept {
    SYNAP_ASSERT(deadlines != nullptr && deadlines->size > 0);
    std::pop_heap(deadlines->entries, deadlines->entries + deadlines->size, std::greater<>());
    const uint64_t entry = deadlines->entries[--deadlines->size];
    earliest.store(deadlines->size == 0 ? kNever : deadlines->entries[0] >> 16,
                   std::memory_order_relaxed);
    return entry;
}

int64_t Slot::table_memory() const noexcept { return memory_of(table) + memory_of(deadlines); }

}  // namespace synap
