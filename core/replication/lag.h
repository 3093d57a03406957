// How old what a follower shows is, and what time it is at its master. Differences of a monotonic
// clock alone: no jump of a wall clock changes an age. Thread safety: one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace synap::replication {

// The time of day at the master, judged by what was heard and the own monotonic clock since.
//
// A message takes its time: the least delayed of the last ones counts, so that a late one does not
// turn time back, and what has expired appear again. A jump of the master's clock is followed at
// once. Cost: O(1).
class MasterTime {
public:
    // Of one message: what it says, and when it arrived.
    void heard(int64_t engine_ms, uint64_t monotonic_us) noexcept;
    bool is_known() const noexcept { return count_ > 0; }
    // Now, whether the master is still heard or not. 0 before it was.
    int64_t at(uint64_t monotonic_us) const noexcept;
    // How much later than the least delayed ones the last message came.
    uint64_t delay_ms() const noexcept { return delay_ms_; }

    static constexpr int64_t kJumpMs = 2000;  // no delay is taken to be that long

private:
    static constexpr size_t kWindow = 8;
    std::array<int64_t, kWindow> offsets_{};  // of engine time to the monotonic clock
    size_t count_ = 0;                        // heard since the last jump
    int64_t offset_ = 0;                      // the highest of them
    uint64_t delay_ms_ = 0;
};

// Through when the follower has all that the master had. Used at both ends: with positions that
// heartbeats said, and with those that went out with them.
class Freshness {
public:
    // At that moment the master had written up to `position`. Moments ascend.
    void note(uint64_t position, uint64_t monotonic_us) noexcept;
    // The follower has applied up to `position`; less than before when it went back.
    void reached(uint64_t position) noexcept;
    // Nothing is known any more: another master, a new history.
    void forget() noexcept { *this = Freshness(); }

    // How long ago it was that the follower had everything; none where it never had.
    std::optional<uint64_t> stale_us(uint64_t now_us) const noexcept;
    uint64_t behind_bytes() const noexcept { return newest_ > applied_ ? newest_ - applied_ : 0; }

private:
    struct Moment {
        uint64_t position = 0;
        uint64_t when_us = 0;
    };
    void settle() noexcept;

    // Not reached yet, ascending. When it is full every second one is let go: ages err upwards.
    static constexpr size_t kMost = 64;
    std::array<Moment, kMost> ahead_{};
    size_t count_ = 0;
    uint64_t newest_ = 0;
    uint64_t applied_ = 0;
    bool was_fresh_ = false;
    uint64_t fresh_us_ = 0;
};

}  // namespace synap::replication
