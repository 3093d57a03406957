#include "core/engine/log_lines.h"

#include <new>

#include "core/base/limits.h"

namespace synap {

void LogLines::add(LogLine::Level level, std::string text) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    try {
        if (lines_.size() >= limits::kLogLines) {
            lines_.pop_front();
            ++lost_;
        }
        lines_.push_back({level, std::move(text)});
    } catch (const std::bad_alloc&) {
        ++lost_;
    }
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
