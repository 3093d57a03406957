#include "core/keyspace/slot.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace synap {
namespace {

constexpr uint32_t kCapacityMin = 8;

// A table is full at 7/8 and given back below 1/4. Capacities grow by a quarter, so that tables
// are three quarters full on average.
bool is_full(uint32_t count, uint32_t capacity) noexcept {
    return count + 1 > capacity - capacity / 8;
}

uint64_t larger(uint32_t capacity) noexcept {
    return std::max<uint64_t>(kCapacityMin, uint64_t{capacity} + capacity / 4);
}

int64_t memory_of(const Table& table) noexcept {
    return static_cast<int64_t>(heap_size(table.bytes()));
}

}  // namespace

unsigned Table::shift_for(uint64_t capacity) noexcept {
    unsigned shift = 0;
    while ((capacity - 1) >> shift >= kStep * kCountMax) ++shift;
    return shift;
}

uint32_t Table::capacity_from(uint64_t wanted) noexcept {
    const unsigned shift = shift_for(wanted);
    const uint64_t below_step = (uint64_t{kStep} << shift) - 1;
    return shift > kShiftMax ? 0 : static_cast<uint32_t>((wanted + below_step) & ~below_step);
}

void Table::set(Cell* cells, uint32_t capacity) noexcept {
    const unsigned shift = capacity == 0 ? 0 : shift_for(capacity);
    const uint64_t count = capacity / kStep >> shift;
    word_.store(
        reinterpret_cast<uintptr_t>(cells) | uint64_t{shift} << kShiftAt | count << kCountAt,
        std::memory_order_relaxed);
    SYNAP_ASSERT(this->cells() == cells && this->capacity() == capacity);
}

bool Table::resize(uint32_t capacity, Heap& heap, unsigned stripe) noexcept {
    if (capacity == 0) return false;
    const size_t bytes = size_t{capacity} * sizeof(Cell);
    auto* cells = static_cast<Cell*>(heap.allocate(heap_size(bytes), stripe));
    if (cells == nullptr) return false;
    std::memset(cells, 0, bytes);
    Table resized;
    resized.set(cells, capacity);
    for_each([&](Cell cell) noexcept { resized.place(cell); });
    free(heap);
    set(cells, capacity);
    return true;
}

void Table::free(Heap& heap) noexcept {
    heap.free(cells(), heap_size(bytes()));
    set(nullptr, 0);
}

int64_t Slot::reserve_cell(Heap& heap, unsigned stripe) {
    if (!is_full(count, table.capacity())) return 0;
    const int64_t before = memory_of(table);
    const uint32_t capacity = Table::capacity_from(larger(table.capacity()));
    if (!table.resize(capacity, heap, stripe)) throw std::bad_alloc();
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
        const uint64_t smaller = std::max<uint64_t>(kCapacityMin, uint64_t{count} + count / 2);
        table.resize(Table::capacity_from(smaller), heap, stripe);
    }
    return memory_of(table) - before;
}

}  // namespace synap
