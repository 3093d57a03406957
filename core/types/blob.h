// A large value: reference-counted bytes outside the table, so that replies, snapshots and the log
// can hold on to them without copying and without a slot's lock.
//
// Ownership: one reference belongs to the key that holds the blob; others to whoever retained it.
// References are added only under the lock of the slot that holds the blob; so while that lock is
// held and unique() is true nobody else can see the bytes, and the holder may edit them in place.
// Thread safety: retain and release from any thread; bytes are immutable while shared.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

#include "core/base/heap_size.h"
#include "core/base/map_memory.h"

namespace synap {

class Blob {
public:
    // One reference; throws std::bad_alloc. Bytes behind size() are not initialised.
    static Blob* make(size_t size, size_t capacity) {
        const size_t total = heap_size(sizeof(Blob) + (capacity < size ? size : capacity));
        void* memory = total >= kMappedBytes ? map_pages(total) : std::malloc(total);
        if (memory == nullptr) throw std::bad_alloc();
        return new (memory) Blob(size, total - sizeof(Blob));
    }
    static Blob* copy(std::string_view bytes) {
        Blob* blob = make(bytes.size(), bytes.size());
        std::memcpy(blob->data(), bytes.data(), bytes.size());
        return blob;
    }

    void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) free();
    }
    bool unique() const noexcept { return references_.load(std::memory_order_acquire) == 1; }

    std::string_view bytes() const noexcept { return {data(), size_}; }
    const char* data() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    size_t size() const noexcept { return size_; }
    size_t capacity() const noexcept { return capacity_; }
    size_t memory() const noexcept { return sizeof(Blob) + capacity_; }

    // Only while unique, or before the blob is shared for the first time.
    char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
    void set_size(size_t size) noexcept { size_ = size; }

private:
    Blob(size_t size, size_t capacity) noexcept
        : references_(1), size_(size), capacity_(capacity) {}

    void free() noexcept {
        const size_t total = sizeof(Blob) + capacity_;
        total >= kMappedBytes ? unmap_memory(this, total) : std::free(this);
    }

    // From here on pages of its own: whoever lets go of it gives them back, and no other thread
    // that an allocator picks for that.
    static constexpr size_t kMappedBytes = 4ull << 20;

    std::atomic<uint64_t> references_;
    uint64_t size_;
    uint64_t capacity_;
};

// A reference that releases itself.
class BlobRef {
public:
    BlobRef() = default;
    explicit BlobRef(Blob* retained) noexcept : blob_(retained) {}
    BlobRef(BlobRef&& other) noexcept : blob_(other.take()) {}
    BlobRef& operator=(BlobRef&& other) noexcept {
        if (this != &other) {
            if (blob_ != nullptr) blob_->release();
            blob_ = other.take();
        }
        return *this;
    }
    ~BlobRef() {
        if (blob_ != nullptr) blob_->release();
    }
    Blob* get() const noexcept { return blob_; }
    Blob* take() noexcept {
        Blob* blob = blob_;
        blob_ = nullptr;
        return blob;
    }

private:
    Blob* blob_ = nullptr;
};

}  // namespace synap
