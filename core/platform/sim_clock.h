// Time and randomness that a test controls: they move only when told to, and repeat from a seed.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/platform/clock.h"
#include "core/platform/entropy.h"

namespace synap {

// Thread safety: all methods from any thread.
class SimClock final : public Clock {
public:
    explicit SimClock(int64_t wall_ms = 1'700'000'000'000) noexcept : wall_us_(wall_ms * 1000) {}

    int64_t wall_ms() noexcept override { return wall_us_.load() / 1000; }
    uint64_t monotonic_us() noexcept override { return monotonic_us_.load(); }

    // Both clocks, by the same time.
    void advance_ms(uint64_t ms) noexcept { advance_us(ms * 1000); }
    void advance_us(uint64_t us) noexcept {
        wall_us_.fetch_add(static_cast<int64_t>(us));
        monotonic_us_.fetch_add(us);
    }
    // What an operator or NTP does to the wall clock alone, in either direction.
    void step_wall_ms(int64_t ms) noexcept { wall_us_.fetch_add(ms * 1000); }

private:
    std::atomic<int64_t> wall_us_;
    std::atomic<uint64_t> monotonic_us_{1'000'000};
};

// Thread safety: from any thread; one sequence for all of them.
class SimEntropy final : public Entropy {
public:
    explicit SimEntropy(uint64_t seed) noexcept : state_(seed) {}
    uint64_t next() noexcept override {
        return SmallRandom(state_.fetch_add(0x9e3779b97f4a7c15u)).next();
    }

private:
    std::atomic<uint64_t> state_;
};

}  // namespace synap
