#include "server/net/client_memory.h"

#include <algorithm>
#include <new>
#include <utility>

namespace synap::server {

void ClientMemory::add_thread(std::function<void()> ask) {
    threads_.push_back({std::move(ask), 0, false});
}

size_t ClientMemory::total() const noexcept {
    return static_cast<size_t>(std::max<int64_t>(0, total_.load(std::memory_order_relaxed)));
}

void ClientMemory::changed(int64_t change) noexcept {
    total_.fetch_add(change, std::memory_order_relaxed);
    if (change > 0 && exceeded()) begin_round();
}

void ClientMemory::begin_round() noexcept {
    const std::lock_guard lock(mutex_);
    if (round_ != Round::kNone) return;
    round_ = Round::kReports;
    missing_ = threads_.size();
    for (Thread& thread : threads_) {
        thread.reported = false;
        ask(thread);
    }
}

// A thread that cannot be asked for want of memory ends the round; the next change begins another.
void ClientMemory::ask(const Thread& thread) noexcept {
    try {
        thread.ask();
    } catch (const std::bad_alloc&) {
        round_ = Round::kNone;
    }
}

bool ClientMemory::report(size_t index, size_t largest) noexcept {
    const std::lock_guard lock(mutex_);
    if (round_ == Round::kCut && index == victim_) {
        round_ = exceeded() ? Round::kCut : Round::kNone;
        return round_ == Round::kCut;
    }
    Thread& self = threads_[index];
    if (round_ != Round::kReports || std::exchange(self.reported, true)) return false;
    self.largest = largest;
    if (--missing_ != 0) return false;
    const auto most =
        std::max_element(threads_.begin(), threads_.end(),
                         [](const Thread& a, const Thread& b) { return a.largest < b.largest; });
    if (!exceeded() || most->largest == 0) {
        round_ = Round::kNone;
        return false;
    }
    round_ = Round::kCut;
    victim_ = static_cast<size_t>(most - threads_.begin());
    if (victim_ != index) {
        ask(*most);
        return false;
    }
    return true;
}

void ClientMemory::was_cut() noexcept {
    {
        const std::lock_guard lock(mutex_);
        round_ = Round::kNone;
    }
    if (exceeded()) begin_round();
}

}  // namespace synap::server
