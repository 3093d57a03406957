#include "core/base/heap.h"

#include <bit>
#include <cstdlib>
#include <new>
#include <utility>

#include "core/base/assert.h"
#include "core/base/heap_size.h"
#include "core/base/map_memory.h"

namespace synap {

// Stands at the start of its memory, in the place of the first page.
struct Heap::Region {
    Region* next = nullptr;
    Region* previous = nullptr;
    Page* free = nullptr;
    size_t used = 0;
    Page pages[kPages] = {};  // the first is the header's
};

Heap::~Heap() {
    if (spare_ != nullptr) unmap_region(spare_);
    SYNAP_ASSERT(region_count_ == 0);
}

// Sixteen-byte steps to 128, then four to each doubling: the sizes of heap_size().
unsigned Heap::class_of(size_t bytes) noexcept {
    if (bytes <= 128) return static_cast<unsigned>(bytes / 16 - 1);
    const auto log = static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;
    const size_t step = (bytes - (size_t{1} << log)) >> (log - 2);
    return 8 + (log - 7) * 4 + static_cast<unsigned>(step) - 1;
}

Heap::Region* Heap::region_of(const void* inside) noexcept {
    return reinterpret_cast<Region*>(reinterpret_cast<uintptr_t>(inside) & ~(kRegionBytes - 1));
}

Heap::Page* Heap::page_of(const void* block) noexcept {
    const auto offset = reinterpret_cast<uintptr_t>(block) & (kRegionBytes - 1);
    return &region_of(block)->pages[offset / kPageBytes];
}

char* Heap::start_of(const Page* page) noexcept {
    Region* region = region_of(page);
    const auto index = static_cast<size_t>(page - region->pages);
    return reinterpret_cast<char*>(region) + index * kPageBytes;
}

uint32_t Heap::capacity_of(const Page* page) noexcept {
    return static_cast<uint32_t>(kPageBytes / page->block_bytes);
}

template <typename Node>
void Heap::link(Node*& list, Node* node) noexcept {
    node->previous = nullptr;
    node->next = list;
    if (list != nullptr) list->previous = node;
    list = node;
}

template <typename Node>
void Heap::unlink(Node*& list, Node* node) noexcept {
    (node->previous != nullptr ? node->previous->next : list) = node->next;
    if (node->next != nullptr) node->next->previous = node->previous;
}

void* Heap::allocate(size_t bytes, unsigned stripe) noexcept {
    if (bytes > block_bytes_max_) return std::malloc(bytes);
    const unsigned index = stripe % kShards;
    Shard& shard = shards_[index];
    const std::lock_guard<WordLock> guard(shard.lock);
    Page*& open = shard.open[class_of(bytes)];
    if (open == nullptr) {
        Page* page = take_page(bytes, index);
        if (page == nullptr) return nullptr;
        link(open, page);
    }
    Page* page = open;
    void* block = page->free;
    if (block != nullptr) {
        page->free = page->free->next;
    } else {
        block = start_of(page) + size_t{page->fresh++} * bytes;
    }
    if (++page->used == capacity_of(page)) unlink(open, page);
    return block;
}

void Heap::free(void* block, size_t bytes) noexcept {
    if (block == nullptr) return;
    if (bytes > block_bytes_max_) return std::free(block);
    Page* page = page_of(block);
    SYNAP_ASSERT(page->block_bytes == bytes);
    Shard& shard = shards_[page->shard];
    const std::lock_guard<WordLock> guard(shard.lock);
    Page*& open = shard.open[class_of(bytes)];
    page->free = new (block) Block{page->free};
    if (page->used-- == capacity_of(page)) link(open, page);
    if (page->used == 0) {
        unlink(open, page);
        give_page(page);
    }
}

Heap::Page* Heap::take_page(size_t block_bytes, unsigned shard) noexcept {
    const std::lock_guard<std::mutex> guard(regions_lock_);
    if (regions_ == nullptr) {
        Region* fresh = spare_ != nullptr ? std::exchange(spare_, nullptr) : map_region();
        if (fresh == nullptr) return nullptr;
        link(regions_, fresh);
    }
    Region* region = regions_;
    Page* page = region->free;
    region->free = page->next;
    ++region->used;
    if (region->free == nullptr) unlink(regions_, region);
    *page = {nullptr, nullptr, nullptr, 0, 0, static_cast<uint32_t>(block_bytes), shard};
    return page;
}

void Heap::give_page(Page* page) noexcept {
    const std::lock_guard<std::mutex> guard(regions_lock_);
    Region* region = region_of(page);
    if (region->free == nullptr) link(regions_, region);
    page->next = region->free;
    region->free = page;
    if (--region->used != 0) return;
    unlink(regions_, region);
    if (spare_ == nullptr) {
        spare_ = region;
    } else {
        unmap_region(region);
    }
}

// The first region does without huge pages, so that a small store stays small.
Heap::Region* Heap::map_region() noexcept {
    void* memory = map_memory(kRegionBytes, region_count_ > 0);
    if (memory == nullptr) return nullptr;
    static_assert(sizeof(Region) <= kPageBytes);
    auto* region = new (memory) Region;
    for (size_t i = kPages - 1; i > 0; --i) {
        region->pages[i].next = region->free;
        region->free = &region->pages[i];
    }
    ++region_count_;
    mapped_.fetch_add(kRegionBytes, std::memory_order_relaxed);
    return region;
}

void Heap::unmap_region(Region* region) noexcept {
    unmap_memory(region, kRegionBytes);
    --region_count_;
    mapped_.fetch_sub(kRegionBytes, std::memory_order_relaxed);
}

}  // namespace synap
