// Calls that copy much, one after the other on a thread of their own: an I/O thread that ran one
// would keep all its other clients waiting. The thread begins with the first of them.
//
// Threads: add() from any; what was added has ended once the destructor returns.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace synap::server {

class LongCalls {
public:
    LongCalls() = default;
    LongCalls(const LongCalls&) = delete;
    LongCalls& operator=(const LongCalls&) = delete;
    ~LongCalls();

    // Runs `call` later, which must not throw. Throws where there is no memory, or no thread.
    void add(std::function<void()> call);

private:
    void run() noexcept;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> calls_;  // guarded by mutex_
    bool stopping_ = false;                    // guarded by mutex_
    std::thread thread_;                       // guarded by mutex_ until it is joined
};

}  // namespace synap::server
