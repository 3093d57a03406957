#include "core/keyspace/deadlines.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <new>

#include "core/base/assert.h"
#include "core/base/heap_size.h"

namespace synap {

Deadlines::~Deadlines() { std::free(heap_); }

int64_t Deadlines::memory_of(const Heap* heap) noexcept {
    return heap == nullptr ? 0 : static_cast<int64_t>(heap_size(Heap::bytes(heap->capacity)));
}

// Keeps entries that name a deadline some node still has: at most as many as such nodes.
void Deadlines::drop_stale(const Table& table) noexcept {
    uint32_t kept = 0;
    table.for_each([&](Cell cell) noexcept {
        const Node* node = cell_node(cell);
        const int64_t due_at = node->due_at();
        if (!stands_in_heap(due_at)) return;
        SYNAP_ASSERT(kept < heap_->capacity);
        heap_->entries[kept++] = entry(cell_tag(cell), due_at);
    });
    std::make_heap(heap_->entries, heap_->entries + kept, std::greater<>());
    heap_->size = kept;
    note_top();
}

int64_t Deadlines::reserve(const Table& table) {
    if (heap_ != nullptr && heap_->size < heap_->capacity) return 0;
    if (heap_ != nullptr && nodes_ < heap_->capacity / 2) {
        drop_stale(table);
        return 0;
    }
    const uint32_t capacity = heap_ == nullptr ? 3 : heap_->capacity * 2 + 1;
    const int64_t before = memory_of(heap_);
    auto* grown = static_cast<Heap*>(std::malloc(heap_size(Heap::bytes(capacity))));
    if (grown == nullptr) throw std::bad_alloc();
    grown->size = 0;
    grown->capacity = capacity;
    if (heap_ != nullptr) {
        grown->size = heap_->size;
        std::memcpy(grown->entries, heap_->entries, heap_->size * sizeof(uint64_t));
    }
    std::free(heap_);
    heap_ = grown;
    return memory_of(heap_) - before;
}

void Deadlines::note_top() noexcept {
    earliest_.store(heap_->size == 0 ? kNever : heap_->entries[0] >> 16, std::memory_order_relaxed);
}

void Deadlines::push(uint16_t tag, int64_t deadline) noexcept {
    SYNAP_ASSERT(heap_ != nullptr && heap_->size < heap_->capacity);
    heap_->entries[heap_->size++] = entry(tag, deadline);
    std::push_heap(heap_->entries, heap_->entries + heap_->size, std::greater<>());
    note_top();
}

uint64_t Deadlines::pop() noexcept {
    SYNAP_ASSERT(heap_ != nullptr && heap_->size > 0);
    std::pop_heap(heap_->entries, heap_->entries + heap_->size, std::greater<>());
    const uint64_t entry = heap_->entries[--heap_->size];
    note_top();
    return entry;
}

}  // namespace synap
