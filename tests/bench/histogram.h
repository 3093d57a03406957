// A histogram of durations whose buckets are at most 1/32 wide of what they hold.
#ifndef SYNAP_TESTS_BENCH_HISTOGRAM_H
#define SYNAP_TESTS_BENCH_HISTOGRAM_H

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace synap::bench {

class Histogram {
public:
    void record(uint64_t nanoseconds) {
        ++counts_[bucket(nanoseconds)];
        ++total_;
        max_ = std::max(max_, nanoseconds);
    }

    uint64_t max() const { return max_; }

    // The upper end of the bucket that holds this share of all durations; 0 when there are none.
    uint64_t quantile(double share) const {
        const auto wanted = static_cast<uint64_t>(share * static_cast<double>(total_));
        uint64_t seen = 0;
        for (size_t i = 0; i < counts_.size(); ++i) {
            seen += counts_[i];
            if (seen > wanted) return std::min(upper(i), max_);
        }
        return max_;
    }

private:
    static constexpr size_t kBits = 5;
    static constexpr size_t kStep = size_t{1} << kBits;
    static constexpr size_t kPowers = 44;  // up to 2^43 ns, more than two hours

    // Values below kStep have a bucket each; every power of two above has kStep buckets.
    static size_t bucket(uint64_t value) {
        if (value < kStep) return value;
        const auto power = static_cast<size_t>(std::bit_width(value)) - 1;
        const auto within = (value >> (power - kBits)) & (kStep - 1);
        return std::min((power - kBits + 1) * kStep + within, kPowers * kStep - 1);
    }

    static uint64_t upper(size_t index) {
        if (index < kStep) return index;
        const size_t shift = index / kStep - 1;
        return ((kStep + index % kStep + 1) << shift) - 1;
    }

    std::array<uint64_t, kPowers * kStep> counts_{};
    uint64_t total_ = 0;
    uint64_t max_ = 0;
};

}  // namespace synap::bench

#endif
