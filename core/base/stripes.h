// Numbers that many threads change are kept in stripes and summed when somebody asks. A stripe that
// a thread owns has no other writer, so that a change is a load and a store; a locked instruction,
// which waits until every read before it has arrived, is left to the one stripe that is shared by
// the threads that found theirs taken.
#pragma once

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "core/base/limits.h"

namespace synap {

inline constexpr unsigned kSharedStripe = limits::kStripes;
inline constexpr unsigned kAllStripes = limits::kStripes + 1;

// Who owns which stripe. Thread safety: from any thread.
class StripeOwners {
public:
    // The stripe to which the calling thread may write. A thread keeps its own for good; whoever
    // comes with the same identity after its end takes it over.
    unsigned mine() noexcept {
        const auto self = reinterpret_cast<uintptr_t>(pthread_self());
        static_assert(limits::kStripes == 64);
        const auto home = static_cast<unsigned>(((self >> 12) * 0x9e3779b97f4a7c15u) >> 58);
        for (unsigned tried = 0; tried < kTried; ++tried) {
            const unsigned i = (home + tried) % limits::kStripes;
            uintptr_t owner = owners_[i].load(std::memory_order_relaxed);
            if (owner == self) return i;
            if (owner == 0 && owners_[i].compare_exchange_strong(owner, self)) return i;
        }
        return kSharedStripe;
    }

private:
    static constexpr unsigned kTried = 4;

    std::atomic<uintptr_t> owners_[limits::kStripes]{};
};

// Adds to a number of that stripe, which must be the calling thread's; returns the sum.
template <typename Number>
Number add_to_stripe(std::atomic<Number>& number, Number delta, unsigned stripe,
                     std::memory_order order = std::memory_order_relaxed) noexcept {
    if (stripe == kSharedStripe) return number.fetch_add(delta, order) + delta;
    const Number sum = number.load(std::memory_order_relaxed) + delta;
    number.store(sum, order);
    return sum;
}

}  // namespace synap
