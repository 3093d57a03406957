#include "core/engine/stats.h"

#include <new>

#include "core/base/exhaustion.h"

namespace synap {
namespace {

// Of a histogram that may not have been made.
Latencies read(const LatencyHistogram* histogram) noexcept {
    Latencies sums;
    if (histogram == nullptr) return sums;
    for (unsigned i = 0; i < kLatencySteps; ++i) {
        sums.steps[i] = histogram->steps[i].load();
        sums.calls += sums.steps[i];
    }
    sums.sum_us = histogram->sum_us.load();
    return sums;
}

}  // namespace

void ErrorCounts::add(std::string_view code, uint64_t number) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    total_ += number;
    attempt([&] {  // or it is counted, and not told by its name
        auto found = counts_.find(code);
        if (found == counts_.end()) {
            if (counts_.size() >= kCodesMax) code = "OTHER";
            found = counts_.try_emplace(std::string(code)).first;
        }
        found->second += number;
    });
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

StatsStripe::~StatsStripe() {
    for (const auto& latency : latencies) delete latency.load();
}

[[gnu::cold]] LatencyHistogram* StatsStripe::make_latency(const CommandRecord& command) noexcept {
    auto* made = new (std::nothrow) LatencyHistogram;
    LatencyHistogram* known = nullptr;
    // The stripe that is shared has several writers.
    if (made == nullptr || latencies[command.index].compare_exchange_strong(known, made)) {
        return made;
    }
    delete made;
    return known;
}

Latencies Stats::latencies_of_stripes(size_t command) const noexcept {
    Latencies sums;
    for (unsigned stripe = 0; stripe < kAllStripes; ++stripe) {
        sums.add(read(stripes_[stripe].latencies[command].load()));
    }
    return sums;
}

Latencies Stats::latencies(const CommandRecord& command) const noexcept {
    // First what is to be taken off, as in sum().
    const Latencies before = read(at_reset_.latencies[command.index].load());
    Latencies now = latencies_of_stripes(command.index);
    for (unsigned i = 0; i < kLatencySteps; ++i) now.steps[i] -= before.steps[i];
    now.calls -= before.calls;
    now.sum_us -= before.sum_us;
    return now;
}

Latencies Stats::latencies(LatencyClass which) const noexcept {
    Latencies sums;
    const auto add = [&](const CommandRecord& record) {
        if (record.latency_class == which) sums.add(latencies(record));
    };
    for (const CommandRecord& record : all_commands()) {
        add(record);
        for (const CommandRecord& sub : record.subcommands) add(sub);
    }
    return sums;
}

void Stats::reset_latencies(size_t command) noexcept {
    const Latencies now = latencies_of_stripes(command);
    if (now.calls == 0) return;
    std::atomic<LatencyHistogram*>& place = at_reset_.latencies[command];
    if (place.load() == nullptr) place = new (std::nothrow) LatencyHistogram;
    LatencyHistogram* reset = place.load();
    if (reset == nullptr) return;
    for (unsigned i = 0; i < kLatencySteps; ++i) reset->steps[i] = now.steps[i];
    reset->sum_us = now.sum_us;
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
        reset_latencies(i);
    }
    for (const auto counter :
         {&StatsStripe::hits, &StatsStripe::misses, &StatsStripe::expired,
          &StatsStripe::expired_fields, &StatsStripe::evicted, &StatsStripe::unknown_commands}) {
        reset([counter](auto& s) -> auto& { return s.*counter; });
    }
    errors_.reset();
}

}  // namespace synap
