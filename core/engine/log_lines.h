// What the engine has to tell people, until the embedding program takes it: the oldest lines give
// way to newer ones and are counted.
//
// Thread safety: from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

namespace synap {

struct LogLine {
    enum class Level : uint8_t { kInfo, kWarn, kError };
    Level level;
    std::string text;
};

class LogLines {
public:
    void add(LogLine::Level level, std::string_view text) noexcept;
    // False where there is none. `lost`: how many gave way so far.
    bool take(LogLine& line, uint64_t& lost);

private:
    std::mutex mutex_;
    std::deque<LogLine> lines_;  // guarded by mutex_
    uint64_t lost_ = 0;          // guarded by mutex_
};

}  // namespace synap
