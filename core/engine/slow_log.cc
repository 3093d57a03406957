#include "core/engine/slow_log.h"

#include <algorithm>
#include <utility>

namespace synap {

void SlowLog::trim(size_t entries) noexcept {
    while (calls_.size() > entries) calls_.pop_back();
}

void SlowLog::add(SlowCall call, size_t entries) {
    const std::lock_guard<std::mutex> guard(mutex_);
    call.id = next_id_++;
    calls_.push_front(std::move(call));
    trim(entries);
}

void SlowLog::keep(size_t entries) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    trim(entries);
}

std::vector<SlowCall> SlowLog::newest(size_t most) {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto n = static_cast<ptrdiff_t>(std::min(most, calls_.size()));
    return {calls_.begin(), calls_.begin() + n};
}

size_t SlowLog::size() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return calls_.size();
}

void SlowLog::clear() noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    calls_.clear();
}

}  // namespace synap
