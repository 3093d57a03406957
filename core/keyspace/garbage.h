// Large values that no key has any more, on their way out: freed in bounded steps by whoever has
// the time, so that a delete takes the same whatever it deletes. What waits here counts neither for
// eviction nor against a limit.
//
// References to trees that were held for long, by a reply say, end here too: theirs may be the
// last.
//
// Thread safety: from any thread; add() under slots' locks. Cost of add: constant, no allocation.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "core/base/word_lock.h"
#include "core/types/tree/hash_tree.h"
#include "core/types/value.h"

namespace synap {

// A reference to a tree, with what lets it wait to be let go of.
struct HeldTree {
    explicit HeldTree(HashTreeRef&& tree) noexcept : all(std::move(tree)) {}

    HashTreeRef all;
    std::unique_ptr<HeldTree> next_garbage;
};

class Garbage {
public:
    Garbage() = default;
    ~Garbage() { free_all(); }
    Garbage(const Garbage&) = delete;
    Garbage& operator=(const Garbage&) = delete;

    void add(const ValueView& value) noexcept;
    // Lets go of it at once where that takes little.
    void add(std::unique_ptr<HeldTree> held) noexcept;
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
    bool free_trees(size_t& budget) noexcept;
    bool free_held(size_t& budget) noexcept;

    WordLock lock_;                   // a leaf, for the lists alone
    HashTree* first_ = nullptr;       // guarded by lock_
    HashTree* last_ = nullptr;        // guarded by lock_
    std::unique_ptr<HeldTree> held_;  // guarded by lock_
    std::mutex freeing_;
    HashTree* current_ = nullptr;             // guarded by freeing_
    std::unique_ptr<HeldTree> current_held_;  // guarded by freeing_
    std::atomic<size_t> bytes_{0};
};

}  // namespace synap
