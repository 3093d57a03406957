// What a session has run, until the statistics are told: calls of one command after another are
// told as one number, and a batch is timed as a whole, its time shared out among what it ran.
//
// Thread safety: the session's. `stripe` is the calling thread's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/engine/stats.h"

namespace synap {

class CallCounts {
public:
    CallCounts(Stats& stats, bool timed) : stats_(stats), timed_(timed) {}

    bool is_of(const CommandRecord& command) const noexcept { return command_ == &command; }
    void add(const CommandRecord& command, bool failed, unsigned stripe) noexcept {
        if (command_ != &command) {
            tell(stripe);
            command_ = &command;
        }
        ++calls_;
        if (failed) ++failed_;
    }
    void tell(unsigned stripe) noexcept;

    // Of one call that was not added.
    void time_one(const CommandRecord& command, uint64_t elapsed_us, bool as_latency,
                  unsigned stripe) noexcept;
    // Of all calls since the last time. False when there were none.
    bool share_time(uint64_t elapsed_us, bool as_latency, unsigned stripe) noexcept;
    void forget_time() noexcept { share_count_ = 0; }

private:
    // Commands beyond these have their time counted with the last.
    static constexpr size_t kShares = 8;
    struct Share {
        const CommandRecord* command;
        uint64_t calls;
    };
    void note_share() noexcept;

    Stats& stats_;
    const bool timed_;
    const CommandRecord* command_ = nullptr;
    uint64_t calls_ = 0;
    uint64_t failed_ = 0;
    Share shares_[kShares];
    size_t share_count_ = 0;
};

}  // namespace synap
