#include "core/engine/log_lines.h"

#include "core/base/exhaustion.h"
#include "core/base/limits.h"

namespace synap {

void LogLines::add(LogLine::Level level, std::string_view text) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (lines_.size() >= limits::kLogLines) {
        lines_.pop_front();
        ++lost_;
    }
    if (!attempt([&] { lines_.push_back({level, std::string(text)}); })) ++lost_;
}

bool LogLines::take(LogLine& line, uint64_t& lost) {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (lines_.empty()) return false;
    line = std::move(lines_.front());
    lines_.pop_front();
    lost = lost_;
    return true;
}

}  // namespace synap
