// The log: the one place where history is ordered, and the thread that makes it durable.
//
// append() gives a record its position and copies it into the tail, under a mutex, without touching
// the disk. write() hands the tail to the kernel, sync() makes it durable; both are group commits:
// whoever comes first does the work for all that are queued behind. So a caller that wants its
// write in the kernel makes the system call itself, and no other thread need be woken.
//
// A shortage (of room, quota, descriptors, memory) blocks the log: it takes no further records,
// says why, and goes on by itself once the shortage is over; the thread tries again ten times a
// second. Room is reserved ahead of what is appended, so that what was taken has its place. Any
// other failed write, and a failed sync whatever its reason, is final: every waiter and every later
// call gets that error, and nothing is acknowledged after it.
//
// Whoever follows another's log hands over its records as they stand there (append_received()).
// Own records and another's may come by turns, where enter_epoch() stands before own ones.
//
// Thread safety: all public methods from any thread.
// Crash: what was synced is whole; the rest is a prefix of frames, the last perhaps damaged.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/limits.h"
#include "core/log/record.h"
#include "core/log/segment.h"
#include "core/log/written_ahead.h"
#include "core/platform/clock.h"

namespace synap {

enum class Durability : uint8_t { kMemory = 1, kOs = 2, kDisk = 3 };
enum class FsyncPolicy : uint8_t { kAlways, kEverySecond, kNever };

struct LogOptions {
    uint64_t segment_bytes = 64ull << 20;
    FsyncPolicy fsync = FsyncPolicy::kEverySecond;
    // Hand the tail to the kernel within a few milliseconds although nobody waits for that.
    bool hand_over = true;
    bool threads = true;  // false: the owner calls maintain()
    // Of what was written last, kept in memory while somebody reads the tail.
    uint64_t stream_bytes = 16ull << 20;
};

struct LogStart {
    LogHistory history;
    uint32_t epoch = 0;
    uint64_t position = 0;  // where the log goes on; everything before it is durable
    uint64_t node = 0;      // whose log it is, for the headers of segments
    // Makes the epoch known, durably, before the first own record of it is written; where the error
    // may pass it is called again. Called by whoever writes, with the log's mutex for that.
    std::function<Status()> begin_epoch = nullptr;
};

// Told once, from an engine thread or from the caller that reached the level; must not call back.
// A code and its text rather than a Status: telling must not need memory.
class LogWaiter {
public:
    virtual ~LogWaiter() = default;
    virtual void complete(Code code, std::string_view why) noexcept = 0;
};

// Sees each record as it becomes part of the log, in the order of positions.
class RecordTap {
public:
    virtual ~RecordTap() = default;
    // Under the log's lock: must not call back. `end` is the position behind the record.
    virtual void record(const EffectBuffer& effects, uint64_t end) noexcept = 0;
    // The same of whole records of another's log, of which the last one ends there.
    virtual void received(std::string_view frames, uint64_t end) noexcept = 0;
};

class LogPins;
class LogStream;

class Log {
public:
    Log(Disk& disk, Clock& clock, const LogStart& start, const LogOptions& options);
    ~Log();  // stop() has been called
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    // Opens the segment to append to and starts the thread. `segment` is the last one that is
    // there: it ends where the log goes on, and takes more while it is small. Without one, the
    // position where the log goes on. Where the error may pass the log is blocked, nothing is left
    // behind, and start() may be called again.
    Status start(uint64_t segment);
    // What start() does when it cannot, for reasons of the caller's. Answers the error.
    Status refuse(Error error);
    bool started() const noexcept { return started_.load(std::memory_order_acquire); }
    // Everything appended becomes durable, the thread ends, waiters are completed, and the disk
    // gets back what was reserved.
    Status stop();

    // Large values of a record that is to come, written before it has its place: what comes behind
    // it then waits for little. Null where there is no place or no memory for that. Blocking: disk,
    // with none of the log's mutexes held.
    std::unique_ptr<WrittenAhead> write_ahead(std::span<const BlobRef> values) noexcept;

    // One record. Returns the position behind it. Takes the contents of `effects`, leaving it
    // empty. Throws std::bad_alloc: then nothing was appended. `now_ms`, the time of day, is kept
    // with the record and orders nothing: it may be before that of an earlier one. One of more than
    // limits::kLargeRecordBytes is for its appender to write(), once that holds no lock: nobody
    // else waits for room until it is.
    // `ahead` is taken where it is of these values.
    uint64_t append(EffectBuffer& effects, int64_t now_ms,  // 0 after stop()
                    std::unique_ptr<WrittenAhead>* ahead = nullptr);
    // Whole records of another node's log of this history, byte for byte as they stand there, which
    // go on at appended(). Whoever calls has checked them (replication/frame_stream.h): they keep
    // their headers, with what those call durable. Otherwise as append(); 0 also where they do not
    // go on there, or end in the middle of a record. Copies them once, large ones without the lock.
    uint64_t append_received(std::string_view frames);
    // From here on own records are of this epoch, which `make_durable` makes known; before it runs,
    // all that was appended is durable. kInvalidArgument where something was appended meanwhile:
    // for the only appender, or whoever keeps others out. Where it fails, the log goes on in the
    // epoch before. Nothing is appended or written while `make_durable` runs. Blocking: disk.
    Status enter_epoch(uint32_t number, const std::function<Status()>& make_durable);
    // Everything appended is durable, and the file is closed and cut to its end: from here on
    // nothing is taken or written, and somebody may change the segments, until restart().
    // kInvalidArgument where something was appended meanwhile; whatever it answers then, the log
    // goes on as before. Readers of the tail have lost their place. Of one that rests: nothing.
    // Blocking: disk.
    Status rest();
    // The log goes on at another place, of another history perhaps, as a new one would after
    // start(segment); `oldest` is where its segments begin. Who waits for a position behind it has
    // kTimeout: nobody will know. Where it fails the log rests, at its new place, and it may be
    // called again. Blocking: disk.
    Status restart(const LogStart& start, uint64_t segment, uint64_t oldest);
    bool rests() const noexcept { return rests_.load(std::memory_order_acquire); }
    // In place of the one before, which sees no more records once this has returned.
    void set_tap(RecordTap& tap) noexcept {
        const std::lock_guard<std::mutex> guard(append_);
        tap_ = &tap;
    }

    uint64_t appended() const noexcept { return appended_.load(std::memory_order_acquire); }
    uint64_t written() const noexcept { return written_.load(); }
    uint64_t synced() const noexcept { return synced_.load(); }
    uint64_t reached(Durability level) const noexcept;
    uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_relaxed); }
    uint64_t tail_bytes() const noexcept { return appended() - written(); }

    // Blocking: disk. Returns once the level is reached through `position`.
    Status write(uint64_t position);
    Status sync(uint64_t position);
    Status reach(uint64_t position, Durability level);

    // Null when the level is reached already; otherwise takes the waiter, which is completed once.
    // Throws std::bad_alloc.
    bool notify(uint64_t position, Durability level, std::unique_ptr<LogWaiter>& waiter);

    bool failed() const noexcept { return failed_.load(std::memory_order_acquire); }
    Status failure() const;
    // Neither failed nor blocked.
    bool takes_records() const noexcept { return !refuses_.load(std::memory_order_acquire); }
    // Why it takes none: failure(), or what a blocked log waits for.
    Status refusal() const;
    uint64_t blocked_us() const noexcept;  // for how long now; 0 when it is not

    // Ask before a record of `bytes` beyond a usual one: whether it would have its place, in the
    // tail and on the disk.
    bool has_room(uint64_t bytes = 0) const noexcept {
        const uint64_t end = appended() + kRoomMargin + bytes;
        return end <= room_on_disk_.load(std::memory_order_relaxed) && end <= room_in_tail(bytes);
    }
    // Makes that room, or blocks the log and says why. Blocking: disk.
    Status make_room(uint64_t bytes = 0);

    void set_fsync(FsyncPolicy policy) noexcept;
    FsyncPolicy fsync() const noexcept { return policy_.load(std::memory_order_relaxed); }
    void set_hand_over(bool hand_over) noexcept { hand_over_.store(hand_over); }

    // Begins a segment where the present one is worth removing, so that a snapshot begun after this
    // can cover all of it. Where that fails, the log goes on in the present one.
    void begin_segment_for_snapshot() noexcept;
    // Removes segments that hold nothing behind `position` nor what a pin keeps; the current one
    // stays. Blocking: disk, and for long: with none of the log's mutexes held.
    Status remove_segments_before(uint64_t position);
    uint64_t oldest_position() const noexcept;
    void set_oldest_position(uint64_t position) noexcept;

    // What keeps segments and snapshots from being removed (pins.h).
    LogPins& pins() noexcept { return *pins_; }
    const LogPins& pins() const noexcept { return *pins_; }
    // For TailReader, and to be told that there is more.
    LogStream& stream() noexcept { return *stream_; }
    const LogStream& stream() const noexcept { return *stream_; }
    Disk& disk() noexcept { return disk_; }
    LogHistory history() const noexcept {
        const std::lock_guard<std::mutex> guard(state_);
        return start_.history;
    }

    // What the thread does, once, for owners without one.
    Status maintain();

    struct Counters {
        std::atomic<uint64_t> records{0}, writes{0}, syncs{0}, bytes{0};
        std::atomic<uint64_t> last_sync_us{0};  // duration
        std::atomic<uint64_t> blocks{0};        // times that a shortage blocked it
    };
    const Counters& counters() const noexcept { return counters_; }

private:
    struct Splice {
        size_t at;
        BlobRef blob;  // kept alive until written
        std::string_view bytes;
        bool ahead;  // they are in the file already
    };
    // A record begins here that has values written ahead, whose file is the next segment.
    struct Switch {
        size_t at;      // of the tail's bytes
        size_t splice;  // the first behind it
        uint64_t position;
        uint64_t end;  // of what was written ahead, with the gaps; a position
        std::unique_ptr<WrittenAhead> ahead;
    };
    // Frames in the order of positions; large values stand between the bytes.
    struct Tail {
        std::string bytes;
        std::vector<Splice> splices;
        std::vector<Switch> switches;
        size_t switched = 0;  // of them, whose files are segments already
        // Up to there all headers are complete: see seal().
        size_t sealed = 0;
        size_t sealed_splices = 0;
        bool begins_epoch = false;  // holds own records, and their epoch had not begun
        uint64_t start = 0;
        uint64_t end = 0;
        uint64_t large_bytes = 0;  // of large records
    };
    struct Waiting {
        uint64_t position;
        Durability level;
        std::unique_ptr<LogWaiter> waiter;
    };

    // A segment that the log has left: not synced yet, and cut to its end then.
    struct Earlier {
        std::shared_ptr<File> file;
        uint64_t end;  // in the file; 0 for the present one, which stays as it is
    };
    // Beyond the end of the log there is always place for so much, or the log is asked for room.
    static constexpr uint64_t kRoomMargin = 64 * 1024;

    class Frames;
    struct Frame;
    void append_frames(const EffectBuffer& effects, const Frames& frames, uint64_t commit_ms);
    void append_frame_header(const Frame& frame, uint8_t flags, uint64_t commit_ms);
    void seal(Tail& tail) noexcept;
    static void clear(Tail& tail) noexcept;
    void wake_for_appended() noexcept;
    Status not_started() const;
    static Error given_up();
    Status close_file();
    void stand_at(LogStart& start, uint64_t oldest) noexcept;
    void give_up_waiters(uint64_t end) noexcept;
    // A large record waits until others are written, a usual one for none.
    uint64_t room_in_tail(uint64_t bytes) const noexcept {
        const uint64_t room = room_in_memory_.load(std::memory_order_relaxed);
        if (bytes > limits::kLargeRecordBytes) return room;
        return room + large_bytes_.load(std::memory_order_relaxed);
    }
    Status write_tail();
    Status write_through(uint64_t position);
    Status write_taken();
    Status begin_epoch();
    Status put_tail(Tail& tail);
    Status put_until(const Tail& tail, size_t bytes, size_t splices);
    Status enter_ahead(Switch& next);
    void keep_for_readers(const Tail& tail) noexcept;
    Status zero_ahead();
    Status fill_with_zeros(File& file, uint64_t from, uint64_t until);
    Status set_aside(File& file, uint64_t from, uint64_t until);
    Status reserve(uint64_t bytes);
    void note_room() noexcept;
    Status open_first_segment(uint64_t segment);
    Status begin_segment(uint64_t position, uint64_t bytes);
    Status begin_segment_if_possible(uint64_t position, uint64_t bytes);
    void leave_proof() noexcept;
    uint64_t offset_of(uint64_t position) const noexcept;  // in the present segment
    Error block(Error error, bool stuck) noexcept;
    void unblock() noexcept;
    bool is_stuck() const noexcept;
    void try_again();
    void fail(Error* error) noexcept;
    // Runs what writes: a shortage blocks the log, and any other failure is final.
    template <typename Body>
    Status or_fail(Body&& body, bool stuck = true) {
        Error error{Code::kOk, {}};
        try {
            Status status = body();
            if (status) return status;
            error = status.take_error();
        } catch (const std::bad_alloc&) {
            fail(nullptr);  // half done, or an error of the disk that could not be told
            throw;
        }
        if (error.cause == Cause::kShortage) return block(std::move(error), stuck);
        fail(&error);
        return failure();
    }
    void complete_waiters() noexcept;
    void take_put(std::vector<Splice>& put) noexcept;
    void free_put() noexcept;
    void wake() noexcept;
    void run() noexcept;
    bool work_once(bool& due_soon);
    uint64_t wanted_sync() noexcept;

    Disk& disk_;
    Clock& clock_;
    LogStart start_;  // changes under write_, append_ and state_ together
    const LogOptions options_;
    std::atomic<FsyncPolicy> policy_;
    std::atomic<bool> hand_over_;

    // Lock order: sync_, write_, append_, then any of the others alone.
    //
    // written_ and synced_ against waiting_count_ and parked_: each side stores its own and then
    // looks at the other's, so that one of the two sees the other. Hence sequentially consistent.
    std::mutex append_;
    Tail tail_;                       // guarded by append_
    bool stopped_ = false;            // guarded by append_
    std::atomic<uint32_t> seed_;      // of the history's frames; changes with start_
    std::atomic<bool> rests_{false};  // changes under write_ and append_
    std::atomic<uint64_t> appended_;
    RecordTap* tap_ = nullptr;  // guarded by append_

    std::mutex write_;
    Tail writing_;             // guarded by write_
    bool taken_ = false;       // writing_ holds what is not written yet; guarded by write_
    std::vector<Splice> put_;  // written values, to be freed without the lock; write_
    uint64_t put_bytes_ = 0;   // of them; write_
    std::atomic<bool> put_is_large_{false};  // the thread is to free them
    std::shared_ptr<File> file_;             // guarded by write_
    std::vector<Earlier> dirty_;             // guarded by write_
    bool names_dirty_ = false;               // guarded by write_
    uint64_t segment_start_;                 // guarded by write_
    uint64_t segment_synced_ = 0;            // as its header says, if it is new; guarded by write_
    uint64_t zeroed_until_ = 0;              // file offset; guarded by write_
    uint64_t reserved_ = 0;        // file offset to which there is room; guarded by write_
    bool zeroes_ = false;          // the file system cannot reserve room; guarded by write_
    std::atomic<uint32_t> epoch_;  // of own records; changes under write_ and append_
    // The epoch is known durably, and the last record is own. Changes under write_ or append_.
    std::atomic<bool> epoch_begun_{false};
    std::atomic<uint64_t> next_ahead_{1};
    uint64_t next_segment_at_us_ = 0;  // not before: one could not be begun; guarded by write_
    std::atomic<uint64_t> written_;
    std::atomic<uint64_t> room_on_disk_{0};    // until this position
    std::atomic<uint64_t> room_in_memory_{0};  // the same, without large records
    std::atomic<uint64_t> large_bytes_{0};     // of large records that are not written
    std::atomic<bool> crowded_{false};         // so many segments wait for a sync that one is due
    std::atomic<bool> started_{false};

    std::mutex sync_;
    // Trades places with dirty_; guarded by sync_. Both have memory for all they will ever hold, so
    // that what was appended can be made durable, and the log be closed, without any.
    std::vector<Earlier> syncing_;
    std::atomic<uint64_t> synced_;

    std::atomic<bool> failed_{false};
    std::atomic<bool> refuses_{true};  // failed, blocked, or not started
    mutable std::mutex state_;
    std::unique_ptr<Error> failure_;        // guarded by state_; never changes once it is set
    std::unique_ptr<Error> spare_failure_;  // guarded by state_; for a failure without memory
    std::shared_ptr<const Error> blocked_;  // guarded by state_; null when it is not
    bool stuck_ = false;                    // what was appended could not be written; state_
    const std::shared_ptr<const Error> spare_blocked_;  // for a shortage of memory for its words
    std::atomic<uint64_t> blocked_since_us_{0};
    std::vector<Waiting> waiting_;  // guarded by state_
    std::atomic<size_t> waiting_count_{0};

    std::mutex thread_state_;
    std::condition_variable thread_wake_;
    bool wake_requested_ = false;  // guarded by thread_state_
    bool stopping_ = false;        // guarded by thread_state_
    std::atomic<bool> parked_{false};
    std::thread thread_;
    std::atomic<uint64_t> last_sync_at_us_{0};
    uint64_t handed_over_at_us_ = 0;  // of the log thread
    uint64_t tried_at_us_ = 0;        // of the log thread
    Counters counters_;
    const std::unique_ptr<LogPins> pins_;
    const std::unique_ptr<LogStream> stream_;
};

}  // namespace synap
