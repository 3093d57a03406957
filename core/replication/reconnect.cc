#include "core/replication/reconnect.h"

#include <algorithm>

namespace synap::replication {

uint32_t Reconnect::failed(Entropy& entropy, uint32_t wanted_ms) noexcept {
    ++failures_;
    const uint64_t doubled = pause_ms_ == 0 ? limits_.first_ms : uint64_t{pause_ms_} * 2;
    pause_ms_ = static_cast<uint32_t>(std::min<uint64_t>(doubled, limits_.most_ms));
    SmallRandom random(entropy.next());
    const uint64_t half = pause_ms_ / 2;
    const uint64_t own = pause_ms_ - half + random.below(half + 1);
    // An end that asks for more than the most is not believed.
    const uint64_t asked = std::min<uint64_t>(wanted_ms, limits_.most_ms);
    return static_cast<uint32_t>(std::max(own, asked + random.below(asked + 1)));
}

void Reconnect::did_good() noexcept {
    pause_ms_ = 0;
    failures_ = 0;
    told_.clear();
}

bool Reconnect::is_news(std::string_view reason) {
    if (told_ == reason) return false;
    told_ = reason;
    failures_ = 0;
    return true;
}

}  // namespace synap::replication
