#include "server/net/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <new>
#include <thread>

namespace synap::server {

namespace {

// Blocks from here on are mapped, not allocated: they grow without being copied.
constexpr size_t kMappedBytes = 1024UL * 1024;
constexpr size_t kUnmappedAsideBytes = 16 * 1024UL * 1024;

char* map(size_t bytes) noexcept {
    void* block =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) return nullptr;
    static_cast<void>(::madvise(block, bytes, MADV_HUGEPAGE));  // best effort
    return static_cast<char*>(block);
}

char* remap(char* block, size_t old_bytes, size_t bytes) noexcept {
    void* moved = ::mremap(block, old_bytes, bytes, MREMAP_MAYMOVE);
    return moved == MAP_FAILED ? nullptr : static_cast<char*>(moved);
}

char* take(size_t bytes) noexcept {
    return bytes >= kMappedBytes ? map(bytes) : static_cast<char*>(std::malloc(bytes));
}

// The kernel takes tens of milliseconds to have hundreds of MiB back: not on a thread that serves.
bool unmap_aside(char* block, size_t bytes) noexcept {
    if (bytes < kUnmappedAsideBytes) return false;
    try {
        std::thread([block, bytes] { ::munmap(block, bytes); }).detach();
        return true;
    } catch (const std::exception&) {
        return false;
    }
}

void give(char* block, size_t bytes) noexcept {
    if (bytes >= kMappedBytes) {
        if (!unmap_aside(block, bytes)) ::munmap(block, bytes);
    } else {
        std::free(block);
    }
}

char* change(char* block, size_t old_bytes, size_t bytes) noexcept {
    const bool was_mapped = old_bytes >= kMappedBytes;
    if (was_mapped != (bytes >= kMappedBytes)) {
        char* moved = take(bytes);
        if (moved == nullptr || block == nullptr) return moved;
        std::memcpy(moved, block, std::min(old_bytes, bytes));
        give(block, old_bytes);
        return moved;
    }
    if (was_mapped) return remap(block, old_bytes, bytes);
    return static_cast<char*>(std::realloc(block, bytes));
}

}  // namespace

BufferPool::~BufferPool() {
    for (size_t i = 0; i < kept_count_; ++i) std::free(kept_[i]);
}

char* BufferPool::allocate(size_t bytes) noexcept {
    if (bytes == kChunkBytes && kept_count_ != 0) return kept_[--kept_count_];
    char* block = take(bytes);
    if (block != nullptr) held_ += bytes;
    return block;
}

char* BufferPool::resize(char* block, size_t old_bytes, size_t bytes) noexcept {
    char* moved = change(block, old_bytes, bytes);
    if (moved != nullptr) {
        held_ += bytes;
        held_ -= old_bytes;
    }
    return moved;
}

void BufferPool::release(char* block, size_t bytes) noexcept {
    if (block == nullptr) return;
    if (bytes == kChunkBytes && kept_count_ < kMaxKept) {
        kept_[kept_count_++] = block;
        return;
    }
    give(block, bytes);
    held_ -= bytes;
}

std::span<char> InputBuffer::room(size_t least) noexcept {
    if (capacity_ - end_ < least + kReadPadding && begin_ > 0) {
        std::memmove(block_, block_ + begin_, size());
        end_ -= begin_;
        begin_ = 0;
    }
    if (capacity_ - end_ < least + kReadPadding) {
        const size_t wanted = std::max(capacity_ * 2, end_ + least + kReadPadding);
        char* moved = pool_.resize(block_, capacity_, wanted);
        if (moved == nullptr) return {};
        block_ = moved;
        capacity_ = wanted;
    }
    return {block_ + end_, capacity_ - end_ - kReadPadding};
}

void InputBuffer::consume(size_t bytes) noexcept {
    begin_ += bytes;
    if (begin_ == end_) clear();
}

bool InputBuffer::assign(const char* data, size_t bytes) noexcept {
    constexpr size_t kStep = 256;
    const size_t wanted = (bytes + kReadPadding + kStep - 1) / kStep * kStep;
    if (wanted > capacity_) {
        char* block = pool_.allocate(wanted);
        if (block == nullptr) return false;
        std::memcpy(block, data, bytes);
        clear();
        block_ = block;
        capacity_ = wanted;
    } else {
        std::memmove(block_, data, bytes);
    }
    begin_ = 0;
    end_ = bytes;
    return true;
}

void InputBuffer::clear() noexcept {
    pool_.release(block_, capacity_);
    block_ = nullptr;
    capacity_ = begin_ = end_ = 0;
}

char* OutputBuffer::grow(size_t bytes) noexcept {
    if (pending() + bytes > limit_) return nullptr;
    if (block_ == nullptr && bytes <= BufferPool::kChunkBytes) {
        block_ = pool_.allocate(BufferPool::kChunkBytes);
        capacity_ = block_ != nullptr ? BufferPool::kChunkBytes : 0;
        return block_;
    }
    // A client that never quite catches up must not make the block grow for ever.
    if (sent_ >= size_ / 2 && sent_ != 0) {
        drop_sent();
        if (capacity_ - size_ >= bytes) return block_ + size_;
    }
    const size_t wanted = std::max(std::min(capacity_ * 2, limit_), size_ + bytes);
    char* moved = pool_.resize(block_, capacity_, wanted);
    if (moved == nullptr) return nullptr;
    block_ = moved;
    capacity_ = wanted;
    return block_ + size_;
}

void OutputBuffer::drop_sent() noexcept {
    std::copy(block_ + sent_, block_ + size_, block_);
    blobs_.erase(blobs_.begin(), blobs_.begin() + static_cast<ptrdiff_t>(first_blob_));
    first_blob_ = 0;
    for (Blob& blob : blobs_) {
        blob.at -= sent_;
    }
    size_ -= sent_;
    sent_ = 0;
}

bool OutputBuffer::append_blob(synap_bytes_t value, synap_blob_t* owner) noexcept {
    if (pending() + value.size > limit_) return false;
    try {
        blobs_.push_back(
            {size_, static_cast<const char*>(value.data), value.size, value.size, owner});
    } catch (const std::bad_alloc&) {
        return false;
    }
    static_cast<void>(synap_blob_retain(owner));
    blob_bytes_ += value.size;
    retained_ += value.size;
    pool_.retain(value.size);
    return true;
}

int OutputBuffer::gather(std::span<iovec, kMaxPieces> pieces) const noexcept {
    int count = 0;
    size_t from = sent_;
    const auto add = [&](const char* data, size_t bytes) {
        if (bytes != 0) pieces[static_cast<size_t>(count++)] = {const_cast<char*>(data), bytes};
    };
    for (size_t i = first_blob_; i < blobs_.size() && count + 2 < kMaxPieces; ++i) {
        add(block_ + from, blobs_[i].at - from);
        add(blobs_[i].data, blobs_[i].size);
        from = blobs_[i].at;
        if (i + 1 == blobs_.size()) {
            add(block_ + from, size_ - from);
            return count;
        }
    }
    if (first_blob_ == blobs_.size()) add(block_ + from, size_ - from);
    return count;
}

void OutputBuffer::sent(size_t bytes) noexcept {
    while (first_blob_ < blobs_.size()) {
        Blob& blob = blobs_[first_blob_];
        const size_t before = std::min(bytes, blob.at - sent_);
        sent_ += before;
        bytes -= before;
        if (sent_ < blob.at) return;
        const size_t part = std::min(bytes, blob.size);
        blob.data += part;
        blob.size -= part;
        blob_bytes_ -= part;
        bytes -= part;
        if (blob.size != 0) return;
        synap_blob_release(blob.owner);
        retained_ -= blob.whole;
        pool_.drop(blob.whole);
        ++first_blob_;
    }
    sent_ += bytes;
    if (pending() == 0) clear();
}

void OutputBuffer::clear() noexcept {
    for (size_t i = first_blob_; i < blobs_.size(); ++i) {
        synap_blob_release(blobs_[i].owner);
    }
    blobs_.clear();
    pool_.drop(retained_);
    pool_.release(block_, capacity_);
    block_ = nullptr;
    capacity_ = size_ = sent_ = blob_bytes_ = retained_ = first_blob_ = 0;
}

}  // namespace synap::server
