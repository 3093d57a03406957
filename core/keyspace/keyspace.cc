#include "core/keyspace/keyspace.h"

#include <algorithm>
#include <mutex>
#include <new>

#include "core/base/assert.h"

namespace synap {
namespace {

constexpr uint8_t kFrequencyOfNew = 5;  // a new key is not the first to go

// The spare room that an edited value gets, so that a thousand appends are not a thousand copies.
size_t roomy(size_t size) noexcept { return size < (1u << 20) ? size * 2 : size + (1u << 20); }

}  // namespace

Keyspace::Keyspace(unsigned slot_bits, uint64_t hash_seed)
    : slot_bits_(slot_bits),
      secret_(make_hash_secret(hash_seed)),
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
        table.for_each([&](Cell cell) noexcept { Node::free(cell_node(cell), heap_); });
        table.free(heap_);
    }
}

void Keyspace::apply(const Effect& effect, unsigned stripe) {
    switch (effect.kind) {
        case EffectKind::kSet:
            return apply_set(effect, stripe);
        case EffectKind::kWriteRange:
            return apply_range(effect, stripe);
        case EffectKind::kDeadline:
            return apply_deadline(effect, stripe);
        case EffectKind::kMove:
            return apply_move(effect, stripe);
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
    if (!with_deadline) return;
    accounts_.add_bytes(stripe, deadlines_[slot_index(hash)].reserve(slot.table));
}

void Keyspace::replace(uint64_t hash, Cell* cell, Node* node, unsigned stripe) noexcept {
    Deadlines& deadlines = deadlines_[slot_index(hash)];
    bool new_deadline = node->has_deadline() && node->deadline() <= kDeadlineMax;
    if (cell != nullptr) {
        Node* old = cell_node(*cell);
        account_node(*old, -1, stripe);
        deadlines.count_node(*old, -1);
        // A counter with a deadline is written often: the heap holds its one entry already.
        new_deadline = new_deadline && old->deadline() != node->deadline();
        *cell = make_cell(tag(hash), node);
        Node::free(old, heap_);
    } else {
        slot_of(hash).insert(tag(hash), node);
    }
    account_node(*node, 1, stripe);
    deadlines.count_node(*node, 1);
    if (new_deadline) deadlines.push(tag(hash), node->deadline());
}

void Keyspace::mark_write(Node& node, const Node* old) noexcept {
    node.set_access(seconds(), old == nullptr ? kFrequencyOfNew : old->frequency());
}

void Keyspace::remove(uint32_t index, Cell* cell, unsigned stripe) noexcept {
    Slot& slot = slots_[index];
    Node* node = cell_node(*cell);
    account_node(*node, -1, stripe);
    deadlines_[index].count_node(*node, -1);
    slot.erase(cell);
    Node::free(node, heap_);
    accounts_.add_bytes(stripe, slot.shrink(heap_, stripe));
}

void Keyspace::apply_set(const Effect& effect, unsigned stripe) {
    const bool has_deadline = effect.expires_at != 0;
    Node::Shape shape{effect.name_space,
                      ValueType::kString,
                      Encoding::kInline,
                      has_deadline,
                      effect.edited,
                      static_cast<uint32_t>(effect.key.size()),
                      static_cast<uint32_t>(effect.value.size())};
    if (effect.is_integer) {
        shape.encoding = Encoding::kInteger;
        shape.value_size = sizeof(int64_t);
    } else if (effect.value.size() > limits::kInlineValueBytes) {
        shape.encoding = Encoding::kBlob;
        shape.value_size = sizeof(Blob*);
    }
    const auto fill_value = [&](Node& node) {
        if (shape.encoding == Encoding::kInteger) {
            node.set_integer(effect.integer);
        } else {
            std::memcpy(node.value_at(), effect.value.data(), effect.value.size());
        }
    };
    Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
    // The common overwrite: deadline and size class stay as they are. Nothing can fail.
    if (cell != nullptr && shape.encoding != Encoding::kBlob) {
        Node* node = cell_node(*cell);
        if (node->deadline() == effect.expires_at && node->encoding() != Encoding::kBlob &&
            heap_size(node->shape().bytes()) == heap_size(shape.bytes())) {
            node->reshape(shape);
            fill_value(*node);
            mark_write(*node, node);
            return touch(effect.hash, effect.name_space, effect.key);
        }
    }
    reserve(effect.hash, has_deadline && effect.expires_at <= kDeadlineMax, stripe);
    Node* node = Node::make(shape, heap_, stripe);
    if (has_deadline) node->set_deadline(effect.expires_at);
    node->set_key(effect.key);
    if (shape.encoding == Encoding::kBlob) {
        Blob* blob = effect.blob;
        if (blob != nullptr) {
            blob->retain();
        } else {
            try {
                blob = Blob::copy(effect.value);
            } catch (...) {
                heap_.free(node, heap_size(shape.bytes()));
                throw;
            }
        }
        node->set_blob(blob);
    } else {
        fill_value(*node);
    }
    cell = find_cell(effect.hash, effect.name_space, effect.key);
    mark_write(*node, cell == nullptr ? nullptr : cell_node(*cell));
    replace(effect.hash, cell, node, stripe);
    touch(effect.hash, effect.name_space, effect.key);
}

// Values that are edited become blobs with spare room once they are too long to copy each time.
void Keyspace::apply_range(const Effect& effect, unsigned stripe) {
    Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
    StringView old;
    if (cell != nullptr) cell_node(*cell)->view(old);
    const size_t end = effect.offset + effect.value.size();
    const size_t size = std::max(old.text.size(), end);

    if (old.blob != nullptr && old.blob->unique() && size <= old.blob->capacity()) {
        char* data = old.blob->data();
        if (effect.offset > old.text.size()) {
            std::memset(data + old.text.size(), 0, effect.offset - old.text.size());
        }
        std::memcpy(data + effect.offset, effect.value.data(), effect.value.size());
        old.blob->set_size(size);
        cell_node(*cell)->set_edited();
        mark_write(*cell_node(*cell), cell_node(*cell));
        return touch(effect.hash, effect.name_space, effect.key);
    }
    constexpr size_t kEditInPlaceBytes = 256;
    std::string small;
    BlobRef large;
    char* data = nullptr;
    if (size <= kEditInPlaceBytes) {
        small.resize(size);
        data = small.data();
    } else {
        large = BlobRef(Blob::make(size, roomy(size)));
        data = large.get()->data();
        std::memset(data + old.text.size(), 0, size - old.text.size());
    }
    std::memcpy(data, old.text.data(), old.text.size());
    std::memcpy(data + effect.offset, effect.value.data(), effect.value.size());

    const bool has_deadline = cell != nullptr && cell_node(*cell)->has_deadline();
    const Node::Shape shape{effect.name_space,
                            ValueType::kString,
                            large.get() != nullptr ? Encoding::kBlob : Encoding::kInline,
                            has_deadline,
                            true,
                            static_cast<uint32_t>(effect.key.size()),
                            large.get() != nullptr ? static_cast<uint32_t>(sizeof(Blob*))
                                                   : static_cast<uint32_t>(size)};
    const int64_t deadline = has_deadline ? cell_node(*cell)->deadline() : 0;
    reserve(effect.hash, has_deadline && deadline <= kDeadlineMax, stripe);
    Node* node = Node::make(shape, heap_, stripe);
    if (has_deadline) node->set_deadline(deadline);
    node->set_key(effect.key);
    if (large.get() != nullptr) {
        node->set_blob(large.take());
    } else {
        std::memcpy(node->value_at(), small.data(), small.size());
    }
    cell = find_cell(effect.hash, effect.name_space, effect.key);
    mark_write(*node, cell == nullptr ? nullptr : cell_node(*cell));
    replace(effect.hash, cell, node, stripe);
    touch(effect.hash, effect.name_space, effect.key);
}

Node* Keyspace::clone(const Node& from, uint8_t name_space, std::string_view key, int64_t deadline,
                      unsigned stripe) {
    Node::Shape shape = from.shape();
    shape.name_space = name_space;
    shape.key_size = static_cast<uint32_t>(key.size());
    shape.has_deadline = deadline != 0;
    Node* node = Node::make(shape, heap_, stripe);
    if (deadline != 0) node->set_deadline(deadline);
    node->set_key(key);
    std::memcpy(node->value_at(), from.inline_value().data(), shape.value_size);
    if (shape.encoding == Encoding::kBlob) node->blob()->retain();
    node->set_access(from.last_access(), from.frequency());
    return node;
}

void Keyspace::apply_deadline(const Effect& effect, unsigned stripe) {
    Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
    if (cell == nullptr) return;  // replayed behind a delete that a snapshot contains
    const bool in_heap = effect.expires_at != 0 && effect.expires_at <= kDeadlineMax;
    Node* node = cell_node(*cell);
    if (node->has_deadline() && effect.expires_at != 0) {
        reserve(effect.hash, in_heap, stripe);
        node->set_deadline(effect.expires_at);
        if (in_heap) deadlines_[slot_index(effect.hash)].push(tag(effect.hash), effect.expires_at);
    } else if (node->has_deadline() || effect.expires_at != 0) {
        reserve(effect.hash, in_heap, stripe);
        Node* changed = clone(*node, effect.name_space, effect.key, effect.expires_at, stripe);
        cell = find_cell(effect.hash, effect.name_space, effect.key);
        replace(effect.hash, cell, changed, stripe);
    }
    touch(effect.hash, effect.name_space, effect.key);
}

void Keyspace::apply_move(const Effect& effect, unsigned stripe) {
    Cell* cell = find_cell(effect.hash, effect.name_space, effect.key);
    if (cell == nullptr) return;
    Node* source = cell_node(*cell);
    const int64_t deadline = source->deadline();
    reserve(effect.other_hash, deadline != 0 && deadline <= kDeadlineMax, stripe);
    Node* node = clone(*source, effect.other_name_space, effect.other_key, deadline, stripe);
    Cell* other = find_cell(effect.other_hash, effect.other_name_space, effect.other_key);
    replace(effect.other_hash, other, node, stripe);
    cell = find_cell(effect.hash, effect.name_space, effect.key);
    remove(slot_index(effect.hash), cell, stripe);
    touch(effect.hash, effect.name_space, effect.key);
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
        deadlines_[index].count_node(*node, -1);
        slot.erase(&cell);  // may pull another cell into i, so look at i again
        Node::free(node, heap_);
    }
    accounts_.add_bytes(stripe, slot.shrink(heap_, stripe));
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

}  // namespace synap
