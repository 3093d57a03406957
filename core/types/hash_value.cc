#include "core/types/hash_value.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <unordered_set>

#include "core/base/equal_bytes.h"
#include "core/base/exhaustion.h"
#include "core/base/hash.h"
#include "core/types/packed_hash.h"

namespace synap {

HashRef::HashRef(const ValueView& value) noexcept {
    if (value.encoding == Encoding::kTree) {
        tree_ = value.tree();
        return;
    }
    const PackedHeader header = read_packed_header(value.bytes);
    count_ = header.count;
    earliest_ = header.earliest;
    elements_ = value.bytes.data() + header.bytes();
}

bool HashRef::find(std::string_view field, FieldView& out) const noexcept {
    if (tree_ != nullptr) {
        TreeEntry entry;
        if (!tree_->find(field, entry)) return false;
        out = {entry.member, entry.value, entry.deadline, entry.blob};
        return true;
    }
    const char* at = elements_;
    hash_body::Element element;
    for (unsigned i = 0; i < count_; ++i) {
        at = hash_body::read(at, element);
        if (element.field.size() != field.size() ||
            !equal_bytes(element.field.data(), field.data(), field.size())) {
            continue;
        }
        out = {element.field, element.value, element.deadline};
        return true;
    }
    return false;
}

int64_t HashRef::earliest_deadline() const noexcept {
    return tree_ != nullptr ? tree_->earliest_deadline() : earliest_;
}

uint64_t HashRef::live_size(int64_t now_ms) const noexcept {
    if (!due(now_ms)) return size();
    return size() - each_due(now_ms, std::numeric_limits<size_t>::max(), [](const FieldView&) {});
}

namespace hash_body {

bool take(ByteReader& in, Element& element) noexcept {
    uint64_t head = 0;
    uint64_t value_size = 0;
    if (!in.take_varint(head)) return false;
    element.op = static_cast<Op>(head & 3);
    if (has_value(element.op) && !in.take_varint(value_size)) return false;
    element.deadline = 0;
    if (has_deadline(element.op) && !in.take(element.deadline)) return false;
    if (element.deadline < 0 || (element.op == Op::kSetTimed && element.deadline == 0))
        return false;
    element.value = {};
    return (head >> 2) <= limits::kValueBytes && value_size <= limits::kValueBytes &&
           in.take_bytes(head >> 2, element.field) && in.take_bytes(value_size, element.value);
}

}  // namespace hash_body

namespace hash_value {
namespace {

using hash_body::Element;
using hash_body::Op;

// Redis calls a hash beyond these a hashtable, and goes on doing so.
constexpr uint64_t kListpackEntries = 512;
constexpr size_t kListpackElementBytes = 64;

bool outgrows(const Element& element) noexcept {
    return element.field.size() > kListpackElementBytes ||
           element.value.size() > kListpackElementBytes;
}

// A tree under construction or in its node.
class TreeEdit {
public:
    TreeEdit(HashTree& tree, const ValueHome& home) noexcept : tree_(tree), stripe_(home.stripe) {}

    void apply(const Element& element) {
        switch (element.op) {
            case Op::kSet:
            case Op::kSetTimed:
                tree_.put(element.field, element.value, element.deadline, stripe_);
                return;
            case Op::kRemove:
                tree_.erase(element.field, stripe_);
                return;
            case Op::kDeadline:
                tree_.set_deadline(element.field, element.deadline, stripe_);
                return;
        }
    }
    // `applied` counts them, for whoever has to know how far it came when this throws. `grown`
    // tells whether one was beyond Redis' limits, if it does not say so already.
    void apply(const char* at, uint64_t count, uint64_t& applied, bool& grown) {
        Element elements[kAtOnce];
        std::string_view fields[kAtOnce];
        for (applied = 0; applied < count;) {
            const size_t some = std::min<uint64_t>(kAtOnce, count - applied);
            for (size_t i = 0; i < some; ++i) {
                at = hash_body::read(at, elements[i]);
                fields[i] = elements[i].field;
                grown = grown || outgrows(elements[i]);
            }
            if (some > 1) tree_.prefetch({fields, some});
            for (size_t i = 0; i < some; ++i, ++applied) apply(elements[i]);
        }
    }
    void apply(const char* at, uint64_t count) {
        uint64_t applied = 0;
        bool grown = true;
        apply(at, count, applied, grown);
    }

private:
    static constexpr size_t kAtOnce = 16;  // whose cache misses overlap

    HashTree& tree_;
    const unsigned stripe_;
};

// Moves what is packed to a tree, which `made` owns from here on.
HashTree& plant(const char* elements, unsigned count, const ValueHome& home, NewValue& made) {
    HashTree* tree = HashTree::make(home.heap, home.seed, home.stripe);
    made.own(tree);
    TreeEdit(*tree, home).apply(elements, count);
    return *tree;
}

const char* check(const Body& body, bool whole) {
    if (body.argument == 0) return "a hash without fields";
    ByteReader in(body.bytes);
    Element element;
    bool timed = false;
    std::unordered_set<std::string_view> fields;
    for (uint64_t i = 0; i < body.argument; ++i) {
        if (!hash_body::take(in, element)) return "a field that does not decode";
        timed = timed || element.deadline != 0;
        if (!whole) continue;
        if (!hash_body::has_value(element.op)) return "a field without a value";
        if (!fields.insert(element.field).second) return "a field twice";
    }
    if (!in.empty()) return "more fields than it counts";
    return timed != body.timed && !body.timed ? "a deadline that it does not announce" : nullptr;
}

EditOutcome edit_tree(const ValueView& old, const Body& body, const ValueHome& home,
                      NewValue& made) {
    HashTree& tree = *old.tree();
    uint64_t applied = 0;
    try {
        TreeEdit(tree, home).apply(body.bytes.data(), body.argument, applied, made.grown);
    } catch (const std::bad_alloc&) {
        if (applied == 0) throw;
        throw HalfApplied();
    }
    made.grown = made.grown || tree.count() > kListpackEntries;
    return tree.count() == 0 ? EditOutcome::kEmpty : EditOutcome::kInPlace;
}

}  // namespace

const char* check_value(const Body& body) noexcept {
    const char* problem = "a hash that there is no memory to check";
    attempt([&] { problem = check(body, true); });
    return problem;
}

const char* check_edit(const Body& body) noexcept { return check(body, false); }

EditOutcome begin(const Body& body, const ValueHome& home, NewValue& made) {
    made.grown = body.grown || body.argument > kListpackEntries;
    PackedHash packed(made.scratch);
    const bool fits = packed.assign(body.bytes, body.argument);
    const char* at = body.bytes.data();
    Element element;
    for (uint64_t i = 0; i < body.argument && !made.grown; ++i) {
        at = hash_body::read(at, element);
        made.grown = outgrows(element);
    }
    if (fits) {
        made.bytes = packed.finish(body.timed);
    } else {
        HashTree& tree = plant(nullptr, 0, home, made);
        TreeEdit(tree, home).apply(body.bytes.data(), body.argument);
    }
    return EditOutcome::kStored;
}

EditOutcome edit(const ValueView* old, const Body& body, const ValueHome& home, NewValue& made) {
    if (old != nullptr) made.grown = old->grown;
    if (old != nullptr && old->encoding == Encoding::kTree)
        return edit_tree(*old, body, home, made);
    PackedHash packed(made.scratch);
    bool timed = body.timed;
    if (old != nullptr) timed = packed.assign(old->bytes) || timed;
    const char* at = body.bytes.data();
    Element element;
    for (uint64_t i = 0; i < body.argument; ++i) {
        at = hash_body::read(at, element);
        made.grown = made.grown || outgrows(element);
        if (packed.apply(element)) continue;
        HashTree& tree = plant(packed.elements(), packed.count(), home, made);
        TreeEdit(tree, home).apply(element.begin, body.argument - i);
        made.grown = made.grown || tree.count() > kListpackEntries;
        return tree.count() == 0 ? EditOutcome::kEmpty : EditOutcome::kStored;
    }
    if (packed.count() == 0) return EditOutcome::kEmpty;
    made.bytes = packed.finish(timed);
    return EditOutcome::kStored;
}

void copy(const ValueView& from, const ValueHome& home, NewValue& made) {
    made.grown = from.grown;
    made.bytes = from.bytes;
    if (from.encoding == Encoding::kTree) made.own(from.tree()->copy(home.stripe));
}

bool free_some(const ValueView& value, size_t& budget) noexcept {
    return value.encoding != Encoding::kTree || value.tree()->free_some(budget);
}

size_t memory(const ValueView& value) noexcept {
    return value.encoding == Encoding::kTree ? value.tree()->memory() : 0;
}

std::string_view encoding(const ValueView& value) noexcept {
    return value.grown ? "hashtable" : "listpack";
}

int64_t earliest(const ValueView& value) noexcept {
    return value.encoding == Encoding::kTree ? value.tree()->earliest_deadline()
                                             : read_packed_header(value.bytes).earliest;
}

bool body(const ValueView& value, Body& body) noexcept {
    if (value.encoding == Encoding::kTree) return false;
    const PackedHeader header = read_packed_header(value.bytes);
    body = {};
    body.argument = header.count;
    body.bytes = value.bytes.substr(header.bytes());
    body.grown = value.grown;
    body.timed = header.earliest != 0;
    return true;
}

uint64_t digest(const ValueView& value) noexcept {
    uint64_t sum = 0;
    HashRef(value).for_each([&](const FieldView& field) noexcept {
        const uint64_t words[] = {hash_bytes(field.field), hash_bytes(field.value),
                                  static_cast<uint64_t>(field.deadline)};
        sum += hash_bytes({reinterpret_cast<const char*>(words), sizeof words});
    });
    return sum;
}

}  // namespace hash_value
}  // namespace synap
