// Large values that no key has any more, on their way out: freed in bounded steps by whoever has
// the time, so that a delete takes the same whatever it deletes. What waits here counts neither for
// eviction nor against a limit.
//
// Thread safety: from any thread; add() under slots' locks. Cost of add: constant, no allocation.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "core/base/word_lock.h"
#include "core/types/value.h"

namespace synap {

class Garbage {
public:
    void add(const ValueView& value) noexcept;
    // Frees about `elements` of what waits. True when there is more.
    bool free_some(size_t elements) noexcept;
    void free_all() noexcept {
        while (free_some(SIZE_MAX)) {
        }
    }
    // What waits; without what is being freed at this moment. Exact when nobody is at it.
    size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
    bool empty() const noexcept { return bytes() == 0; }

private:
    WordLock lock_;              // a leaf, for the list alone
    HashTree* first_ = nullptr;  // guarded by lock_
    HashTree* last_ = nullptr;   // guarded by lock_
    std::mutex freeing_;
    HashTree* current_ = nullptr;  // guarded by freeing_
    std::atomic<size_t> bytes_{0};
};

}  // namespace synap
