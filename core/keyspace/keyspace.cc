#include "core/keyspace/keyspace.h"

#include <algorithm>
#include <mutex>
#include <new>

#include "core/base/assert.h"
#include "core/types/hash_value.h"
#include "core/types/registry.h"

namespace synap {
namespace {

constexpr uint8_t kFrequencyOfNew = 5;  // a new key is not the first to go

constexpr size_t kFreedAtOnce = 256;  // elements of a value that goes; the rest, later

}  // namespace

Keyspace::Keyspace(unsigned slot_bits, uint64_t hash_seed, std::shared_ptr<Heap> heap)
    : slot_bits_(slot_bits),
      hash_seed_(hash_seed),
      secret_(make_hash_secret(hash_seed)),
      tree_seed_(hash_key(secret_, 0, "order of hashes")),
      shared_heap_(std::move(heap)),
      slots_(std::make_unique<Slot[]>(slot_count())),
      deadlines_(std::make_unique<Deadlines[]>(slot_count())),
      watches_(std::make_unique<Watch*[]>(slot_count())),
      last_positions_(std::make_unique<uint64_t[]>(slot_count())) {
    SYNAP_ASSERT(slot_bits >= limits::kSlotBitsMin && slot_bits <= limits::kSlotBitsMax);
    for (unsigned i = 0; i < limits::kDatabases; ++i) databases_[i] = static_cast<uint8_t>(i);
    accounts_.add_bytes(0, static_cast<int64_t>(slots_bytes()));
}

Keyspace::~Keyspace() {
    for (uint32_t i = 0; i < slot_count(); ++i) {
        Table& table = slots_[i].table;
        table.for_each([&](Cell cell) noexcept { free_node(cell_node(cell)); });
        table.free(heap_);
    }
}

void Keyspace::apply(const Effect& effect, unsigned stripe) {
    switch (effect.kind) {
        case EffectKind::kValue:
            return apply_value(effect, stripe);
        case EffectKind::kEdit:
            return apply_edit(effect, stripe);
        case EffectKind::kDeadline:
            return apply_deadline(effect, stripe);
        case EffectKind::kMove:
        case EffectKind::kCopy:
            return apply_copy(effect, stripe);
        case EffectKind::kDelete: {
            Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
            touch(effect.hash, effect.name_space, effect.key, effect.reason == Reason::kExpired);
            if (cell != nullptr) remove(slot_index(effect.hash), cell, stripe);
            return;
        }
        case EffectKind::kFlush:
            for (uint32_t i = 0; i < slot_count(); ++i) {
                flush_slot(i, effect.name_space, stripe);
            }
            return;
        case EffectKind::kSwap:
            for (auto& database : databases_) {
                const uint8_t name_space = database.load(std::memory_order_relaxed);
                if (name_space == effect.name_space) {
                    database.store(effect.other_name_space, std::memory_order_relaxed);
                } else if (name_space == effect.other_name_space) {
                    database.store(effect.name_space, std::memory_order_relaxed);
                }
            }
            swap_watches(effect.name_space, effect.other_name_space);
            return;
    }
    SYNAP_ASSERT(!"unknown effect reached memory");
}

void Keyspace::account_node(const Node& node, int sign, unsigned stripe) noexcept {
    accounts_.add_bytes(stripe, sign * static_cast<int64_t>(node.memory()));
    accounts_.count_key(stripe, node.name_space(), node.has_deadline(), sign);
}

void Keyspace::reserve(uint64_t hash, bool with_deadline, unsigned stripe) {
    Slot& slot = slot_of(hash);
    accounts_.add_bytes(stripe, slot.reserve_cell(heap_, stripe));
    if (with_deadline) reserve_due(hash, stripe);
}

void Keyspace::reserve_due(uint64_t hash, unsigned stripe) {
    accounts_.add_bytes(stripe, deadlines_[slot_index(hash)].reserve(slot_of(hash).table));
}

// What a node's value holds beside it goes with it: at once where that is little.
void Keyspace::free_node(Node* node) noexcept {
    if (is_reference(node->encoding())) {
        const ValueView value = node->value();
        size_t budget = kFreedAtOnce;
        if (!ops_of(value).free_some(value, budget)) garbage_.add(value);
    }
    Node::free(node, heap_);
}

// Keeps the slot's heap of hints up to date with what a node has become.
void Keyspace::note_due(uint64_t hash, int64_t before, int64_t after) noexcept {
    Deadlines& deadlines = deadlines_[slot_index(hash)];
    deadlines.count_node(before, -1);
    deadlines.count_node(after, 1);
    // A counter with a deadline is written often: the heap holds its one entry already.
    if (stands_in_heap(after) && after != before) deadlines.push(tag(hash), after);
}

void Keyspace::replace(uint64_t hash, Cell* cell, Node* node, unsigned stripe) noexcept {
    int64_t due_before = 0;
    if (cell != nullptr) {
        Node* old = cell_node(*cell);
        account_node(*old, -1, stripe);
        due_before = old->due_at();
        *cell = make_cell(tag(hash), node);
        free_node(old);
    } else {
        slot_of(hash).insert(tag(hash), node);
    }
    account_node(*node, 1, stripe);
    note_due(hash, due_before, node->due_at());
}

void Keyspace::mark_write(Node& node, const Node* old) noexcept {
    node.set_access(seconds(), old == nullptr ? kFrequencyOfNew : old->frequency());
}

void Keyspace::remove(uint32_t index, Cell* cell, unsigned stripe) noexcept {
    Slot& slot = slots_[index];
    Node* node = cell_node(*cell);
    account_node(*node, -1, stripe);
    deadlines_[index].count_node(node->due_at(), -1);
    slot.erase(cell);
    free_node(node);
    accounts_.add_bytes(stripe, slot.shrink(heap_, stripe));
}

// The common overwrite: what stands in the node stays there, and so do deadline and size class.
// Nothing can fail.
bool Keyspace::store_in_place(Node& node, const NewValue& made, const Node::Shape& shape,
                              int64_t deadline) noexcept {
    const bool fits = node.deadline() == deadline && !is_reference(node.encoding()) &&
                      !made.owns() && heap_size(node.shape().bytes()) == heap_size(shape.bytes());
    if (!fits) return false;
    node.reshape(shape);
    node.set_value(made.bytes);
    mark_write(node, &node);
    return true;
}

void Keyspace::store(const Effect& effect, NewValue& made, int64_t deadline, unsigned stripe) {
    const Node::Shape shape{effect.name_space,
                            effect.type,
                            made.encoding,
                            deadline != 0,
                            made.grown,
                            static_cast<uint32_t>(effect.key.size()),
                            static_cast<uint32_t>(made.bytes.size())};
    const ValueView value{effect.type, made.encoding, made.grown, made.bytes};
    const int64_t due_at = sooner(deadline, element_due_at(value));
    Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
    const int64_t due_before = cell == nullptr ? 0 : cell_node(*cell)->due_at();
    if (cell != nullptr && due_before == due_at &&
        store_in_place(*cell_node(*cell), made, shape, deadline)) {
        return touch(effect);
    }
    reserve(effect.hash, stands_in_heap(due_at) && due_at != due_before, stripe);
    Node* node = Node::make(shape, heap_, stripe);
    if (deadline != 0) node->set_deadline(deadline);
    node->set_key(effect.key);
    node->set_value(made.bytes);
    made.release();
    cell = find_cell(effect.hash, effect.name_space, effect.key);
    mark_write(*node, cell == nullptr ? nullptr : cell_node(*cell));
    replace(effect.hash, cell, node, stripe);
    touch(effect);
}

ValueHome Keyspace::home(unsigned stripe) noexcept { return {heap_, stripe, tree_seed_}; }

void Keyspace::apply_value(const Effect& effect, unsigned stripe) {
    NewValue made;
    ops_of(effect.type).begin(effect.body, home(stripe), made);
    store(effect, made, effect.expires_at, stripe);
}

void Keyspace::apply_edit(const Effect& effect, unsigned stripe) {
    const TypeOps& ops = ops_of(effect.type);
    Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
    Node* node = cell == nullptr ? nullptr : cell_node(*cell);
    SYNAP_ASSERT(node == nullptr || node->type() == effect.type);
    NewValue made;
    if (node == nullptr) {
        if (ops.edit(nullptr, effect.body, home(stripe), made) == EditOutcome::kEmpty) return;
        return store(effect, made, 0, stripe);
    }
    const ValueView old = node->value();
    const int64_t due_before = node->due_at();
    const auto memory_before = static_cast<int64_t>(node->memory());
    if (is_reference(old.encoding) && (effect.body.timed || due_before != 0)) {
        reserve_due(effect.hash, stripe);
    }
    const auto note_change = [&] {
        accounts_.add_bytes(stripe, static_cast<int64_t>(node->memory()) - memory_before);
        note_due(effect.hash, due_before, node->due_at());
    };
    EditOutcome outcome;
    try {
        outcome = ops.edit(&old, effect.body, home(stripe), made);
    } catch (const HalfApplied&) {
        note_change();
        throw;
    }
    switch (outcome) {
        case EditOutcome::kStored:
            return store(effect, made, node->deadline(), stripe);
        case EditOutcome::kInPlace:
            note_change();
            node->set_grown(made.grown);
            mark_write(*node, node);
            return touch(effect);
        case EditOutcome::kEmpty:
            note_change();
            remove(slot_index(effect.hash), cell, stripe);
            return touch(effect);
    }
}

// A copy of a node under another key or deadline, with the value that `made` is.
Node* Keyspace::clone(const Node& from, const NewValue& made, uint8_t name_space,
                      std::string_view key, int64_t deadline, unsigned stripe) {
    Node::Shape shape = from.shape();
    shape.name_space = name_space;
    shape.key_size = static_cast<uint32_t>(key.size());
    shape.has_deadline = deadline != 0;
    Node* node = Node::make(shape, heap_, stripe);
    if (deadline != 0) node->set_deadline(deadline);
    node->set_key(key);
    node->set_value(made.bytes);
    node->set_access(from.last_access(), from.frequency());
    return node;
}

void Keyspace::apply_deadline(const Effect& effect, unsigned stripe) {
    Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
    if (cell == nullptr) return;  // replayed behind a delete that a snapshot contains
    reserve_due(effect.hash, stripe);
    Node* node = cell_node(*cell);
    if (node->has_deadline() == (effect.expires_at != 0)) {
        const int64_t due_before = node->due_at();
        if (node->has_deadline()) node->set_deadline(effect.expires_at);
        note_due(effect.hash, due_before, node->due_at());
    } else {
        change_node(*cell, effect, stripe);
    }
    touch(effect);
}

// The value goes on in a node that has, or lacks, room for a deadline.
void Keyspace::change_node(Cell& cell, const Effect& effect, unsigned stripe) {
    Node* const old = cell_node(cell);
    NewValue same;
    same.bytes = old->inline_value();  // moves to the other node, references too
    Node* node = clone(*old, same, effect.name_space, effect.key, effect.expires_at, stripe);
    account_node(*old, -1, stripe);
    const int64_t due_before = old->due_at();
    cell = make_cell(tag(effect.hash), node);
    Node::free(old, heap_);
    account_node(*node, 1, stripe);
    note_due(effect.hash, due_before, node->due_at());
}

void Keyspace::apply_copy(const Effect& effect, unsigned stripe) {
    Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
    if (cell == nullptr) return;
    Node* source = cell_node(*cell);
    reserve(effect.other_hash, source->due_at() != 0, stripe);
    NewValue made;
    ops_of(source->type()).copy(source->value(), home(stripe), made);
    Node* node =
        clone(*source, made, effect.other_name_space, effect.other_key, source->deadline(), stripe);
    made.release();
    if (effect.kind == EffectKind::kCopy) mark_write(*node, nullptr);
    Cell* other = find_cell(effect.other_hash, effect.other_name_space, effect.other_key);
    replace(effect.other_hash, other, node, stripe);
    if (effect.kind == EffectKind::kMove) {
        cell = find_cell(effect.hash, effect.name_space, effect.key);
        remove(slot_index(effect.hash), cell, stripe);
        touch(effect);
    }
    touch(effect.other_hash, effect.other_name_space, effect.other_key);
}

void Keyspace::flush_slot(uint32_t index, uint8_t name_space, unsigned stripe) noexcept {
    Slot& slot = slots_[index];
    if (slot.table.capacity() == 0) return;
    for (const Watch* watch = watches_[index]; watch != nullptr; watch = watch->next) {
        const std::string_view key{watch->key.data(), watch->key.size()};
        if (watch->name_space == name_space &&
            slot.find(tag(watch->hash), name_space, key) != nullptr) {
            watch->changed->store(true, std::memory_order_relaxed);
        }
    }
    uint32_t i = 0;
    while (i < slot.table.capacity()) {
        Cell& cell = slot.table.cell(i);
        if (cell == 0 || cell_node(cell)->name_space() != name_space) {
            ++i;
            continue;
        }
        Node* node = cell_node(cell);
        account_node(*node, -1, stripe);
        deadlines_[index].count_node(node->due_at(), -1);
        slot.erase(&cell);  // may pull another cell into i, so look at i again
        free_node(node);
    }
    accounts_.add_bytes(stripe, slot.shrink(heap_, stripe));
}

uint64_t Keyspace::digest() noexcept {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < slot_count(); ++i) {
        slots_[i].table.for_each([&](Cell cell) noexcept { sum += cell_node(cell)->digest(); });
    }
    char databases[limits::kDatabases];
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        databases[i] = static_cast<char>(name_space_of(i));
    }
    return sum + hash_bytes({databases, sizeof databases});
}

void Keyspace::touch(uint64_t hash, uint8_t name_space, std::string_view key,
                     bool expired) noexcept {
    for (Watch* watch = watches_[slot_index(hash)]; watch != nullptr; watch = watch->next) {
        if (watch->hash != hash || watch->name_space != name_space ||
            std::string_view(watch->key.data(), watch->key.size()) != key) {
            continue;
        }
        if (expired && watch->expired_when_watched) {
            watch->expired_when_watched = false;  // gone for the watcher before: nothing changed
        } else {
            watch->changed->store(true, std::memory_order_relaxed);
        }
    }
}

void Keyspace::release_watches() noexcept {
    for (uint32_t i = 0; i < slot_count(); ++i) {
        while (Watch* watch = watches_[i]) {
            watch->changed->store(true, std::memory_order_relaxed);
            remove_watch(*watch);
        }
    }
}

bool Keyspace::clear_some(size_t keys) noexcept {
    for (bool first = true; cleared_ < slot_count(); ++cleared_, first = false) {
        Slot& slot = slots_[cleared_];
        const std::lock_guard<WordLock> guard(slot.lock);
        if (slot.count > keys && !first) return true;
        keys -= std::min<size_t>(keys, slot.count);
        slot.table.for_each([&](Cell cell) noexcept { free_node(cell_node(cell)); });
        slot.table.free(heap_);
        slot.count = 0;
        if (!garbage_.empty()) break;
    }
    return garbage_.free_some(keys) || cleared_ < slot_count();
}

void Keyspace::add_watch(Watch& watch) noexcept {
    Watch*& first = watches_[slot_index(watch.hash)];
    watch.next = first;
    watch.link = &first;
    if (first != nullptr) first->link = &watch.next;
    first = &watch;
}

void Keyspace::remove_watch(Watch& watch) noexcept {
    SYNAP_ASSERT(watch.link != nullptr && *watch.link == &watch);
    *watch.link = watch.next;
    if (watch.next != nullptr) watch.next->link = watch.link;
    watch.link = nullptr;
}

// After the swap a database stands for the other namespace: watches follow their database, and
// one whose key exists on either side has seen it change.
void Keyspace::swap_watches(uint8_t a, uint8_t b) noexcept {
    Watch* moved = nullptr;
    for (uint32_t i = 0; i < slot_count(); ++i) {
        for (Watch* watch = watches_[i]; watch != nullptr;) {
            Watch* const next = watch->next;
            if (watch->name_space == a || watch->name_space == b) {
                remove_watch(*watch);
                watch->next = moved;
                moved = watch;
            }
            watch = next;
        }
    }
    while (moved != nullptr) {
        Watch* watch = moved;
        moved = watch->next;
        const std::string_view name{watch->key.data(), watch->key.size()};
        const KeyRef before = key(watch->name_space, name);
        const KeyRef after = key(watch->name_space == a ? b : a, name);
        if (find(before) != nullptr || find(after) != nullptr) {
            watch->changed->store(true, std::memory_order_relaxed);
        }
        watch->name_space = after.name_space;
        watch->hash = after.hash;
        add_watch(*watch);
    }
}

// Takes the lock, briefly: tables are freed by whoever outgrows them, so an unlocked look into one
// would have to keep retired tables alive.
void Keyspace::prefetch_node(uint64_t hash) noexcept {
    Slot& slot = slot_of(hash);
    const std::lock_guard<WordLock> guard(slot.lock);
    slot.table.find(tag(hash), [](Cell cell) noexcept {
        const auto* node = reinterpret_cast<const char*>(cell_node(cell));
        __builtin_prefetch(node);
        __builtin_prefetch(node + 64);
        return true;
    });
}

void Keyspace::prefetch_elements(const KeyRef& key,
                                 std::span<const std::string_view> elements) noexcept {
    const std::lock_guard<WordLock> guard(slot_of(key.hash).lock);
    const Node* node = find(key);
    if (node != nullptr && node->type() == ValueType::kHash) HashRef(node).prefetch(elements);
}

}  // namespace synap
