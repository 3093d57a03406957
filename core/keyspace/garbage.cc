#include "core/keyspace/garbage.h"

#include <utility>

namespace synap {

void Garbage::add(const ValueView& value) noexcept {
    HashTree* const tree = value.tree();
    bytes_.fetch_add(tree->memory(), std::memory_order_relaxed);
    tree->next_garbage = nullptr;
    const std::lock_guard<WordLock> guard(lock_);
    (first_ == nullptr ? first_ : last_->next_garbage) = tree;
    last_ = tree;
}

void Garbage::add(std::unique_ptr<HeldTree> held) noexcept {
    constexpr size_t kFreedAtOnce = 256;
    size_t budget = kFreedAtOnce;
    if (held->all.free_some(budget)) return;
    const std::lock_guard<WordLock> guard(lock_);
    held->next_garbage = std::move(held_);
    held_ = std::move(held);
}

bool Garbage::free_some(size_t elements) noexcept {
    const std::lock_guard<std::mutex> guard(freeing_);
    return !(free_trees(elements) && free_held(elements));
}

// These answer true when nothing is left.
bool Garbage::free_trees(size_t& budget) noexcept {
    while (budget > 0) {
        if (current_ == nullptr) {
            const std::lock_guard<WordLock> list(lock_);
            if (first_ == nullptr) return true;
            current_ = first_;
            first_ = current_->next_garbage;
            if (first_ == nullptr) last_ = nullptr;
        }
        const size_t before = current_->memory();
        const bool gone = current_->free_some(budget);
        bytes_.fetch_sub(before - (gone ? 0 : current_->memory()), std::memory_order_relaxed);
        if (gone) current_ = nullptr;
    }
    return false;
}

bool Garbage::free_held(size_t& budget) noexcept {
    while (budget > 0) {
        if (current_held_ == nullptr) {
            const std::lock_guard<WordLock> list(lock_);
            if (held_ == nullptr) return true;
            current_held_ = std::move(held_);
            held_ = std::move(current_held_->next_garbage);
        }
        if (current_held_->all.free_some(budget)) current_held_ = nullptr;
    }
    return false;
}

}  // namespace synap
