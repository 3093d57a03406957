// A large hash or set: a counted, copy-on-write B+ tree of packed leaves in the order of 32 bits of
// the members' hashes. A set leaves the values empty.
//
// HashTree is the mutable value. One owner (a key) has it, and the lock of its slot guards every
// member function, but for free_some() and memory() once no key has it any more. share() and copy()
// take the whole value in constant time: one reference to the root. While others have references a
// writer copies the nodes on its path, and only those; what is shared never changes.
//
// Memory: nodes come from the heap, which must outlive every tree and every reference.
// memory() is exact and O(1): what the tree reaches, shared or not, as if it were the only one.
// What only references still hold, and no tree, is counted by Heap::shared_bytes(): the sum of all
// memory() and of shared_bytes() is what the nodes really take. What writers had to copy, as others
// held the nodes, is superseded_bytes() until those go. Entries of more than
// limits::kTreeInlineBytes stand in blobs; a blob that only a reference holds is counted nowhere.
//
// Cost: O(log n) unless said otherwise. Nothing depends on the size of the whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>

#include "core/base/heap.h"
#include "core/types/blob.h"
#include "core/types/tree/cow_tree.h"
#include "core/types/tree/cursors.h"
#include "core/types/tree/hash_leaf.h"
#include "core/types/tree/reaper.h"

namespace synap {

// What scan() of a tree and of a reference do.
template <typename See>
uint64_t scan_leaves(const TreeNode* root, uint64_t cursor, size_t count, See&& see) {
    if (root == nullptr || cursor > std::numeric_limits<HashLeaf::Key>::max()) return 0;
    for (size_t seen = 0;;) {
        const LeafRange<HashLeaf> found(root, static_cast<HashLeaf::Key>(cursor));
        for (uint32_t i = 0; i < found.leaf->count; ++i) see(found.leaf->item(i).entry());
        seen += found.leaf->count;
        if (!found.has_high) return 0;
        cursor = found.high;
        if (seen >= count) return cursor;
    }
}

// What random() of a tree and of a reference do.
bool random_entry(const TreeNode* root, uint64_t count, uint64_t random, TreeEntry& out) noexcept;

// All entries of a hash tree as they were when share() was called.
//
// Thread safety: as a value, from any thread, also while the tree changes. Movable, not copyable.
// The last reference to a tree that is gone frees its nodes: in bounded steps by free_some(), all
// at once by the destructor.
class HashTreeRef {
public:
    HashTreeRef() = default;
    HashTreeRef(HashTreeRef&& other) noexcept { *this = std::move(other); }
    HashTreeRef& operator=(HashTreeRef&& other) noexcept;
    ~HashTreeRef() { free_all(); }

    uint64_t count() const noexcept { return count_; }
    size_t memory() const noexcept { return memory_; }
    int64_t earliest_deadline() const noexcept { return external_deadline(earliest_); }  // 0: none
    // Of the heap's nodes, those that no tree has any more: this and other references hold them.
    size_t orphaned_bytes() const noexcept {
        const int64_t bytes = heap_ == nullptr ? 0 : heap_->shared_bytes();
        return bytes > 0 ? static_cast<size_t>(bytes) : 0;
    }

    // Views into entries live as long as the reference.
    bool find(std::string_view member, TreeEntry& out) const noexcept;

    // All entries, in the order of the tree. As long as the reference lives.
    class Cursor {
    public:
        bool next(TreeEntry& out) noexcept;

    private:
        friend class HashTreeRef;
        explicit Cursor(const TreeNode* root) noexcept : leaves_(root) {}

        LeafCursor<HashLeaf> leaves_;
        const HashLeaf* leaf_ = nullptr;
        uint32_t at_ = 0;
    };
    Cursor begin() const noexcept { return Cursor(root_); }

    // As HashTree::random().
    bool random(uint64_t random, TreeEntry& out) const noexcept {
        return random_entry(root_, count_, random, out);
    }
    // As HashTree::scan().
    template <typename See>
    uint64_t scan(uint64_t cursor, size_t count, See&& see) const {
        return scan_leaves(root_, cursor, count, std::forward<See>(see));
    }

    // Gives back at most about `budget` entries' worth, counting it down; true when nothing is left
    // of what this reference held.
    bool free_some(size_t& budget) noexcept;

private:
    friend class HashTree;
    void free_all() noexcept;

    TreeNode* root_ = nullptr;
    Heap* heap_ = nullptr;
    HashOrder order_;
    uint64_t count_ = 0;
    size_t memory_ = 0;
    int64_t earliest_ = kNoDeadline;
    NodeReaper<HashLeaf> reaper_;
};

class HashTree {
public:
    // Empty. `seed` is that of the history, so that cursors of scan() survive restart and failover.
    // Throws std::bad_alloc.
    static HashTree* make(Heap& heap, uint64_t seed, unsigned stripe) {
        return make(heap, HashOrder{seed, ~uint64_t{0}}, stripe);
    }
    // For tests: hashes that are masked collide.
    static HashTree* make(Heap& heap, HashOrder order, unsigned stripe);
    HashTree(const HashTree&) = delete;
    HashTree& operator=(const HashTree&) = delete;

    // Views into entries are valid until the next change.
    bool find(std::string_view member, TreeEntry& out) const noexcept;
    // As find() for each, with the cache misses of all of them overlapping: found[i].
    void find_many(std::span<const std::string_view> members, TreeEntry* out, bool* found) const;
    // Brings what find(), put() and erase() of these members will touch into the cache.
    void prefetch(std::span<const std::string_view> members) const noexcept;

    // Writers throw std::bad_alloc, with no entry changed. Deadline 0: none. What they are given
    // must not stand in the tree itself. True: inserted; false: replaced.
    bool put(std::string_view member, std::string_view value, int64_t deadline, unsigned stripe);
    // True: it was there. What is not there copies nothing.
    bool erase(std::string_view member, unsigned stripe);
    bool set_deadline(std::string_view member, int64_t deadline, unsigned stripe);

    uint64_t count() const noexcept { return count_; }
    size_t memory() const noexcept { return tree_.memory() + kHeaderBytes; }
    int64_t earliest_deadline() const noexcept { return external_deadline(tree_.earliest()); }

    // Some entry whose deadline is not after `now`.
    bool next_due(int64_t now, TreeEntry& out) const noexcept;
    // see(const TreeEntry&) of up to `most` of them; O(log n) for each leaf that has one.
    template <typename See>
    void each_due(int64_t now, size_t most, See&& see) const {
        DueCursor<HashLeaf> due(tree_.root(), tree_.earliest(), now);
        while (most > 0) {
            const HashLeaf* leaf = due.next();
            if (leaf == nullptr) return;
            for (uint32_t i = 0; i < leaf->count && most > 0; ++i) {
                const HashItem item = leaf->item(i);
                if (item.deadline == 0 || item.deadline > now) continue;
                see(item.entry());
                --most;
            }
        }
    }

    // An entry drawn with `random`, each with about the same chance: a leaf is drawn by a point
    // among the hashes and refused in proportion to how sparsely it is filled. Leaves more than
    // twice as dense as the whole come short; with some dozen entries to a leaf that is nothing,
    // with the largest entries, of which a leaf holds three, an entry's chance is within a third of
    // its due. False when empty.
    bool random(uint64_t random, TreeEntry& out) const noexcept {
        return random_entry(tree_.root(), count_, random, out);
    }

    // Whole leaves from `cursor` on until `count` entries were seen; answers where to go on, 0 at
    // the end. Start with 0. An entry that is there from the first call to the last is seen,
    // however the tree changes in between; it may be seen twice.
    template <typename See>
    uint64_t scan(uint64_t cursor, size_t count, See&& see) const {
        return scan_leaves(tree_.root(), cursor, count, std::forward<See>(see));
    }

    HashTreeRef share() const noexcept;     // O(1)
    HashTree* copy(unsigned stripe) const;  // O(1); throws std::bad_alloc

    // For whoever has the tree last. Gives back at most about `budget` entries' worth, counting it
    // down, and memory() with it; true when all is gone, and this object too.
    bool free_some(size_t& budget) noexcept;
    static void free(HashTree* tree) noexcept;  // all at once

    // For whoever collects trees that are to be freed.
    HashTree* next_garbage = nullptr;

    // For tests: walks everything, and answers what does not hold, or null.
    const char* check() const;

private:
    static constexpr size_t kHeaderBytes = 128;
    using Path = CowTree<HashLeaf>::Path;

    HashTree(Heap& heap, HashOrder order) noexcept : tree_(heap), order_(order) {}
    ~HashTree() = default;

    // Puts an item at its place in the leaf of the path, which is owned: instead of the entry at
    // `at`, or as a new one.
    void place(Path& path, uint32_t at, const HashItem& item, uint64_t hash, unsigned stripe);
    void split(Path& path, uint32_t at, const HashItem& item, uint64_t hash, unsigned stripe);

    CowTree<HashLeaf> tree_;
    HashOrder order_;
    uint64_t count_ = 0;
    NodeReaper<HashLeaf> reaper_;
};

static_assert(heap_size(sizeof(HashTree)) <= 128);

}  // namespace synap
