// The calls that took longer than they should have, newest first, as SLOWLOG shows them.
//
// Thread safety: from any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace synap {

struct SlowCall {
    uint64_t id;  // given by the log
    int64_t at_seconds;
    uint64_t duration_us;
    std::vector<std::string> args;
    std::string peer;
    std::string client_name;
};

class SlowLog {
public:
    // Keeps at most `entries`. Throws std::bad_alloc.
    void add(SlowCall call, size_t entries);
    void keep(size_t entries) noexcept;
    std::vector<SlowCall> newest(size_t most);
    size_t size();
    void clear() noexcept;

private:
    void trim(size_t entries) noexcept;

    std::mutex mutex_;
    std::deque<SlowCall> calls_;  // guarded by mutex_
    uint64_t next_id_ = 0;        // guarded by mutex_
};

}  // namespace synap
