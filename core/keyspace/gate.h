// The gate around the slots: every command or batch is inside it, shared; commands on the whole
// keyspace, or on keys nobody can name in advance, are inside it alone.
//
// Shared entry writes only the caller's stripe (see StripeOwners), so that it scales with cores.
// Nothing inside may wait for disk, network or another client; so whoever wants the gate alone
// waits a bounded time. Thread safety: from any thread. Not recursive.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

#include "core/base/stripes.h"

namespace synap {

class Gate {
public:
    void enter_shared(unsigned stripe) noexcept {
        while (!try_enter_shared(stripe)) wait_until_open();
    }
    void leave_shared(unsigned stripe) noexcept {
        add_to_stripe(stripes_[stripe].inside, -1, stripe, std::memory_order_release);
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
        leave_shared(stripe);
        return false;
    }
    [[gnu::noinline]] void wait_until_open() noexcept {
        closed_.wait(true, std::memory_order_acquire);
    }

    struct alignas(64) Stripe {
        std::atomic<int32_t> inside{0};
    };
    Stripe stripes_[kAllStripes];
    std::mutex alone_;
    std::atomic<bool> closed_{false};
};

// Inside the gate alone, however the block is left.
class ExclusiveGate {
public:
    explicit ExclusiveGate(Gate& gate) noexcept : gate_(gate) { gate_.enter_exclusive(); }
    ~ExclusiveGate() { gate_.leave_exclusive(); }
    ExclusiveGate(const ExclusiveGate&) = delete;
    ExclusiveGate& operator=(const ExclusiveGate&) = delete;

private:
    Gate& gate_;
};

// The same for those who share it.
class SharedGate {
public:
    SharedGate(Gate& gate, unsigned stripe) noexcept : gate_(gate), stripe_(stripe) {
        gate_.enter_shared(stripe_);
    }
    ~SharedGate() { gate_.leave_shared(stripe_); }
    SharedGate(const SharedGate&) = delete;
    SharedGate& operator=(const SharedGate&) = delete;

private:
    Gate& gate_;
    const unsigned stripe_;
};

}  // namespace synap
