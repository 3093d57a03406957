// How long calls took: counts by duration, in quarters of powers of two, so that a percentile is
// known to a fifth. Calls of one command have a histogram of their own.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "core/base/stripes.h"

namespace synap {

inline constexpr unsigned kLatencySteps = 100;
inline constexpr unsigned kLatencyOctaves = 26;  // the last holds everything longer

constexpr unsigned latency_step(uint64_t us) noexcept {
    if (us < 4) return static_cast<unsigned>(us);
    const auto width = static_cast<unsigned>(std::bit_width(us));
    const unsigned step = 4 * (width - 2) + (static_cast<unsigned>(us >> (width - 3)) & 3);
    return step < kLatencySteps ? step : kLatencySteps - 1;
}

// What is counted there took less than this.
constexpr uint64_t latency_bound(unsigned step) noexcept {
    if (step < 4) return step + 1;
    return uint64_t{5 + step % 4} << (step / 4 - 1);
}

// Thread safety: a stripe's, see StripeOwners.
struct LatencyHistogram {
    std::atomic<uint64_t> steps[kLatencySteps]{};
    std::atomic<uint64_t> sum_us{0};

    void add(uint64_t us, uint64_t times, unsigned stripe) noexcept {
        add_to_stripe(steps[latency_step(us)], times, stripe);
        add_to_stripe(sum_us, us * times, stripe);
    }
};

// Sums of histograms at one time.
struct Latencies {
    uint64_t steps[kLatencySteps]{};
    uint64_t calls = 0;
    uint64_t sum_us = 0;

    void add(const Latencies& other) noexcept;
    // The bound of the step in which it lies, in microseconds. `fraction` is between 0 and 1.
    uint64_t percentile(double fraction) const noexcept;
    // Calls that took less than 2^octave microseconds.
    uint64_t below(unsigned octave) const noexcept;
};

}  // namespace synap
