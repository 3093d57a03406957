#include "core/engine/stats.h"

#include <new>

namespace synap {

void ErrorCounts::add(std::string_view code, uint64_t number) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    total_ += number;
    try {
        auto found = counts_.find(code);
        if (found == counts_.end()) {
            if (counts_.size() >= kCodesMax) code = "OTHER";
            found = counts_.try_emplace(std::string(code)).first;
        }
        found->second += number;
    } catch (const std::bad_alloc&) {
        // Counted, and not told by its name.
    }
}

std::map<std::string, uint64_t, std::less<>> ErrorCounts::all() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return counts_;
}

uint64_t ErrorCounts::total() const noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    return total_;
}

void ErrorCounts::reset() noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    counts_.clear();
    total_ = 0;
}

void Stats::reset() noexcept {
    const std::lock_guard<std::mutex> one_at_a_time(resets_);
    const auto reset = [&](auto&& member) {
        member(at_reset_).store(sum_of_stripes(member), std::memory_order_release);
    };
    for (size_t i = 0; i < kCommandCount; ++i) {
        reset([i](auto& s) -> auto& { return s.commands[i].calls; });
        reset([i](auto& s) -> auto& { return s.commands[i].failed; });
        reset([i](auto& s) -> auto& { return s.commands[i].rejected; });
        reset([i](auto& s) -> auto& { return s.commands[i].usec; });
    }
    for (size_t i = 0; i < kLatencyClasses; ++i) {
        for (size_t k = 0; k < kLatencyBuckets; ++k) {
            reset([ i, k ](auto& s) -> auto& { return s.latency[i].buckets[k]; });
        }
        reset([i](auto& s) -> auto& { return s.latency[i].sum_us; });
    }
    for (const auto counter :
         {&StatsStripe::hits, &StatsStripe::misses, &StatsStripe::expired,
          &StatsStripe::expired_fields, &StatsStripe::evicted, &StatsStripe::unknown_commands}) {
        reset([counter](auto& s) -> auto& { return s.*counter; });
    }
    errors_.reset();
}

}  // namespace synap
