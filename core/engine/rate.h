// How many operations a second there were lately, from samples of a running total.
//
// Thread safety: from any thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>

namespace synap {

class OpsSampler {
public:
    static constexpr uint64_t kIntervalUs = 100'000;

    // `total` of everything so far at `now_us` of the monotonic clock. Samples that come sooner
    // than an interval after the last one are not kept; a total that shrank starts anew.
    void sample(uint64_t now_us, uint64_t total) noexcept {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (count_ > 0) {
            const Sample& last = samples_[(count_ - 1) % kSamples];
            if (total < last.total) {
                count_ = 0;
            } else if (now_us < last.at_us + kIntervalUs) {
                return;
            }
        }
        samples_[count_ % kSamples] = {now_us, total};
        ++count_;
    }

    // Over the samples kept, about the last second and a half; 0 before there are two.
    uint64_t per_second() const noexcept {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (count_ < 2) return 0;
        const Sample& oldest = samples_[count_ < kSamples ? 0 : count_ % kSamples];
        const Sample& newest = samples_[(count_ - 1) % kSamples];
        const uint64_t elapsed_us = std::max<uint64_t>(newest.at_us - oldest.at_us, 1);
        return (newest.total - oldest.total) * 1'000'000 / elapsed_us;
    }

private:
    struct Sample {
        uint64_t at_us;
        uint64_t total;
    };
    static constexpr uint64_t kSamples = 16;

    mutable std::mutex mutex_;
    Sample samples_[kSamples]{};
    uint64_t count_ = 0;
};

}  // namespace synap
