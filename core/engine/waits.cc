#include "core/engine/waits.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <system_error>

#include "core/base/assert.h"
#include "core/base/exhaustion.h"

namespace synap {

bool TimedWaits::State::end(Code code, std::string_view why) noexcept {
    if (code == Code::kOk && parts.fetch_sub(1) != 1) return false;
    if (ended.exchange(true)) return false;
    const std::unique_ptr<LogWaiter> told = std::move(waiter);  // it may keep the store open
    told->complete(code, why);
    return true;
}

class TimedWaits::Relay final : public LogWaiter {
public:
    explicit Relay(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void complete(Code code, std::string_view why) noexcept override { state_->end(code, why); }

private:
    std::shared_ptr<State> state_;
};

uint64_t TimedWaits::start(Log* log, uint64_t position, Durability level, uint64_t deadline_us,
                           uint64_t owner, std::unique_ptr<LogWaiter> waiter, unsigned parts,
                           uint64_t id) {
    auto state = std::make_shared<State>();
    std::unique_ptr<LogWaiter> relay;
    if (log != nullptr) relay = std::make_unique<Relay>(state);
    state->id = id != 0 ? id : new_id();
    state->parts = parts;
    state->deadline_us = deadline_us;
    state->owner = owner;
    state->waiter = std::move(waiter);
    bool closed = false;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        std::erase_if(states_, [](const auto& s) { return s->ended.load(); });
        closed = closed_;
        if (!closed) {
            keep_time(deadline_us);
            states_.push_back(state);
        }
    }
    if (closed) {
        state->end(Code::kShutdown, "the store is closed");
    } else if (log != nullptr) {
        const bool could = attempt([&] {
            if (!log->notify(position, level, relay)) relay->complete(Code::kOk, {});
        });
        // Whoever cancelled or closed meanwhile has told the waiter: then it did start.
        if (!could && !state->ended.exchange(true)) {
            state->waiter.reset();
            throw std::bad_alloc();
        }
    }
    return state->id;
}

void TimedWaits::end(uint64_t id, Code code, std::string_view why) noexcept {
    std::shared_ptr<State> chosen;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        const auto it = std::find_if(states_.begin(), states_.end(),
                                     [id](const auto& state) { return state->id == id; });
        if (it == states_.end()) return;
        chosen = *it;
    }
    chosen->end(code, why);
}

// One at a time: collecting them would need memory.
template <typename Wanted>
size_t TimedWaits::end_where(Wanted&& wanted, Code code, std::string_view why) noexcept {
    size_t ended = 0;
    for (;;) {
        std::shared_ptr<State> chosen;
        {
            const std::lock_guard<std::mutex> guard(mutex_);
            const auto it = std::find_if(states_.begin(), states_.end(),
                                         [&](const auto& s) { return wanted(*s); });
            if (it == states_.end()) return ended;
            chosen = std::move(*it);
            states_.erase(it);
        }
        ended += chosen->end(code, why) ? 1 : 0;
    }
}

size_t TimedWaits::count() noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    return static_cast<size_t>(std::count_if(states_.begin(), states_.end(),
                                             [](const auto& s) { return !s->ended.load(); }));
}

bool TimedWaits::cancel(uint64_t id) noexcept {
    return end_where([id](const State& s) { return s.id == id; }, Code::kCancelled,
                     "the wait was cancelled") > 0;
}

void TimedWaits::cancel_owner(uint64_t owner) noexcept {
    end_where([owner](const State& s) { return s.owner == owner; }, Code::kCancelled,
              "the session that waited was released");
}

void TimedWaits::expire(uint64_t now_us) noexcept {
    end_where([now_us](const State& s) { return s.deadline_us != 0 && s.deadline_us <= now_us; },
              Code::kTimeout, "the wait for durability timed out");
}

TimedWaits::~TimedWaits() { SYNAP_ASSERT(!thread_.joinable()); }

// With mutex_ held.
void TimedWaits::keep_time(uint64_t deadline_us) {
    if (!threads_ || deadline_us == 0) return;
    if (!thread_.joinable()) {
        next_look_us_ = kNever;
        try {
            thread_ = std::thread([this] { run(); });
        } catch (const std::system_error&) {
            throw std::bad_alloc();  // for another thread
        }
    }
    if (deadline_us >= next_look_us_) return;
    next_look_us_ = deadline_us;
    earlier_.notify_one();
}

void TimedWaits::run() noexcept {
    constexpr uint64_t kLookAtLeastUs = 3'600'000'000;  // what is longer may not fit into a wait
    std::unique_lock<std::mutex> guard(mutex_);
    while (!closed_) {
        const uint64_t now_us = clock_.monotonic_us();
        if (next_look_us_ > now_us) {
            if (next_look_us_ == kNever) {
                earlier_.wait(guard);
            } else {
                earlier_.wait_for(guard, std::chrono::microseconds(
                                             std::min(next_look_us_ - now_us, kLookAtLeastUs)));
            }
            continue;
        }
        guard.unlock();
        expire(now_us);
        guard.lock();
        next_look_us_ = kNever;
        for (const auto& state : states_) {
            if (state->deadline_us == 0 || state->ended.load()) continue;
            next_look_us_ = std::min(next_look_us_, state->deadline_us);
        }
    }
}

void TimedWaits::close() noexcept {
    std::thread ended;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        closed_ = true;
        ended.swap(thread_);
    }
    earlier_.notify_one();
    if (ended.joinable()) ended.join();
    end_where([](const State&) { return true; }, Code::kShutdown, "the store is closing");
}

}  // namespace synap
