// The gate around the slots: every command or batch is inside it, shared; commands on the whole
// keyspace, or on keys nobody can name in advance, are inside it alone.
//
// Shared entry writes only the caller's stripe, so that it scales with cores. Nothing inside may
// wait for disk, network or another client; so whoever wants the gate alone waits a bounded time.
// Thread safety: from any thread. Not recursive.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

#include "core/base/limits.h"

namespace synap {

// A stripe number that threads seldom share: from the address of the thread's own control block.
inline unsigned thread_stripe() noexcept {
    const auto self = reinterpret_cast<uintptr_t>(pthread_self());
    static_assert(limits::kStripes == 64);
    return static_cast<unsigned>(((self >> 12) * 0x9e3779b97f4a7c15u) >> 58);
}

class Gate {
public:
    void enter_shared(unsigned stripe) noexcept {
        while (!try_enter_shared(stripe)) wait_until_open();
    }
    void leave_shared(unsigned stripe) noexcept {
        stripes_[stripe].inside.fetch_sub(1, std::memory_order_release);
    }

    void enter_exclusive() noexcept {
        alone_.lock();
        closed_.store(true, std::memory_order_seq_cst);
        for (auto& stripe : stripes_) {
            while (stripe.inside.load(std::memory_order_seq_cst) != 0) std::this_thread::yield();
        }
    }
    void leave_exclusive() noexcept {
        closed_.store(false, std::memory_order_seq_cst);
        closed_.notify_all();
        alone_.unlock();
    }

private:
    bool try_enter_shared(unsigned stripe) noexcept {
        stripes_[stripe].inside.fetch_add(1, std::memory_order_seq_cst);
        if (!closed_.load(std::memory_order_seq_cst)) return true;
        stripes_[stripe].inside.fetch_sub(1, std::memory_order_release);
        return false;
    }
    [[gnu::noinline]] void wait_until_open() noexcept {
        closed_.wait(true, std::memory_order_acquire);
    }

    struct alignas(64) Stripe {
        std::atomic<uint32_t> inside{0};
    };
    Stripe stripes_[limits::kStripes];
    std::mutex alone_;
    std::atomic<bool> closed_{false};
};

}  // namespace synap
