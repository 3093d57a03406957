#include "core/types/tree/hash_tree.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "core/base/assert.h"
#include "core/types/tree/hash_split.h"
#include "core/types/tree/lookup.h"

namespace synap {
namespace {

// An entry that is to be stored. Makes the blob that it needs; keeps it unless it is taken.
class NewItem {
public:
    NewItem(std::string_view member, std::string_view value, int64_t deadline, uint64_t hash) {
        item_.member = member;
        item_.value = value;
        item_.deadline = deadline;
        item_.stored_hash = hash;
        if (member.size() + value.size() > limits::kTreeInlineBytes) make_blob();
        item_.bytes = item_.encoded_bytes();
    }
    NewItem(const NewItem&) = delete;
    NewItem& operator=(const NewItem&) = delete;
    ~NewItem() {
        if (item_.blob != nullptr) item_.blob->release();
    }
    const HashItem& get() const noexcept { return item_; }
    size_t blob_bytes() const noexcept { return item_.blob == nullptr ? 0 : item_.blob->memory(); }
    void taken() noexcept { item_.blob = nullptr; }

private:
    void make_blob() {
        if (item_.member.size() <= HashItem::kInlineMember) {
            item_.blob = Blob::copy(item_.value);
            item_.kind = HashItem::kValueInBlob;
            return;
        }
        const size_t size = item_.member.size();
        item_.blob = Blob::make(size + item_.value.size(), size + item_.value.size());
        std::memcpy(item_.blob->data(), item_.member.data(), size);
        if (!item_.value.empty()) {
            std::memcpy(item_.blob->data() + size, item_.value.data(), item_.value.size());
        }
        item_.kind = HashItem::kAllInBlob;
    }

    HashItem item_;
};

}  // namespace

HashTree* HashTree::make(Heap& heap, HashOrder order, unsigned stripe) {
    void* memory = not_null(heap.allocate(kHeaderBytes, stripe));
    return new (memory) HashTree(heap, order);
}

bool HashTree::find(std::string_view member, TreeEntry& out) const noexcept {
    return find_below(tree_.root(), order_.hash(member), member, out);
}

void HashTree::find_many(std::span<const std::string_view> members, TreeEntry* out,
                         bool* found) const {
    if (tree_.root() == nullptr) {
        std::fill_n(found, members.size(), false);
        return;
    }
    look_up_in_batches(tree_.root(), order_, members,
                       [&](const LookupBatch& batch, auto part, size_t begin) {
                           for (size_t i = 0; i < part.size(); ++i) {
                               const HashLeaf* leaf = batch.leaf(i);
                               const uint32_t at = leaf->find(batch.hash(i), part[i]);
                               found[begin + i] = at != HashLeaf::kNone;
                               if (at != HashLeaf::kNone) out[begin + i] = leaf->item(at).entry();
                           }
                       });
}

void HashTree::prefetch(std::span<const std::string_view> members) const noexcept {
    if (tree_.root() == nullptr) return;
    look_up_in_batches(tree_.root(), order_, members, [](const LookupBatch&, auto, size_t) {});
}

bool HashTree::put(std::string_view member, std::string_view value, int64_t deadline,
                   unsigned stripe) {
    const uint64_t hash = order_.hash(member);
    NewItem fresh(member, value, deadline, hash);
    const HashItem& item = fresh.get();
    if (tree_.root() == nullptr) {
        auto* leaf =
            not_null(HashLeaf::make(tree_.heap(), HashLeaf::needed(1, item.bytes), stripe));
        leaf->append(item, hash);
        tree_.plant(leaf, internal_deadline(deadline));
        tree_.add_blobs(fresh.blob_bytes());
        fresh.taken();
        ++count_;
        return true;
    }
    Path path;
    tree_.locate(HashOrder::key(hash), path);
    const uint32_t at = path.leaf->find(hash, member);
    tree_.own(path, stripe);
    if (deadline != 0) tree_.time(path, stripe);
    Blob* replaced = at == HashLeaf::kNone ? nullptr : path.leaf->item(at).blob;
    place(path, at, item, hash, stripe);
    tree_.add_blobs(fresh.blob_bytes());
    fresh.taken();
    if (replaced != nullptr) {
        tree_.remove_blobs(replaced->memory());
        replaced->release();
    }
    if (at == HashLeaf::kNone) ++count_;
    return at == HashLeaf::kNone;
}

void HashTree::place(Path& path, uint32_t at, const HashItem& item, uint64_t hash,
                     unsigned stripe) {
    HashLeaf* leaf = path.leaf;
    const bool added = at == HashLeaf::kNone;
    const HashItem old = added ? HashItem{} : leaf->item(at);
    const uint32_t old_bytes = old.bytes;
    const int64_t known = tree_.known_earliest(path);
    int64_t earliest = std::min(known, internal_deadline(item.deadline));
    const bool was_earliest = old.deadline != 0 && old.deadline == known;
    if (old_bytes == item.bytes) {
        leaf->rewrite(at, item);
    } else if (leaf->has_room(added ? 1 : 0, item.bytes)) {
        added ? leaf->append(item, hash) : leaf->rewrite(at, item);
    } else {
        const size_t needed = HashLeaf::needed(leaf->count + (added ? 1 : 0),
                                               leaf->entry_bytes() - old_bytes + item.bytes);
        if (needed > limits::kTreeLeafBytes) return split(path, at, item, hash, stripe);
        HashLeaf* roomy = not_null(HashLeaf::make(tree_.heap(), needed, stripe));
        roomy->append_all(*leaf, at);
        roomy->append(item, hash);
        tree_.replace(path, roomy);
    }
    if (was_earliest) earliest = path.leaf->earliest();
    tree_.settle(path, earliest);
    if (item.bytes < old_bytes) tree_.tend(path, stripe);
}

// The item does not fit into the leaf of the path any more.
void HashTree::split(Path& path, uint32_t at, const HashItem& item, uint64_t hash,
                     unsigned stripe) {
    using Piece = CowTree<HashLeaf>::Piece;
    Heap& heap = tree_.heap();
    HashLeaf* leaf = path.leaf;
    Piece pieces[CowTree<HashLeaf>::kPieces];
    uint32_t made = 0;
    const auto grow = [&] {
        const bool added = at == HashLeaf::kNone;
        const size_t old_bytes = added ? 0 : leaf->item(at).bytes;
        const size_t needed = HashLeaf::needed(leaf->count + (added ? 1 : 0),
                                               leaf->entry_bytes() - old_bytes + item.bytes);
        HashLeaf* larger = not_null(HashLeaf::make(heap, needed, stripe));
        larger->append_all(*leaf, at);
        larger->append(item, hash);
        tree_.replace(path, larger);
        tree_.settle(path, larger->earliest());
    };
    const HashLeaf::Key key = HashOrder::key(hash);
    if (leaf->bytes() > limits::kTreeLeafBytes) {  // all of one hash
        const HashLeaf::Key theirs = HashOrder::key(leaf->item(0).hash(order_));
        if (key == theirs) return grow();
        tree_.make_room(path, stripe);
        auto* alone = not_null(HashLeaf::make(heap, HashLeaf::needed(1, item.bytes), stripe));
        alone->append(item, hash);
        const bool below = key < theirs;
        pieces[below ? 0 : 1] = {alone, key, alone->earliest()};
        pieces[below ? 1 : 0] = {leaf, theirs, leaf->earliest()};
        return tree_.replace(path, pieces, 2);
    }
    const HashSplit parts(*leaf, at, item, hash, order_, tree_.rightmost(path));
    if (parts.pieces() == 1) return grow();
    tree_.make_room(path, stripe);
    for (; made < parts.pieces(); ++made) {
        HashLeaf* part = parts.make(made, heap, stripe);
        if (part == nullptr) {
            while (made > 0) free_node(heap, pieces[--made].leaf);
            throw std::bad_alloc();
        }
        pieces[made] = {part, parts.key(made), part->earliest()};
    }
    tree_.replace(path, pieces, made);
}

bool HashTree::erase(std::string_view member, unsigned stripe) {
    if (tree_.root() == nullptr) return false;
    const uint64_t hash = order_.hash(member);
    Path path;
    tree_.locate(HashOrder::key(hash), path);
    const uint32_t at = path.leaf->find(hash, member);
    if (at == HashLeaf::kNone) return false;
    tree_.own(path, stripe);
    const HashItem old = path.leaf->item(at);
    path.leaf->remove(at);
    --count_;
    if (old.deadline != 0 && old.deadline == tree_.known_earliest(path)) {
        tree_.settle(path, path.leaf->earliest());
    }
    tree_.tend(path, stripe);
    if (old.blob != nullptr) {  // last, as the member may point into it
        tree_.remove_blobs(old.blob->memory());
        old.blob->release();
    }
    return true;
}

bool HashTree::set_deadline(std::string_view member, int64_t deadline, unsigned stripe) {
    if (tree_.root() == nullptr) return false;
    const uint64_t hash = order_.hash(member);
    Path path;
    tree_.locate(HashOrder::key(hash), path);
    const uint32_t at = path.leaf->find(hash, member);
    if (at == HashLeaf::kNone) return false;
    if (path.leaf->item(at).deadline == deadline) return true;
    tree_.own(path, stripe);
    if (deadline != 0) tree_.time(path, stripe);
    HashItem item = path.leaf->item(at);
    // The entry is written over itself, or elsewhere into the same leaf: from a copy.
    char inline_bytes[limits::kTreeInlineBytes];
    const auto keep = [&](std::string_view& text, char* to) {
        if (!text.empty()) std::memcpy(to, text.data(), text.size());
        text = {to, text.size()};
    };
    if (item.kind != HashItem::kAllInBlob) keep(item.member, inline_bytes);
    if (item.kind == HashItem::kInline) keep(item.value, inline_bytes + item.member.size());
    item.deadline = deadline;
    item.bytes = item.encoded_bytes();
    place(path, at, item, hash, stripe);
    return true;
}

bool HashTree::next_due(int64_t now, TreeEntry& out) const noexcept {
    bool any = false;
    each_due(now, 1, [&](const TreeEntry& entry) {
        out = entry;
        any = true;
    });
    return any;
}

bool random_entry(const TreeNode* root, uint64_t count, uint64_t random, TreeEntry& out) noexcept {
    if (root == nullptr) return false;
    constexpr int kTries = 12;
    constexpr double kDensest = 2;  // of leaves, against the whole; see the header
    constexpr double kHashes = 4294967296.0;
    const auto draw = [&random]() noexcept {  // splitmix64
        uint64_t z = (random += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    };
    for (int i = 1;; ++i) {
        const uint64_t drawn = draw();
        const LeafRange<HashLeaf> range(root, static_cast<uint32_t>(drawn >> 32));
        const double low = range.has_low ? range.low : 0.0;
        const double width = (range.has_high ? range.high : kHashes) - low;
        const double density = range.leaf->count / width * (kHashes / static_cast<double>(count));
        const double chance = density / kDensest;
        if (i<kTries&& static_cast<double>(static_cast<uint32_t>(drawn))> chance * kHashes) {
            continue;
        }
        const uint64_t at = ((draw() >> 32) * range.leaf->count) >> 32;
        out = range.leaf->item(static_cast<uint32_t>(at)).entry();
        return true;
    }
}

HashTreeRef HashTree::share() const noexcept {
    HashTreeRef ref;
    ref.root_ = tree_.shared_root();
    ref.heap_ = &tree_.heap();
    ref.order_ = order_;
    ref.count_ = count_;
    ref.memory_ = memory();
    ref.earliest_ = tree_.earliest();
    return ref;
}

HashTree* HashTree::copy(unsigned stripe) const {
    HashTree* tree = make(tree_.heap(), order_, stripe);
    tree->tree_.adopt(tree_);
    tree->count_ = count_;
    return tree;
}

bool HashTree::free_some(size_t& budget) noexcept {
    if (!tree_.free_some(reaper_, budget)) return false;
    Heap& heap = tree_.heap();
    this->~HashTree();
    heap.free(this, kHeaderBytes);
    return true;
}

void HashTree::free(HashTree* tree) noexcept {
    size_t budget = 0;
    do {
        budget = std::numeric_limits<size_t>::max();
    } while (!tree->free_some(budget));
}

}  // namespace synap
