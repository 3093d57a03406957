#include "core/session/waits.h"

#include <algorithm>

namespace synap {

bool TimedWaits::State::end(const Status& status) noexcept {
    if (ended.exchange(true)) return false;
    waiter->complete(status);
    return true;
}

class TimedWaits::Relay final : public LogWaiter {
public:
    explicit Relay(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void complete(const Status& status) noexcept override { state_->end(status); }

private:
    std::shared_ptr<State> state_;
};

uint64_t TimedWaits::start(Log* log, uint64_t position, Durability level, uint64_t deadline_us,
                           std::unique_ptr<LogWaiter> waiter) {
    auto state = std::make_shared<State>();
    state->deadline_us = deadline_us;
    state->waiter = std::move(waiter);
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        state->id = next_id_++;
        std::erase_if(states_, [](const auto& s) { return s->ended.load(); });
        states_.push_back(state);
    }
    if (log != nullptr) {
        std::unique_ptr<LogWaiter> relay = std::make_unique<Relay>(state);
        if (!log->notify(position, level, relay)) relay->complete({});
    }
    return state->id;
}

template <typename Wanted>
size_t TimedWaits::end_where(Wanted&& wanted, Code code, const char* why) {
    std::vector<std::shared_ptr<State>> chosen;
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        const auto split = std::partition(states_.begin(), states_.end(),
                                          [&](const auto& s) { return !wanted(*s); });
        chosen.assign(std::make_move_iterator(split), std::make_move_iterator(states_.end()));
        states_.erase(split, states_.end());
    }
    size_t ended = 0;
    for (const auto& state : chosen) ended += state->end(Error{code, why}) ? 1 : 0;
    return ended;
}

bool TimedWaits::cancel(uint64_t id) {
    return end_where([id](const State& s) { return s.id == id; }, Code::kCancelled,
                     "the wait was cancelled") > 0;
}

void TimedWaits::expire(uint64_t now_us) {
    end_where([now_us](const State& s) { return s.deadline_us != 0 && s.deadline_us <= now_us; },
              Code::kTimeout, "the wait for durability timed out");
}

void TimedWaits::end_all(Code code) {
    end_where([](const State&) { return true; }, code, "the store is closing");
}

}  // namespace synap
