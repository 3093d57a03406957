// Memory of connections: recycled reply chunks, received bytes, replies waiting to be sent.
//
// Threads: all of one I/O thread. Nothing throws: what cannot be allocated is reported, and the
// connection that needed it is cut.
#pragma once

#include <sys/uio.h>
#include <array>

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include <synap/synap.h>

#include "server/net/counters.h"

namespace synap::server {

// Bytes behind the end of every receive buffer that may be read: JSON is parsed in place, and the
// parser loads whole vector registers.
inline constexpr size_t kReadPadding = 64;

// Source of buffer memory for the connections of one thread; keeps the account of what they hold.
class BufferPool {
public:
    static constexpr size_t kChunkBytes = 16 * 1024;
    static constexpr size_t kMaxKept = 64;

    BufferPool() = default;
    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;
    ~BufferPool();

    // `bytes` of memory, or NULL. kChunkBytes comes from the recycled ones.
    char* allocate(size_t bytes) noexcept;
    // The same block with another size, contents kept; NULL (and the old block kept) on failure.
    char* resize(char* block, size_t old_bytes, size_t bytes) noexcept;
    void release(char* block, size_t bytes) noexcept;

    // Bytes handed out and kept for recycling.
    size_t held() const noexcept { return held_; }
    // Bytes that connections hold: blocks, and values that replies refer to.
    size_t used() const noexcept { return held_ - kept_count_ * kChunkBytes + retained_; }
    void retain(size_t bytes) noexcept { retained_ += bytes; }
    void drop(size_t bytes) noexcept { retained_ -= bytes; }

private:
    std::array<char*, kMaxKept> kept_;
    size_t kept_count_ = 0;
    size_t held_ = 0;
    size_t retained_ = 0;
};

// What a connection has received and not consumed. Holds no memory when empty.
class InputBuffer {
public:
    explicit InputBuffer(BufferPool& pool) noexcept : pool_(pool) {}
    InputBuffer(const InputBuffer&) = delete;
    InputBuffer& operator=(const InputBuffer&) = delete;
    ~InputBuffer() { clear(); }

    bool empty() const noexcept { return begin_ == end_; }
    size_t size() const noexcept { return end_ - begin_; }
    size_t held() const noexcept { return capacity_; }
    char* data() noexcept { return block_ + begin_; }

    // At least `least` bytes of room behind the data. Grows by doubling, so that a claimed length
    // costs nothing before its bytes arrive. Empty when memory is exhausted.
    std::span<char> room(size_t least) noexcept;
    void added(size_t bytes) noexcept { end_ += bytes; }
    // Drops bytes from the front; frees the block when nothing is left.
    void consume(size_t bytes) noexcept;
    // Replaces the contents. False when memory is exhausted.
    [[nodiscard]] bool assign(const char* data, size_t bytes) noexcept;
    void clear() noexcept;

private:
    BufferPool& pool_;
    char* block_ = nullptr;
    size_t capacity_ = 0;
    size_t begin_ = 0;
    size_t end_ = 0;
};

// Replies that wait to be sent: bytes in one growing block, with large values by reference
// between them. Holds no memory when empty.
class OutputBuffer {
public:
    static constexpr int kMaxPieces = 64;

    explicit OutputBuffer(BufferPool& pool, size_t limit) noexcept : pool_(pool), limit_(limit) {}
    OutputBuffer(const OutputBuffer&) = delete;
    OutputBuffer& operator=(const OutputBuffer&) = delete;
    ~OutputBuffer() { clear(); }

    // Room for `bytes`, or NULL when the limit or the memory is exceeded. Follow with commit().
    char* reserve(size_t bytes) noexcept {
        if (capacity_ - size_ >= bytes) return block_ + size_;
        return grow(bytes);
    }
    // Says how much of the reserved room was filled, by its end.
    void commit(const char* end) noexcept { size_ = static_cast<size_t>(end - block_); }

    [[nodiscard]] bool append(std::string_view bytes) noexcept {
        char* to = reserve(bytes.size());
        if (to == nullptr) return false;
        if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
        size_ += bytes.size();
        return true;
    }
    // Appends a value by reference and keeps a reference to its owner until it was sent.
    [[nodiscard]] bool append_blob(synap_bytes_t value, synap_blob_t* owner) noexcept;

    bool empty() const noexcept { return pending() == 0; }
    // Bytes not yet sent, values by reference included.
    size_t pending() const noexcept { return size_ - sent_ + blob_bytes_; }

    // Memory held: the block, and values by reference, each whole until it was sent.
    size_t held() const noexcept { return capacity_ + retained_; }

    // Describes the unsent bytes from the front; returns the number of pieces.
    int gather(std::span<iovec, kMaxPieces> pieces) const noexcept;
    // Drops `bytes` that were sent from the front; frees everything when nothing is left.
    void sent(size_t bytes) noexcept;
    void clear() noexcept;

private:
    struct Blob {
        size_t at;  // its place: bytes of the block before it
        const char* data;
        size_t size;
        size_t whole;  // what `size` was at first
        synap_blob_t* owner;
    };

    char* grow(size_t bytes) noexcept;
    void drop_sent() noexcept;

    BufferPool& pool_;
    size_t limit_;
    char* block_ = nullptr;
    size_t capacity_ = 0;
    size_t size_ = 0;
    size_t sent_ = 0;
    size_t blob_bytes_ = 0;
    size_t retained_ = 0;
    size_t first_blob_ = 0;
    std::vector<Blob> blobs_;
};

}  // namespace synap::server
