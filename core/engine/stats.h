// What the engine counts: plain numbers striped by thread, merged when somebody looks. All are
// monotonic since the store was opened or CONFIG RESETSTAT.
//
// Thread safety: from any thread, which writes to its own stripe only (see StripeOwners).
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/stripes.h"
#include "core/commands/context.h"
#include "core/commands/generated/ids.h"
#include "core/commands/record.h"
#include "core/engine/latency.h"

namespace synap {

struct CommandCounts {
    std::atomic<uint64_t> calls{0};
    std::atomic<uint64_t> failed{0};    // ran and answered an error
    std::atomic<uint64_t> rejected{0};  // refused before it ran
    // Time in the engine: a batch is measured as a whole, and each of its commands has the share
    // that its calls are of the batch's.
    std::atomic<uint64_t> usec{0};
};

// Error replies by their first word. Thread safety: from any thread.
class ErrorCounts {
public:
    static constexpr size_t kCodesMax = 128;  // what comes beyond counts as "OTHER"

    void add(std::string_view code, uint64_t number) noexcept;
    std::map<std::string, uint64_t, std::less<>> all() const;
    uint64_t total() const noexcept;
    void reset() noexcept;

private:
    mutable std::mutex mutex_;
    std::map<std::string, uint64_t, std::less<>> counts_;
    uint64_t total_ = 0;
};

struct alignas(64) StatsStripe {
    StatsStripe() = default;
    ~StatsStripe();
    StatsStripe(const StatsStripe&) = delete;
    StatsStripe& operator=(const StatsStripe&) = delete;
    // Null where there is no memory for it.
    LatencyHistogram* latency(const CommandRecord& command) noexcept {
        LatencyHistogram* known = latencies[command.index].load(std::memory_order_acquire);
        return known != nullptr ? known : make_latency(command);
    }
    LatencyHistogram* make_latency(const CommandRecord& command) noexcept;

    CommandCounts commands[kCommandCount];
    std::atomic<LatencyHistogram*> latencies[kCommandCount]{};  // made when a call is timed
    std::atomic<uint64_t> hits{0};
    std::atomic<uint64_t> misses{0};
    std::atomic<uint64_t> expired{0};
    std::atomic<uint64_t> expired_fields{0};
    std::atomic<uint64_t> evicted{0};
    std::atomic<uint64_t> unknown_commands{0};
};

class Stats {
public:
    Stats() : stripes_(std::make_unique<StatsStripe[]>(kAllStripes)) {}

    // These take the stripe of the calling thread.
    void add_calls(unsigned stripe, const CommandRecord& command, uint64_t calls,
                   uint64_t failed) noexcept {
        CommandCounts& counts = stripes_[stripe].commands[command.index];
        add_to_stripe(counts.calls, calls, stripe);
        if (failed != 0) add_to_stripe(counts.failed, failed, stripe);
    }
    void add_rejected(unsigned stripe, const CommandRecord& command) noexcept {
        add_to_stripe(stripes_[stripe].commands[command.index].rejected, uint64_t{1}, stripe);
    }
    void add_usec(unsigned stripe, const CommandRecord& command, uint64_t usec) noexcept {
        if (usec != 0) add_to_stripe(stripes_[stripe].commands[command.index].usec, usec, stripe);
    }
    void add_latency(unsigned stripe, const CommandRecord& command, uint64_t us,
                     uint64_t times) noexcept {
        LatencyHistogram* latency = stripes_[stripe].latency(command);
        if (latency != nullptr) latency->add(us, times, stripe);
    }
    void add(unsigned stripe, std::atomic<uint64_t> StatsStripe::*counter,
             uint64_t number) noexcept {
        if (number != 0) add_to_stripe(stripes_[stripe].*counter, number, stripe);
    }
    void take(unsigned stripe, RunCounters& from) noexcept {
        add(stripe, &StatsStripe::hits, from.hits);
        add(stripe, &StatsStripe::misses, from.misses);
        add(stripe, &StatsStripe::expired, from.expired);
        add(stripe, &StatsStripe::expired_fields, from.expired_fields);
        from = {};
    }

    // Sum over stripes of a counter: sum([](const StatsStripe& s) -> auto& { return s.hits; }).
    template <typename Member>
    uint64_t sum(Member&& member) const noexcept {
        // First what is to be taken off: it is never more than what is then added up.
        const uint64_t before_reset = member(at_reset_).load(std::memory_order_acquire);
        return sum_of_stripes(member) - before_reset;
    }
    // As sum, of a counter of CommandCounts, over all commands too.
    template <typename Member>
    uint64_t sum_commands(Member&& member) const noexcept {
        uint64_t total = 0;
        for (size_t i = 0; i < kCommandCount; ++i) {
            total += sum([&](const StatsStripe& s) -> auto& { return member(s.commands[i]); });
        }
        return total;
    }
    uint64_t commands_processed() const noexcept {
        return sum_commands([](const CommandCounts& c) -> auto& { return c.calls; });
    }
    Latencies latencies(const CommandRecord& command) const noexcept;
    Latencies latencies(LatencyClass which) const noexcept;  // of all its commands
    ErrorCounts& errors() noexcept { return errors_; }
    const ErrorCounts& errors() const noexcept { return errors_; }
    // All counters are 0 again.
    void reset() noexcept;

private:
    template <typename Member>
    uint64_t sum_of_stripes(Member&& member) const noexcept {
        uint64_t total = 0;
        for (unsigned i = 0; i < kAllStripes; ++i) {
            total += member(std::as_const(stripes_[i])).load(std::memory_order_relaxed);
        }
        return total;
    }

    Latencies latencies_of_stripes(size_t command) const noexcept;
    void reset_latencies(size_t command) noexcept;

    std::unique_ptr<StatsStripe[]> stripes_;
    std::mutex resets_;
    StatsStripe at_reset_;  // sums, as stripes have one writer
    ErrorCounts errors_;
};

}  // namespace synap
