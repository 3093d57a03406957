#include "core/engine/clock_watch.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace synap {

std::optional<ClockWatch::Jump> ClockWatch::look(Clock& clock) noexcept {
    constexpr uint64_t kTogetherUs = 100'000;  // readings further apart are of different times
    const uint64_t before_us = clock.monotonic_us();
    const int64_t wall_ms = clock.wall_ms();
    const uint64_t now_us = clock.monotonic_us();
    if (now_us - before_us > kTogetherUs) return std::nullopt;  // the thread had to wait
    const int64_t expected_ms = wall_ms_ + static_cast<int64_t>((now_us - monotonic_us_) / 1000);
    const bool jumped = looked_ && std::abs(wall_ms - expected_ms) >= kJumpMs;
    looked_ = true;
    wall_ms_ = wall_ms;
    monotonic_us_ = now_us;
    if (!jumped) return std::nullopt;
    jumps_.fetch_add(1, std::memory_order_relaxed);
    return Jump{expected_ms, wall_ms};
}

std::string time_text(int64_t unix_ms) {
    const int64_t ms = (unix_ms % 1000 + 1000) % 1000;
    const auto seconds = static_cast<std::time_t>((unix_ms - ms) / 1000);
    std::tm parts{};
    char day[64] = "";
    if (gmtime_r(&seconds, &parts) == nullptr ||
        std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &parts) == 0) {
        return std::to_string(unix_ms) + " ms";
    }
    char fraction[16];
    std::snprintf(fraction, sizeof fraction, ".%03dZ", static_cast<int>(ms));
    return std::string(day) + fraction;
}

}  // namespace synap
