#include "core/replication/lag.h"

#include <algorithm>

namespace synap::replication {

void MasterTime::heard(int64_t engine_ms, uint64_t monotonic_us) noexcept {
    const int64_t offset = engine_ms - static_cast<int64_t>(monotonic_us / 1000);
    const int64_t by = offset - offset_;
    if (count_ > 0 && (by > kJumpMs || by < -kJumpMs)) count_ = 0;
    offsets_[count_ % kWindow] = offset;
    ++count_;
    const size_t held = std::min(count_, kWindow);
    offset_ = *std::max_element(offsets_.begin(), offsets_.begin() + static_cast<ptrdiff_t>(held));
    delay_ms_ = static_cast<uint64_t>(offset_ - offset);
}

int64_t MasterTime::at(uint64_t monotonic_us) const noexcept {
    return is_known() ? offset_ + static_cast<int64_t>(monotonic_us / 1000) : 0;
}

void Freshness::note(uint64_t position, uint64_t monotonic_us) noexcept {
    newest_ = position;
    // The master went back: what was ahead of it is not there any more.
    while (count_ > 0 && ahead_[count_ - 1].position > position) --count_;
    if (count_ > 0 && ahead_[count_ - 1].position == position) {
        ahead_[count_ - 1].when_us = monotonic_us;
        return;
    }
    if (count_ == kMost) {
        for (size_t i = 1; i < kMost / 2; ++i) ahead_[i] = ahead_[2 * i];
        count_ = kMost / 2;
    }
    ahead_[count_++] = {position, monotonic_us};
    settle();
}

void Freshness::reached(uint64_t position) noexcept {
    applied_ = position;
    settle();
}

void Freshness::settle() noexcept {
    size_t reached = 0;
    while (reached < count_ && ahead_[reached].position <= applied_) ++reached;
    if (reached == 0) return;
    fresh_us_ = ahead_[reached - 1].when_us;
    was_fresh_ = true;
    std::copy(ahead_.begin() + static_cast<ptrdiff_t>(reached),
              ahead_.begin() + static_cast<ptrdiff_t>(count_), ahead_.begin());
    count_ -= reached;
}

std::optional<uint64_t> Freshness::stale_us(uint64_t now_us) const noexcept {
    if (!was_fresh_) return {};
    return now_us > fresh_us_ ? now_us - fresh_us_ : 0;
}

}  // namespace synap::replication
