// Hashes: fields with values, each with a deadline or without. Small ones stand packed in their
// node, large ones are trees.
//
// Body of a value: `argument` elements that set fields, each field once. Body of an edit:
// `argument` elements of any op. See hash_body.h.
//
// In a node: count and flag:u8 (bit 7: some field has a deadline), earliest:i64 where it is
// flagged, then elements that set fields, in the order in which they came.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/types/hash_body.h"
#include "core/types/tree/hash_tree.h"
#include "core/types/type_ops.h"

namespace synap {

struct FieldView {
    std::string_view field;
    std::string_view value;
    int64_t deadline = 0;
    Blob* blob = nullptr;  // that the value is, if any

    bool expired(int64_t now_ms) const noexcept { return deadline != 0 && deadline <= now_ms; }
};

// Reads a hash, of a key or of none: then it is empty. Fields past their deadline are still there.
// Views are valid until the slot changes.
class HashRef {
public:
    HashRef() = default;
    explicit HashRef(const ValueView& value) noexcept;
    template <typename Node>
    explicit HashRef(const Node* node) noexcept {
        if (node != nullptr) *this = HashRef(node->value());
    }

    bool find(std::string_view field, FieldView& out) const noexcept;
    // As find, but for fields past their deadline, which are as good as absent.
    bool find_live(std::string_view field, int64_t now_ms, FieldView& out) const noexcept {
        return find(field, out) && !out.expired(now_ms);
    }
    uint64_t size() const noexcept { return tree_ != nullptr ? tree_->count() : count_; }
    // Without those past their deadline, of which each is visited.
    uint64_t live_size(int64_t now_ms) const noexcept;
    int64_t earliest_deadline() const noexcept;  // 0: no field has one
    bool due(int64_t now_ms) const noexcept {
        return earliest_deadline() != 0 && earliest_deadline() <= now_ms;
    }

    // Calls see(FieldView) for each.
    template <typename See>
    void for_each(See&& see) const {
        if (tree_ != nullptr) return for_each_in_tree(see);
        const char* at = elements_;
        hash_body::Element element;
        for (unsigned i = 0; i < count_; ++i) {
            at = hash_body::read(at, element);
            see(FieldView{element.field, element.value, element.deadline});
        }
    }
    // Calls see(FieldView) for up to `most` fields whose deadline has passed; returns how many.
    // O(most log size) of a large hash.
    template <typename See>
    size_t each_due(int64_t now_ms, size_t most, See&& see) const {
        size_t seen = 0;
        if (tree_ != nullptr) {
            tree_->each_due(now_ms, most, [&](const TreeEntry& entry) {
                see(FieldView{entry.member, entry.value, entry.deadline, entry.blob});
                ++seen;
            });
            return seen;
        }
        if (!due(now_ms)) return 0;
        for_each([&](const FieldView& field) {
            if (seen == most || !field.expired(now_ms)) return;
            see(field);
            ++seen;
        });
        return seen;
    }
    // Before many fields are looked for: lets the cache misses of all of them overlap.
    void prefetch(std::span<const std::string_view> fields) const noexcept {
        if (tree_ != nullptr) tree_->prefetch(fields);
    }
    // Null where the hash is packed.
    HashTree* tree() const noexcept { return tree_; }

private:
    template <typename See>
    void for_each_in_tree(See&& see) const {
        const HashTreeRef all = tree_->share();
        HashTreeRef::Cursor cursor = all.begin();
        TreeEntry entry;
        while (cursor.next(entry))
            see(FieldView{entry.member, entry.value, entry.deadline, entry.blob});
    }

    HashTree* tree_ = nullptr;
    const char* elements_ = nullptr;
    unsigned count_ = 0;
    int64_t earliest_ = 0;
};

// A large hash as bodies of at most limits::kEffectBodyBytes each, or of one element: the first
// begins the value, the others are edits. Calls see(const Body&) until it answers false, and then
// answers false. From any thread.
template <typename See>
bool write_bodies(const HashTreeRef& hash, bool grown, std::string& scratch, See&& see) {
    HashTreeRef::Cursor cursor = hash.begin();
    TreeEntry entry;
    Body body;
    const auto hand_over = [&] {
        body.bytes = scratch;
        body.grown = grown;
        const bool go_on = see(static_cast<const Body&>(body));
        scratch.clear();
        body = {};
        return go_on;
    };
    scratch.clear();
    while (cursor.next(entry)) {
        const auto element = hash_body::set(entry.member, entry.value, entry.deadline);
        const size_t size = hash_body::size_of(element);
        if (body.argument != 0 && scratch.size() + size > limits::kEffectBodyBytes) {
            if (!hand_over()) return false;
        }
        hash_body::append(scratch, element);
        body.timed = body.timed || entry.deadline != 0;
        ++body.argument;
    }
    return body.argument == 0 || hand_over();
}

namespace hash_value {

const char* check_value(const Body& body) noexcept;
const char* check_edit(const Body& body) noexcept;
EditOutcome begin(const Body& body, const ValueHome& home, NewValue& made);
EditOutcome edit(const ValueView* old, const Body& body, const ValueHome& home, NewValue& made);
void copy(const ValueView& from, const ValueHome& home, NewValue& made);
bool free_some(const ValueView& value, size_t& budget) noexcept;
size_t memory(const ValueView& value) noexcept;
std::string_view encoding(const ValueView& value) noexcept;
int64_t earliest(const ValueView& value) noexcept;
bool body(const ValueView& value, Body& body) noexcept;
uint64_t digest(const ValueView& value) noexcept;

}  // namespace hash_value

inline constexpr TypeOps kHashOps{
    ValueType::kHash,
    "hash",
    true,
    hash_value::check_value,
    hash_value::check_edit,
    hash_value::begin,
    hash_value::edit,
    hash_value::copy,
    hash_value::free_some,
    hash_value::memory,
    hash_value::encoding,
    hash_value::earliest,
    hash_value::body,
    hash_value::digest,
};

}  // namespace synap
