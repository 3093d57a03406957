// Waits for the log that end by themselves: reached, timed out, or cancelled, whichever is first;
// each ends exactly once.
//
// Thread safety: from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/log/log.h"

namespace synap {

class TimedWaits {
public:
    // Completes `waiter` when `log` (may be null: never by itself) reaches the level, or with
    // kTimeout at `deadline_us` of the monotonic clock (0: never). Returns an id for cancel().
    // `owner` is the session that waits. Throws std::bad_alloc: then the waiter is not completed.
    uint64_t start(Log* log, uint64_t position, Durability level, uint64_t deadline_us,
                   uint64_t owner, std::unique_ptr<LogWaiter> waiter);
    // False when it has ended or never was.
    bool cancel(uint64_t id) noexcept;
    // Cancels what a session waits for.
    void cancel_owner(uint64_t owner) noexcept;
    // Ends what is overdue.
    void expire(uint64_t now_us) noexcept;
    // Ends everything with kShutdown, and what is started later at once.
    void close() noexcept;

private:
    struct State {
        uint64_t id = 0;
        uint64_t owner = 0;
        uint64_t deadline_us = 0;
        std::atomic<bool> ended{false};
        std::unique_ptr<LogWaiter> waiter;

        bool end(Code code, std::string_view why) noexcept;
    };
    class Relay;

    template <typename Wanted>
    size_t end_where(Wanted&& wanted, Code code, std::string_view why) noexcept;

    std::mutex mutex_;
    std::vector<std::shared_ptr<State>> states_;  // guarded by mutex_, as is all below
    bool closed_ = false;
    uint64_t next_id_ = 1;
};

}  // namespace synap
