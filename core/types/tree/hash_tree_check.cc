// HashTree::check(): everything that the headers promise, looked at.
#include "core/types/tree/hash_tree.h"

namespace synap {
namespace {

// Keys in [low, high).
struct Bounds {
    uint64_t low = 0;
    uint64_t high = uint64_t{1} << 32;
};

class Checker {
public:
    using Node = Inner<HashLeaf::Key>;

    explicit Checker(const HashOrder& order) noexcept : order_(order) {}

    // The first thing that does not hold, or null.
    const char* walk(const TreeNode* node, uint32_t level, Bounds bounds, int64_t earliest) {
        if (node->level != level) return "leaves of different depth";
        if (node->references.load(std::memory_order_relaxed) == 0)
            return "a node without reference";
        if (node->count == 0) return "an empty node";
        nodes_ += node->bytes();
        return level == 0 ? walk(*static_cast<const HashLeaf*>(node), bounds, earliest)
                          : walk(*static_cast<const Node*>(node), bounds, earliest);
    }
    uint64_t entries() const noexcept { return entries_; }
    size_t nodes() const noexcept { return nodes_; }
    size_t blobs() const noexcept { return blobs_; }

private:
    const char* walk(const Node& inner, Bounds bounds, int64_t earliest) {
        if (inner.count > inner.capacity) return "more children than capacity";
        if (inner.earliest() != earliest) return "earliest deadline of an inner node";
        for (uint32_t i = 0; i < inner.count; ++i) {
            Bounds part = bounds;
            if (i > 0) part.low = inner.key(i);
            if (i + 1 < inner.count) part.high = inner.key(i + 1);
            if (part.low < bounds.low || part.high > bounds.high || part.low >= part.high) {
                return "keys of an inner node out of order";
            }
            if (const char* wrong = walk(inner.child(i), inner.level - 1u, part, inner.earliest(i)))
                return wrong;
        }
        return nullptr;
    }

    const char* walk(const HashLeaf& leaf, Bounds bounds, int64_t earliest) {
        int64_t found = kNoDeadline;
        size_t bytes = 0;
        bool one_hash = true;
        const HashLeaf::Key first = HashOrder::key(leaf.item(0).hash(order_));
        for (uint32_t i = 0; i < leaf.count; ++i) {
            const HashItem item = leaf.item(i);
            const uint64_t hash = order_.hash(item.member);
            if (item.hash(order_) != hash) return "stored hash";
            const HashLeaf::Key key = HashOrder::key(hash);
            if (key < bounds.low || key >= bounds.high) return "an entry in another's leaf";
            if (leaf.find(hash, item.member) != i) return "an entry that is not found";
            if (item.bytes != item.encoded_bytes()) return "an entry of another size";
            one_hash = one_hash && key == first;
            bytes += item.bytes;
            found = std::min(found, internal_deadline(item.deadline));
            if (item.blob != nullptr) blobs_ += item.blob->memory();
        }
        if (bytes != leaf.entry_bytes()) return "bytes of a leaf";
        if (found != leaf.earliest() || found != earliest) return "earliest deadline of a leaf";
        if (leaf.bytes() > limits::kTreeLeafBytes && !one_hash) return "a leaf too large";
        entries_ += leaf.count;
        return nullptr;
    }

    const HashOrder& order_;
    uint64_t entries_ = 0;
    size_t nodes_ = 0;
    size_t blobs_ = 0;
};

}  // namespace

const char* HashTree::check() const {
    Checker checker(order_);
    if (const TreeNode* root = tree_.root(); root != nullptr) {
        if (const char* wrong = checker.walk(root, root->level, {}, tree_.earliest())) return wrong;
    } else if (tree_.earliest() != kNoDeadline) {
        return "a deadline of nothing";
    }
    if (checker.entries() != count_) return "count";
    if (checker.nodes() != tree_.node_bytes()) return "memory of nodes";
    if (checker.nodes() + checker.blobs() != tree_.memory()) return "memory of blobs";
    return nullptr;
}

}  // namespace synap
