// The maintenance thread: expiry (expiry.cc), eviction (eviction.cc), what waits to be freed, the
// coarse clock. Snapshots and waits with a time limit have threads of their own (snapshots.h,
// waits.h).
#include <algorithm>
#include <chrono>

#include "core/base/exhaustion.h"
#include "core/engine/engine.h"
#include "core/platform/real.h"

namespace synap {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kBreath = std::chrono::milliseconds(1);  // where there is more to evict
constexpr size_t kExpirePerTick = 20'000;
constexpr uint64_t kEvictPerTickUs = 50'000;

}  // namespace

void Engine::watch_clock() {
    const auto jump = clock_watch_.look(*platform_.clock);
    if (!jump) return;
    log_line(LogLine::Level::kWarn, "the wall clock jumped: it shows " + time_text(jump->found_ms) +
                                        " where " + time_text(jump->expected_ms) +
                                        " was due. Deadlines of keys follow it, durations do not");
}

size_t Engine::maintain() {
    watch_clock();
    set_coarse_clock();
    if (!platform_.threads) waits_.expire(platform_.clock->monotonic_us());
    ops_sampler_.sample(platform_.clock->monotonic_us(), stats_.commands_processed());
    start_log_later();
    if (log_ != nullptr && !platform_.threads) log_->maintain().ignore();
    note_shortage();
    size_t expired = 0;
    if (accepts_writes()) {
        // Apart from what follows, which gives memory back.
        if (!attempt([&] { expired = expire_some(kExpirePerTick); })) {
            log_line(LogLine::Level::kWarn, "memory is short: expiry is put off");
        }
    }
    const uint64_t used = used_memory();
    if (used > peak_memory_.load()) peak_memory_ = used;
    if (platform_.threads) return expired;
    free_some();
    evict_some(kEvictPerTickUs);
    snapshots_.maintain();
    return expired;
}

// Once when it begins and once when it ends.
void Engine::note_shortage() {
    if (log_ == nullptr || log_->failed()) return;
    const uint64_t shortages = log_->counters().blocks.load();
    if (const Status refused = log_->refusal(); !refused) {
        if (shortage_told_) return;
        log_line(
            LogLine::Level::kError,
            "writes are refused until this is over, reads are served: " + refused.error().message);
        shortage_told_ = true;
    } else if (shortage_told_ || shortages != shortages_told_) {
        log_line(LogLine::Level::kInfo, "the shortage is over: writes are taken again");
        shortage_told_ = false;
    }
    shortages_told_ = shortages;
}

void Engine::run_maintenance() noexcept {
    lower_thread_priority();  // expiry and eviction give way to those who serve
    auto pause = kTick;
    for (;;) {
        {
            std::unique_lock<std::mutex> guard(maintenance_mutex_);
            if (maintenance_wake_.wait_for(guard, pause, [this] { return maintenance_stop_; })) {
                return;
            }
        }
        pause = kTick;
        attempt([&] {  // where memory is short, what is due comes with the next tick
            const size_t expired = maintain();
            const bool more = free_some();
            const bool busy = evict_some(kEvictPerTickUs) || more || expired == kExpirePerTick;
            if (busy) pause = kBreath;
        });
    }
}

void Engine::stop_maintenance() noexcept {
    {
        const std::lock_guard<std::mutex> guard(maintenance_mutex_);
        maintenance_stop_ = true;
    }
    maintenance_wake_.notify_all();
    if (maintenance_.joinable()) maintenance_.join();
}

}  // namespace synap
