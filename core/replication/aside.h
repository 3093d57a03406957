// One piece of work at a time that takes long and must not keep the replication thread from its
// connections: on a thread of its own, or, where there are none, at once.
//
// Thread safety: one thread, its owner's; the work runs on another one.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "core/base/result.h"

namespace synap::replication {

class Aside {
public:
    // `done` is called when work ends, from wherever it ran.
    Aside(bool threads, std::function<void()> done) : threads_(threads), done_(std::move(done)) {}
    ~Aside();  // waits for the work to end
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;

    // None is under way. Throws std::bad_alloc, also for want of a thread.
    void start(std::function<Status()> work);
    bool is_busy() const noexcept { return busy_; }
    // What came of it, once.
    std::optional<Status> take();

private:
    void run() noexcept;

    const bool threads_;
    const std::function<void()> done_;
    std::function<Status()> work_;
    bool busy_ = false;
    Status outcome_;
    std::atomic<bool> ended_{false};  // after outcome_
    std::thread thread_;
};

}  // namespace synap::replication
