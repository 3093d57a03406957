// Counts of the keyspace that must be cheap to change and are summed when somebody asks: bytes,
// keys and keys with a deadline for each namespace. Striped by thread, so that writers seldom share
// a line; exact when summed while nobody writes.
//
// Thread safety: from any thread, which writes to its own stripe only (see StripeOwners). While a
// store is loaded its loader is the only writer, and may use any.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/base/limits.h"
#include "core/base/stripes.h"

namespace synap {

class Accounts {
public:
    void count_key(unsigned i, unsigned name_space, bool has_deadline, int64_t sign) noexcept {
        add_to_stripe(stripes_[i].keys[name_space], sign, i);
        if (has_deadline) add_to_stripe(stripes_[i].deadlines[name_space], sign, i);
    }

    // The shared total lags each stripe by less than kStep.
    void add_bytes(unsigned i, int64_t delta) noexcept {
        const int64_t now = add_to_stripe(stripes_[i].bytes_unpublished, delta, i);
        if (now >= kStep || now <= -kStep) publish(i);
    }
    void publish(unsigned i) noexcept {
        const int64_t taken = stripes_[i].bytes_unpublished.exchange(0, std::memory_order_relaxed);
        bytes_.fetch_add(taken, std::memory_order_relaxed);
    }

    int64_t bytes_roughly() const noexcept { return bytes_.load(std::memory_order_relaxed); }
    int64_t bytes() const noexcept {
        int64_t sum = bytes_roughly();
        for (const auto& s : stripes_) sum += s.bytes_unpublished.load(std::memory_order_relaxed);
        return sum;
    }
    int64_t keys(unsigned name_space) const noexcept {
        int64_t sum = 0;
        for (const auto& s : stripes_) sum += s.keys[name_space].load(std::memory_order_relaxed);
        return sum;
    }
    bool any_deadline() const noexcept {
        for (unsigned i = 0; i < limits::kNamespaces; ++i) {
            if (deadlines(i) > 0) return true;
        }
        return false;
    }
    int64_t deadlines(unsigned name_space) const noexcept {
        int64_t sum = 0;
        for (const auto& s : stripes_) {
            sum += s.deadlines[name_space].load(std::memory_order_relaxed);
        }
        return sum;
    }

private:
    static constexpr int64_t kStep = 16 * 1024;

    struct alignas(64) Stripe {
        std::atomic<int64_t> bytes_unpublished{0};
        std::atomic<int64_t> keys[limits::kNamespaces]{};
        std::atomic<int64_t> deadlines[limits::kNamespaces]{};
    };

    Stripe stripes_[kAllStripes];
    alignas(64) std::atomic<int64_t> bytes_{0};
};

}  // namespace synap
