// A lock of four bytes for sections of a few hundred nanoseconds: it spins a little, then sleeps.
// Three states: free, held, held with waiters.
#pragma once

#include <atomic>
#include <cstdint>

namespace synap {

class WordLock {
public:
    void lock() noexcept {
        uint32_t expected = kFree;
        if (state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire)) return;
        lock_slow();
    }
    void unlock() noexcept {
        if (state_.exchange(kFree, std::memory_order_release) == kContended) state_.notify_one();
    }

private:
    static constexpr uint32_t kFree = 0;
    static constexpr uint32_t kHeld = 1;
    static constexpr uint32_t kContended = 2;

    void lock_slow() noexcept;

    std::atomic<uint32_t> state_{kFree};
};

}  // namespace synap
