// When snapshots of an open store are taken, on a thread of their own: nothing else that the engine
// does in time (waits, expiry, clocks) waits for one.
//
// Thread safety: from any thread, but for start() and stop(). One snapshot at a time; `mutex_` is
// held by whoever begins, steps or ends it, and is the last lock before the gate. Without a thread
// of its own, its owner calls maintain() and step().
// Crash: a snapshot that was under way leaves a temporary file, which the next open removes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/snapshot/snapshot.h"

namespace synap {

class Engine;

class Snapshots {
public:
    struct State {
        int64_t last_save_seconds = 0;
        bool last_ok = true;
        std::string last_error;
        uint64_t taken = 0;
        uint64_t last_keys = 0;
        uint64_t last_bytes = 0;
        uint64_t last_duration_us = 0;
        uint64_t running_us = 0;   // of one that is under way, since it began
        uint64_t loaded_keys = 0;  // from a snapshot, by the open
        uint64_t records_since = 0;
    };

    Snapshots(Engine& engine, std::shared_ptr<Disk> disk);
    ~Snapshots();  // stop() has been called
    Snapshots(const Snapshots&) = delete;
    Snapshots& operator=(const Snapshots&) = delete;

    // What the store was loaded from.
    void adopt(const SnapshotInfo& loaded);
    // The store has been loaded; `own_thread` takes what is due or asked for.
    void start(bool own_thread);
    // Ends the one under way, and the thread; later ones are refused. Idempotent.
    void stop() noexcept;

    // Runs to the end on the caller's thread. Blocking: disk.
    Status take();
    // One where the log has grown far beyond the data and nobody came to it: processes that live
    // too short for the thread would leave each other ever more to replay. Blocking: disk.
    void take_at_close() noexcept;
    // Asks the thread for one. False: one is under way.
    bool request() noexcept;
    // Has the thread remove what is no longer to be kept, as options may have changed.
    void tidy() noexcept { tidy_ = true; }
    // Or asked for, and about to begin.
    bool running() const noexcept { return running_.load() || requested_.load(); }
    // For owners without a thread: begin, then step until it says true. Blocking: disk.
    Status begin();
    Result<bool> step(size_t slots, size_t keys = SIZE_MAX);
    // Takes one (with a thread: to the end; without: begins it) where it is due or asked for.
    void maintain();

    // One under way is dropped, and none is begun, nor files removed, as long as the result lives.
    [[nodiscard]] std::unique_lock<std::mutex> pause();

    // Before an effect on these slots, which are locked, or with the gate alone. While capturing().
    void capture_before(const uint32_t* slots, size_t count);
    // The keyspace gives way to another: one under way ends as failed. With the gate alone.
    void forget_keyspace() noexcept { capturing_ = false; }
    bool capturing() const noexcept { return capturing_.load(std::memory_order_acquire); }

    State state();

private:
    void run() noexcept;
    bool due();
    template <typename Body>
    auto or_drop(Body&& body);
    void drop() noexcept;
    void stop_capturing() noexcept;
    Status go_on(bool rests);
    Result<bool> step_writer(size_t slots, size_t keys);
    Status finish(Result<SnapshotInfo> outcome);
    void note(Result<SnapshotInfo>& outcome, const Status& status);
    Status remove_old_files(const SnapshotInfo* taken);
    void remove_what_is_no_longer_kept();

    Engine& engine_;
    const std::shared_ptr<Disk> disk_;  // null: memory only

    std::mutex mutex_;
    std::unique_ptr<SnapshotWriter> writer_;  // guarded by mutex_; read by who saw capturing_
    uint64_t generation_ = 0;                 // of the writer's keyspace; guarded by mutex_
    std::atomic<uint64_t> began_us_{0};
    std::atomic<bool> capturing_{false};
    std::atomic<bool> running_{false};
    std::atomic<bool> requested_{false};
    std::atomic<bool> tidy_{false};
    std::atomic<uint64_t> records_at_last_{0};
    std::atomic<uint64_t> position_at_last_{0};
    std::atomic<uint64_t> due_from_us_{0};
    std::atomic<uint64_t> again_at_us_{0};  // after one that failed; 0: the last one did not

    std::mutex state_mutex_;
    State state_;  // guarded by state_mutex_

    bool own_thread_ = false;
    std::mutex wake_mutex_;
    std::condition_variable wake_;
    std::atomic<bool> stopping_{false};  // set under wake_mutex_
    std::thread thread_;
};

}  // namespace synap
