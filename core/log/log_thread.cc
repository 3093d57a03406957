// The log's thread: syncs for whoever asked, syncs each second, hands the tail to the kernel.
#include <algorithm>
#include <chrono>

#include "core/base/exhaustion.h"
#include "core/log/log.h"

namespace synap {
namespace {

constexpr uint64_t kSyncIntervalUs = 1'000'000;
constexpr auto kTick = std::chrono::milliseconds(5);

}  // namespace

void Log::wake() noexcept {
    {
        const std::lock_guard<std::mutex> guard(thread_state_);
        wake_requested_ = true;
    }
    thread_wake_.notify_one();
}

void Log::set_fsync(FsyncPolicy policy) noexcept {
    policy_.store(policy, std::memory_order_relaxed);
    if (options_.threads) wake();
}

// The furthest position that a waiter wants durable; 0 when none does.
uint64_t Log::wanted_sync() noexcept {
    const std::lock_guard<std::mutex> guard(state_);
    uint64_t wanted = 0;
    for (const Waiting& waiting : waiting_) {
        if (waiting.level == Durability::kDisk) wanted = std::max(wanted, waiting.position);
    }
    return wanted;
}

// One round of what is due now. due_soon says that more will be within a tick or a second.
// False when the log has failed.
bool Log::work_once(bool& due_soon) {
    due_soon = false;
    if (failed()) return false;
    if (put_is_large_.exchange(false)) free_put();
    if (!started()) return true;
    if (!takes_records()) {
        try_again();
        if (failed()) return false;
        due_soon = !takes_records();
        if (is_stuck()) return true;
    }
    if (crowded_.load()) return static_cast<bool>(sync(written())) || !failed();
    if (wanted_sync() > synced()) return static_cast<bool>(sync(appended())) || !failed();
    const FsyncPolicy policy = fsync();
    const bool unwritten = written() < appended();
    // What nobody waits for is written once a second all the same.
    const uint64_t now_us = clock_.monotonic_us();
    const bool overdue = now_us - handed_over_at_us_ >= kSyncIntervalUs;
    if (unwritten && (hand_over_.load() || waiting_count_.load() != 0 || overdue)) {
        handed_over_at_us_ = now_us;
        if (!write(appended())) return !failed();
    }
    if (policy != FsyncPolicy::kNever && synced() < written()) {
        const uint64_t since = now_us - std::min(now_us, last_sync_at_us_.load());
        if (since >= kSyncIntervalUs) return static_cast<bool>(sync(written())) || !failed();
        due_soon = true;
    }
    if (unwritten) due_soon = true;
    return true;
}

Status Log::maintain() {
    bool due_soon = false;
    if (!work_once(due_soon)) return failure();
    return {};
}

void Log::run() noexcept {
    bool stopping = false;
    while (!stopping) {
        bool due_soon = false;
        bool alive = true;
        if (!attempt([&] { alive = work_once(due_soon); })) {
            alive = due_soon = !failed();  // again in a tick
        } else if (alive && wanted_sync() > synced()) {
            continue;
        }
        if (alive && !due_soon) {
            parked_.store(true);
            const std::lock_guard<std::mutex> guard(append_);
            due_soon = tail_.start != tail_.end || synced() < written();
            if (fsync() == FsyncPolicy::kNever) due_soon = tail_.start != tail_.end;
        }
        {
            std::unique_lock<std::mutex> guard(thread_state_);
            const auto woken = [this] { return wake_requested_ || stopping_; };
            if (due_soon) {
                thread_wake_.wait_for(guard, kTick, woken);
            } else {
                // Not for ever: without hand-over nobody wakes it for what nobody waits for.
                thread_wake_.wait_for(guard, std::chrono::microseconds(kSyncIntervalUs), woken);
            }
            wake_requested_ = false;
            stopping = stopping_;
        }
        parked_.store(false);
    }
}

}  // namespace synap
