#include "core/types/tree/hash_tree.h"
#include "core/types/tree/lookup.h"

namespace synap {

bool HashTreeRef::find(std::string_view member, TreeEntry& out) const noexcept {
    return find_below(root_, order_.hash(member), member, out);
}

HashTreeRef& HashTreeRef::operator=(HashTreeRef&& other) noexcept {
    if (this == &other) return *this;
    free_all();
    root_ = std::exchange(other.root_, nullptr);
    heap_ = other.heap_;
    order_ = other.order_;
    count_ = std::exchange(other.count_, 0);
    memory_ = std::exchange(other.memory_, 0);
    earliest_ = std::exchange(other.earliest_, kNoDeadline);
    reaper_ = std::exchange(other.reaper_, {});
    return *this;
}

bool HashTreeRef::free_some(size_t& budget) noexcept {
    if (heap_ == nullptr) return true;
    reaper_.drop(std::exchange(root_, nullptr));
    NodeReaper<HashLeaf>::Freed freed;
    const bool done = reaper_.step(*heap_, budget, freed);
    heap_->note_shared(-static_cast<int64_t>(freed.node_bytes));
    count_ = 0;
    memory_ = 0;
    earliest_ = kNoDeadline;
    return done;
}

void HashTreeRef::free_all() noexcept {
    size_t budget = 0;
    do {
        budget = std::numeric_limits<size_t>::max();
    } while (!free_some(budget));
}

bool HashTreeRef::Cursor::next(TreeEntry& out) noexcept {
    while (leaf_ == nullptr || at_ == leaf_->count) {
        leaf_ = leaves_.next();
        at_ = 0;
        if (leaf_ == nullptr) return false;
    }
    out = leaf_->item(at_++).entry();
    return true;
}

}  // namespace synap
