#include "core/keyspace/heap.h"

#include <bit>
#include <cstdlib>
#include <new>

#include "core/base/assert.h"
#include "core/base/heap_size.h"
#include "core/platform/real.h"

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
    for (Shard& shard : shards_) {
        for (Page*& open : shard.open) {
            while (open != nullptr) {  // kept for the next allocation
                SYNAP_ASSERT(open->used == 0);
                Page* page = open;
                unlink(open, page);
                give_page(page);
            }
        }
    }
    while (regions_ != nullptr) {
        SYNAP_ASSERT(regions_->used == 0);
        unmap_region(regions_);
    }
    SYNAP_ASSERT(region_count_ == 0);
}

// Sixteen-byte steps to 128, then four to each doubling: the sizes of heap_size().
unsigned Heap::class_of(size_t bytes) noexcept {
    if (bytes <= 128) return static_cast<unsigned>(bytes / 16 - 1);
    const auto log = static_cast<unsigned>(std::bit_width(bytes - 1)) - 1;
    const size_t step = (bytes - (size_t{1} << log)) >> (log - 2);
    return 8 + (log - 7) * 4 + static_cast<unsigned>(step) - 1;
}

Heap::Page* Heap::page_of(const void* block) noexcept {
    const auto address = reinterpret_cast<uintptr_t>(block);
    auto* region = reinterpret_cast<Region*>(address & ~(kRegionBytes - 1));
    return &region->pages[(address & (kRegionBytes - 1)) / kPageBytes];
}

char* Heap::start_of(const Page* page) noexcept {
    const auto address = reinterpret_cast<uintptr_t>(page) & ~(kRegionBytes - 1);
    const auto* region = reinterpret_cast<const Region*>(address);
    const auto index = static_cast<size_t>(page - region->pages);
    return reinterpret_cast<char*>(address) + index * kPageBytes;
}

uint32_t Heap::capacity_of(const Page* page) noexcept {
    return static_cast<uint32_t>(kPageBytes / page->block_bytes);
}

void Heap::link(Page*& list, Page* page) noexcept {
    page->previous = nullptr;
    page->next = list;
    if (list != nullptr) list->previous = page;
    list = page;
}

void Heap::unlink(Page*& list, Page* page) noexcept {
    (page->previous != nullptr ? page->previous->next : list) = page->next;
    if (page->next != nullptr) page->next->previous = page->previous;
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
    // The last one is kept: a key that comes and goes should not cost a page each time.
    if (page->used == 0 && (page->next != nullptr || page->previous != nullptr)) {
        unlink(open, page);
        give_page(page);
    }
}

Heap::Page* Heap::take_page(size_t block_bytes, unsigned shard) noexcept {
    const std::lock_guard<std::mutex> guard(regions_lock_);
    Region* region = regions_ != nullptr ? regions_ : map_region();
    if (region == nullptr) return nullptr;
    Page* page = region->free;
    region->free = page->next;
    if (region->free == nullptr) {  // full: in no list
        regions_ = region->next;
        if (regions_ != nullptr) regions_->previous = nullptr;
    }
    ++region->used;
    *page = {nullptr, nullptr, nullptr, 0, 0, static_cast<uint32_t>(block_bytes), shard};
    return page;
}

void Heap::give_page(Page* page) noexcept {
    const std::lock_guard<std::mutex> guard(regions_lock_);
    const auto address = reinterpret_cast<uintptr_t>(page) & ~(kRegionBytes - 1);
    auto* region = reinterpret_cast<Region*>(address);
    if (region->free == nullptr) {
        region->previous = nullptr;
        region->next = regions_;
        if (regions_ != nullptr) regions_->previous = region;
        regions_ = region;
    }
    page->next = region->free;
    region->free = page;
    if (--region->used == 0 && region_count_ > 1) unmap_region(region);
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
    regions_ = region;  // there was none with a free page
    ++region_count_;
    mapped_.fetch_add(kRegionBytes, std::memory_order_relaxed);
    return region;
}

void Heap::unmap_region(Region* region) noexcept {
    (region->previous != nullptr ? region->previous->next : regions_) = region->next;
    if (region->next != nullptr) region->next->previous = region->previous;
    unmap_memory(region, kRegionBytes);
    --region_count_;
    mapped_.fetch_sub(kRegionBytes, std::memory_order_relaxed);
}

}  // namespace synap
