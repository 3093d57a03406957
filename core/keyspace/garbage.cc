#include "core/keyspace/garbage.h"

#include "core/types/tree/hash_tree.h"

namespace synap {

void Garbage::add(const ValueView& value) noexcept {
    HashTree* const tree = value.tree();
    bytes_.fetch_add(tree->memory(), std::memory_order_relaxed);
    tree->next_garbage = nullptr;
    const std::lock_guard<WordLock> guard(lock_);
    (first_ == nullptr ? first_ : last_->next_garbage) = tree;
    last_ = tree;
}

bool Garbage::free_some(size_t elements) noexcept {
    const std::lock_guard<std::mutex> guard(freeing_);
    while (elements > 0) {
        if (current_ == nullptr) {
            const std::lock_guard<WordLock> list(lock_);
            if (first_ == nullptr) return false;
            current_ = first_;
            first_ = current_->next_garbage;
            if (first_ == nullptr) last_ = nullptr;
        }
        const size_t before = current_->memory();
        const bool gone = current_->free_some(elements);
        bytes_.fetch_sub(before - (gone ? 0 : current_->memory()), std::memory_order_relaxed);
        if (gone) current_ = nullptr;
    }
    return true;
}

}  // namespace synap
