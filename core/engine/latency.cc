#include "core/engine/latency.h"

namespace synap {

static_assert(latency_step(3) == 3 && latency_step(4) == 4 && latency_step(8) == 8);
static_assert(latency_bound(latency_step(4)) == 5 && latency_bound(latency_step(15)) == 16);
static_assert(latency_bound(latency_step((1u << 25) - 1)) == 1u << 25);

void Latencies::add(const Latencies& other) noexcept {
    for (unsigned i = 0; i < kLatencySteps; ++i) steps[i] += other.steps[i];
    calls += other.calls;
    sum_us += other.sum_us;
}

uint64_t Latencies::percentile(double fraction) const noexcept {
    const double wanted = static_cast<double>(calls) * fraction;
    uint64_t seen = 0;
    for (unsigned i = 0; i < kLatencySteps; ++i) {
        seen += steps[i];
        if (seen != 0 && static_cast<double>(seen) >= wanted) return latency_bound(i);
    }
    return latency_bound(kLatencySteps - 1);
}

uint64_t Latencies::below(unsigned octave) const noexcept {
    uint64_t seen = 0;
    for (unsigned i = 0; i < kLatencySteps; ++i) {
        if (latency_bound(i) <= uint64_t{1} << octave) seen += steps[i];
    }
    return seen;
}

}  // namespace synap
