// Sees when the wall clock is set while the store is open: it then moves otherwise than the
// monotonic clock. Nothing in the engine depends on it; people want to know why keys expired.
//
// Thread safety: look() from one thread at a time, jumps() from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "core/platform/clock.h"

namespace synap {

class ClockWatch {
public:
    // Less is what clocks do that are kept by a time server.
    static constexpr int64_t kJumpMs = 1000;

    struct Jump {
        int64_t expected_ms;  // by the monotonic clock
        int64_t found_ms;
    };

    // Compares with the last look; each jump is told once.
    std::optional<Jump> look(Clock& clock) noexcept;
    uint64_t jumps() const noexcept { return jumps_.load(std::memory_order_relaxed); }

private:
    bool looked_ = false;
    int64_t wall_ms_ = 0;
    uint64_t monotonic_us_ = 0;
    std::atomic<uint64_t> jumps_{0};
};

// "2026-11-27T14:05:09.123Z"
std::string time_text(int64_t unix_ms);

}  // namespace synap
