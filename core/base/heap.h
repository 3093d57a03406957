// Memory of nodes, tables and trees. A look-up touches one cell and one node anywhere in memory;
// where memory comes in pages of 4 KiB each of them misses the TLB as well. So blocks are cut from
// regions of 2 MiB, which the kernel is asked to back with huge pages.
//
// A region is 127 pages of 16 KiB behind a header with a descriptor of each page. A page holds
// blocks of one size and belongs to one shard; its free blocks are a list through themselves. A
// page without blocks goes back to its region, a region without pages to the kernel, but for one
// that is kept. Blocks above kBlockBytesMax come from malloc.
//
// One heap may serve several keyspaces. It outlives them, and everything that still holds a part of
// their values: replies, snapshots, what waits to be freed.
//
// Thread safety: from any thread. A shard is chosen by the caller's stripe and has a lock, so that
// threads seldom meet; a block goes back to the shard it came from. Both locks are leaves, taken
// under slots' locks: first a shard's, then that of the regions.
// Cost: allocate and free are a lock and a few words; a new region is a call of the kernel.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "core/base/word_lock.h"

namespace synap {

class Heap {
public:
    static constexpr size_t kRegionBytes = size_t{2} << 20;
    static constexpr size_t kPageBytes = size_t{16} << 10;
    static constexpr size_t kBlockBytesMax = 2048;

    // Blocks of more than `block_bytes_max` come from malloc. All of them do under the address
    // sanitizer, which then sees each.
    explicit Heap(size_t block_bytes_max = kDefaultBlockBytesMax) noexcept
        : block_bytes_max_(block_bytes_max) {}
    // All blocks must have been freed.
    ~Heap();
    Heap(const Heap&) = delete;
    Heap& operator=(const Heap&) = delete;

    // `bytes` is what heap_size() gives, not 0. Null without memory.
    void* allocate(size_t bytes, unsigned stripe) noexcept;
    // `bytes` as allocated.
    void free(void* block, size_t bytes) noexcept;

    // A note for whoever shares blocks between values: bytes that stand in no value's own account,
    // as only readers still hold them (less what stands in two). Exact while nobody changes it.
    void note_shared(int64_t bytes) noexcept {
        shared_.fetch_add(bytes, std::memory_order_relaxed);
    }
    int64_t shared_bytes() const noexcept { return shared_.load(std::memory_order_relaxed); }
    // Former versions of shared blocks, kept by readers after a writer has put copies in their
    // place: what holding a share costs while writing goes on, and is charged to those who write.
    void note_superseded(int64_t bytes) noexcept {
        superseded_.fetch_add(bytes, std::memory_order_relaxed);
    }
    int64_t superseded_bytes() const noexcept {
        return superseded_.load(std::memory_order_relaxed);
    }

    // Bytes of regions.
    size_t mapped_bytes() const noexcept { return mapped_.load(std::memory_order_relaxed); }

private:
#if defined(__SANITIZE_ADDRESS__)
    static constexpr size_t kDefaultBlockBytesMax = 0;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    static constexpr size_t kDefaultBlockBytesMax = 0;
#else
    static constexpr size_t kDefaultBlockBytesMax = kBlockBytesMax;
#endif
#else
    static constexpr size_t kDefaultBlockBytesMax = kBlockBytesMax;
#endif
    static constexpr unsigned kShards = 16;
    static constexpr unsigned kClasses = 24;  // sizes of heap_size() to kBlockBytesMax
    static constexpr size_t kPages = kRegionBytes / kPageBytes;

    struct Block {
        Block* next;
    };
    // Guarded by its shard's lock while it holds blocks, else by regions_lock_.
    struct Page {
        Page* next;
        Page* previous;
        Block* free;
        uint32_t used;
        uint32_t fresh;  // blocks from here on were never used
        uint32_t block_bytes;
        uint32_t shard;
    };
    struct Region;
    struct alignas(64) Shard {
        WordLock lock;
        Page* open[kClasses] = {};  // pages of each class that have a free block
    };

    static unsigned class_of(size_t bytes) noexcept;
    static Page* page_of(const void* block) noexcept;
    static char* start_of(const Page* page) noexcept;
    static uint32_t capacity_of(const Page* page) noexcept;
    static Region* region_of(const void* inside) noexcept;
    // Of pages and of regions.
    template <typename Node>
    static void link(Node*& list, Node* node) noexcept;
    template <typename Node>
    static void unlink(Node*& list, Node* node) noexcept;

    Page* take_page(size_t block_bytes, unsigned shard) noexcept;
    void give_page(Page* page) noexcept;
    Region* map_region() noexcept;
    void unmap_region(Region* region) noexcept;

    const size_t block_bytes_max_;
    std::array<Shard, kShards> shards_;
    std::mutex regions_lock_;
    Region* regions_ = nullptr;  // those with a free page and a used one
    Region* spare_ = nullptr;    // one without a used page
    size_t region_count_ = 0;
    std::atomic<size_t> mapped_{0};
    std::atomic<int64_t> shared_{0};
    std::atomic<int64_t> superseded_{0};
};

}  // namespace synap
