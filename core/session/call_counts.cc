#include "core/session/call_counts.h"

namespace synap {

void CallCounts::tell(unsigned stripe) noexcept {
    if (command_ == nullptr) return;
    stats_.add_calls(stripe, *command_, calls_, failed_);
    if (timed_) note_share();
    command_ = nullptr;
    calls_ = failed_ = 0;
}

void CallCounts::note_share() noexcept {
    for (size_t i = 0; i < share_count_; ++i) {
        if (shares_[i].command != command_ && i + 1 < kShares) continue;
        shares_[i].calls += calls_;
        return;
    }
    shares_[share_count_++] = {command_, calls_};
}

void CallCounts::time_one(const CommandRecord& command, uint64_t elapsed_us, bool as_latency,
                          unsigned stripe) noexcept {
    stats_.add_usec(stripe, command, elapsed_us);
    if (as_latency) stats_.add_latency(stripe, command, elapsed_us, 1);
}

// What is not counted with one is with the next: the shares add up to the time.
bool CallCounts::share_time(uint64_t elapsed_us, bool as_latency, unsigned stripe) noexcept {
    if (share_count_ == 0) return false;
    uint64_t all = 0;
    for (size_t i = 0; i < share_count_; ++i) all += shares_[i].calls;
    uint64_t calls = 0;
    uint64_t given = 0;
    for (size_t i = 0; i < share_count_; ++i) {
        const Share& share = shares_[i];
        calls += share.calls;
        const uint64_t up_to_here = elapsed_us * calls / all;
        stats_.add_usec(stripe, *share.command, up_to_here - given);
        if (as_latency) stats_.add_latency(stripe, *share.command, elapsed_us / all, share.calls);
        given = up_to_here;
    }
    share_count_ = 0;
    return true;
}

}  // namespace synap
