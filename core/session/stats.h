// What the engine counts: plain numbers striped by thread, merged when somebody looks. All are
// monotonic since the store was opened or CONFIG RESETSTAT.
//
// Thread safety: from any thread.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <memory>

#include "core/base/limits.h"
#include "core/commands/context.h"
#include "core/commands/generated/ids.h"
#include "core/commands/record.h"

namespace synap {

// Bucket i counts durations below 2^i microseconds; the last one everything longer.
inline constexpr unsigned kLatencyBuckets = 26;
inline constexpr unsigned kLatencyClasses = 4;

struct LatencyHistogram {
    std::atomic<uint64_t> buckets[kLatencyBuckets]{};
    std::atomic<uint64_t> sum_us{0};

    void add(uint64_t us, uint64_t times) noexcept {
        const auto width = static_cast<unsigned>(std::bit_width(us));
        const unsigned bucket = width < kLatencyBuckets ? width : kLatencyBuckets - 1;
        buckets[bucket].fetch_add(times, std::memory_order_relaxed);
        sum_us.fetch_add(us * times, std::memory_order_relaxed);
    }
};

struct CommandCounts {
    std::atomic<uint64_t> calls{0};
    std::atomic<uint64_t> failed{0};    // ran and answered an error
    std::atomic<uint64_t> rejected{0};  // refused before it ran
};

struct StatsStripe {
    CommandCounts commands[kCommandCount];
    LatencyHistogram latency[kLatencyClasses];
    std::atomic<uint64_t> hits{0};
    std::atomic<uint64_t> misses{0};
    std::atomic<uint64_t> expired{0};
    std::atomic<uint64_t> evicted{0};
    std::atomic<uint64_t> unknown_commands{0};

    void add_calls(const CommandRecord& command, uint64_t calls, uint64_t failed) noexcept {
        CommandCounts& counts = commands[command.index];
        counts.calls.fetch_add(calls, std::memory_order_relaxed);
        if (failed != 0) counts.failed.fetch_add(failed, std::memory_order_relaxed);
    }
    void take(RunCounters& from) noexcept {
        take(hits, from.hits);
        take(misses, from.misses);
        take(expired, from.expired);
    }

private:
    static void take(std::atomic<uint64_t>& to, uint64_t& from) noexcept {
        if (from == 0) return;
        to.fetch_add(from, std::memory_order_relaxed);
        from = 0;
    }
};

class Stats {
public:
    Stats() : stripes_(std::make_unique<StatsStripe[]>(limits::kStripes)) {}
    StatsStripe& stripe(unsigned i) noexcept { return stripes_[i]; }

    // Sum over stripes of a counter: sum([](const StatsStripe& s) -> auto& { return s.hits; }).
    template <typename Member>
    uint64_t sum(Member&& member) const noexcept {
        uint64_t total = 0;
        for (unsigned i = 0; i < limits::kStripes; ++i) {
            total += member(stripes_[i]).load(std::memory_order_relaxed);
        }
        return total;
    }
    // As sum, of a counter of CommandCounts, over all commands too.
    template <typename Member>
    uint64_t sum_commands(Member&& member) const noexcept {
        uint64_t total = 0;
        for (unsigned i = 0; i < limits::kStripes; ++i) {
            for (const CommandCounts& command : stripes_[i].commands) {
                total += member(command).load(std::memory_order_relaxed);
            }
        }
        return total;
    }
    uint64_t commands_processed() const noexcept {
        return sum_commands([](const CommandCounts& c) -> auto& { return c.calls; });
    }
    void reset() noexcept;

private:
    std::unique_ptr<StatsStripe[]> stripes_;
};

}  // namespace synap
