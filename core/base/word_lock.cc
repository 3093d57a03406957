#include "core/base/word_lock.h"

namespace synap {

void WordLock::lock_slow() noexcept {
    constexpr uint32_t kSpins = 64;
    for (uint32_t i = 0; i < kSpins; ++i) {
        uint32_t expected = kFree;
        if (state_.load(std::memory_order_relaxed) == kFree &&
            state_.compare_exchange_weak(expected, kHeld, std::memory_order_acquire)) {
            return;
        }
#if defined(__x86_64__)
        __builtin_ia32_pause();
#endif
    }
    while (state_.exchange(kContended, std::memory_order_acquire) != kFree) {
        state_.wait(kContended, std::memory_order_relaxed);
    }
}

}  // namespace synap
