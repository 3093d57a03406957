// What all clients together make the server hold: replies that they do not take, requests that
// they do not end.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

namespace synap::server {

// Eviction cannot free this memory, so it has a limit of its own, and above it the client that
// holds the most is cut, then the next one. Each I/O thread knows its own clients only: in a round
// all say what their largest one holds, and the thread that has the largest of all cuts it.
//
// Threads: any, once all I/O threads were added. Only a round takes a lock.
class ClientMemory {
public:
    // Bytes; 0: no limit.
    explicit ClientMemory(size_t limit) noexcept : limit_(limit) {}

    // Adds an I/O thread; its index is the number of those before it. `ask` makes it call
    // report() soon, and may throw std::bad_alloc.
    void add_thread(std::function<void()> ask);

    // The clients of a thread hold `change` more than before. Begins a round when all together
    // hold too much and none is under way.
    void changed(int64_t change) noexcept;
    // The largest client of thread `index` holds `largest`. True: cut it, then call was_cut().
    [[nodiscard]] bool report(size_t index, size_t largest) noexcept;
    void was_cut() noexcept;

    // More than half is in use: who takes replies should do so before more are made for them.
    bool is_short() const noexcept { return limit_ != 0 && total() > limit_ / 2; }
    size_t total() const noexcept;
    size_t limit() const noexcept { return limit_; }

private:
    enum class Round : uint8_t { kNone, kReports, kCut };
    struct Thread {
        std::function<void()> ask;
        size_t largest = 0;
        bool reported = false;
    };

    bool exceeded() const noexcept { return limit_ != 0 && total() > limit_; }
    void begin_round() noexcept;
    void ask(const Thread& thread) noexcept;

    size_t limit_;
    std::atomic<int64_t> total_{0};
    std::mutex mutex_;  // the rest
    std::vector<Thread> threads_;
    Round round_ = Round::kNone;
    size_t missing_ = 0;  // reports
    size_t victim_ = 0;
};

}  // namespace synap::server
