// What an open log keeps for those who read its tail (tail_reader.h): a shared memory of what was
// written last, where the segments begin, and who is to be told that there is more.
//
// Without a reader nothing is kept, and a write of the log costs a few loads. With one, it costs a
// copy of what was written. Chunks are immutable up to what was published, and shared: memory is
// bounded by `bytes_most`, a chunk to spare, and what readers hold of chunks that were let go.
//
// Thread safety: from any thread, unless said otherwise. Nothing here takes a mutex of the log, nor
// waits for the disk with one that the log's writer takes.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/platform/disk.h"

namespace synap {

// Told once after each LogStream::arm() that the log was written or synced further, from the thread
// that did it, with mutexes of the log held: must neither block nor call back.
class TailListener {
public:
    virtual ~TailListener() = default;
    virtual void more() noexcept = 0;
};

class LogStream {
public:
    // More than this in one write is not kept, so that nobody waits long for it to be copied.
    static constexpr size_t kKeptAtOnceMost = 4ull << 20;
    static constexpr size_t kChunkBytes = 1ull << 20;

    LogStream(Disk& disk, uint64_t bytes_most);
    LogStream(const LogStream&) = delete;
    LogStream& operator=(const LogStream&) = delete;

    // --- of the log, by whoever writes it
    // ---------------------------------------------------------

    bool has_readers() const noexcept { return readers_.load(std::memory_order_relaxed) != 0; }
    // Room for so many bytes of whole records from `position` on, to be filled and then published;
    // null where they are not kept: there is too much, or no memory.
    char* prepare(uint64_t position, size_t size) noexcept;
    void publish(size_t size) noexcept;
    // Behind the store of what was written.
    void note_written() noexcept {
        if (!was_written_.load(std::memory_order_relaxed)) was_written_.store(true);
        tell();
    }
    // Behind the store of what was synced.
    void tell() noexcept {
        if (armed_.load()) tell_all();
    }
    // Before anything of it counts as written.
    void segment_begun(uint64_t position) noexcept;
    void segments_removed(uint64_t before) noexcept;
    // Its readers have no place in the log any more: it comes to rest and its files may change, or
    // it goes on elsewhere. While nobody writes it; again, where readers may have come in between.
    void restart() noexcept;

    // --- of readers
    // -------------------------------------------------------------------------------

    uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }
    // Anything, since the log was opened or set to another place.
    bool was_written() const noexcept { return was_written_.load(); }

    struct Piece {
        std::shared_ptr<const char> owner;  // keeps `bytes`
        std::string_view bytes;
    };
    // What memory has from `position` on, up to the end of a chunk, which is that of a record;
    // empty where it has nothing.
    Piece find(uint64_t position);
    struct Segment {
        uint64_t start;
        uint64_t end;  // UINT64_MAX for the last one
    };
    // The one that holds the position, which is written; none when it is gone. Blocking: disk, the
    // first time.
    Result<std::optional<Segment>> segment_of(uint64_t position);

    void add_reader() noexcept { readers_.fetch_add(1); }
    void remove_reader() noexcept;

    void add_listener(TailListener& listener);
    void remove_listener(TailListener& listener) noexcept;  // it is not called once this returns
    // Then look at what is written: it or more() says that there is more.
    void arm() noexcept { armed_.store(true); }

    struct Counters {
        std::atomic<uint64_t> memory_bytes{0}, disk_bytes{0};  // handed to readers
    };
    Counters& counters() noexcept { return counters_; }
    const Counters& counters() const noexcept { return counters_; }
    uint64_t kept_bytes() const noexcept;
    size_t readers() const noexcept { return readers_.load(std::memory_order_relaxed); }

private:
    struct Chunk {
        uint64_t start;
        std::shared_ptr<char> bytes;
        size_t capacity;
        size_t size;  // published
    };
    // Of the last chunk that everybody let go of, for the next one.
    class Spare {
    public:
        std::unique_ptr<char[]> take();
        void put(std::unique_ptr<char[]> buffer) noexcept;
        void clear() noexcept;

    private:
        std::mutex mutex_;
        bool wanted_ = false;             // guarded by mutex_
        std::unique_ptr<char[]> buffer_;  // guarded by mutex_
    };
    std::shared_ptr<char> make_buffer(size_t capacity);
    bool make_place(uint64_t position, size_t size);
    void let_go_of_first() noexcept;
    void let_go_of_all() noexcept;
    void tell_all() noexcept;

    Disk& disk_;
    const uint64_t bytes_most_;
    std::atomic<size_t> readers_{0};
    std::atomic<uint64_t> generation_{0};
    std::atomic<bool> was_written_{false};
    Counters counters_;

    const std::shared_ptr<Spare> spare_;  // outlives the chunks that readers hold
    mutable std::mutex chunks_mutex_;
    std::deque<Chunk> chunks_;       // by positions, perhaps with gaps; guarded by chunks_mutex_
    uint64_t kept_ = 0;              // capacities; guarded by chunks_mutex_
    std::shared_ptr<char> filling_;  // the last one's, until publish(); guarded by chunks_mutex_

    std::mutex segments_mutex_;
    std::vector<uint64_t> segments_;   // guarded by segments_mutex_
    bool segments_known_ = false;      // all of them; guarded by segments_mutex_
    uint64_t segments_forgotten_ = 0;  // times; guarded by segments_mutex_

    std::atomic<bool> armed_{false};
    std::mutex listeners_mutex_;
    std::vector<TailListener*> listeners_;  // guarded by listeners_mutex_
};

}  // namespace synap
