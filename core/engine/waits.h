// Waits for the log that end by themselves: reached, timed out, or cancelled, whichever is first;
// each ends exactly once.
//
// Time limits are kept by a thread that does nothing else, so that no other work of the engine can
// make a wait longer; it starts with the first wait that has a limit. Without threads the owner
// calls expire().
//
// Thread safety: from any thread.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "core/log/log.h"
#include "core/platform/clock.h"

namespace synap {

class TimedWaits {
public:
    TimedWaits(Clock& clock, bool threads) noexcept : clock_(clock), threads_(threads) {}
    ~TimedWaits();  // close() has been called, or no wait was ever started
    TimedWaits(const TimedWaits&) = delete;
    TimedWaits& operator=(const TimedWaits&) = delete;

    // Completes `waiter` when `log` (may be null: never by itself) reaches the level, or with
    // kTimeout at `deadline_us` of the monotonic clock (0: never). Returns an id for cancel().
    // `owner` is the session that waits. Throws std::bad_alloc: then the waiter is not completed.
    // With `parts` it ends well once so many were reached: the log is one of them, if there is one.
    uint64_t start(Log* log, uint64_t position, Durability level, uint64_t deadline_us,
                   uint64_t owner, std::unique_ptr<LogWaiter> waiter, unsigned parts = 1,
                   uint64_t id = 0);
    // For a wait that is to start, whose waiter has to know it.
    uint64_t new_id() noexcept { return next_id_.fetch_add(1, std::memory_order_relaxed); }
    // A part of it was reached, which is not the log's.
    void reached(uint64_t id) noexcept { end(id, Code::kOk, {}); }
    // Where it waits: ends it so.
    void end(uint64_t id, Code code, std::string_view why) noexcept;
    // False when it has ended or never was.
    bool cancel(uint64_t id) noexcept;
    // Cancels what a session waits for.
    void cancel_owner(uint64_t owner) noexcept;
    // How many wait now.
    size_t count() noexcept;
    // Ends what is overdue.
    void expire(uint64_t now_us) noexcept;
    // Ends everything with kShutdown, and what is started later at once. Joins the thread.
    void close() noexcept;

private:
    static constexpr uint64_t kNever = ~uint64_t{0};

    struct State {
        uint64_t id = 0;
        uint64_t owner = 0;
        uint64_t deadline_us = 0;
        std::atomic<unsigned> parts{1};  // that are not reached
        std::atomic<bool> ended{false};
        std::unique_ptr<LogWaiter> waiter;

        bool end(Code code, std::string_view why) noexcept;
    };
    class Relay;

    template <typename Wanted>
    size_t end_where(Wanted&& wanted, Code code, std::string_view why) noexcept;

    void keep_time(uint64_t deadline_us);
    void run() noexcept;

    Clock& clock_;
    const bool threads_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<State>> states_;  // guarded by mutex_, as is all below
    bool closed_ = false;
    std::condition_variable earlier_;  // the thread must look sooner, or end
    uint64_t next_look_us_ = 0;        // when it looks; kNever: not before it is told
    std::thread thread_;
    std::atomic<uint64_t> next_id_{1};
};

}  // namespace synap
