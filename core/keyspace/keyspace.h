// The keyspace: slots, and apply, the only way in which they change.
//
// A key is (namespace, bytes). Databases 0-15 are names for namespaces, so that SWAPDB exchanges
// two names and no key moves. The slot of a key is the top bits of its hash, its tag the sixteen
// bits below.
//
// Thread safety: whatever takes a slot, its number or a KeyRef needs that slot's lock (or the gate
// alone);
// databases change only with the gate held alone. Accounts are free to read.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/hash.h"
#include "core/base/limits.h"
#include "core/keyspace/accounts.h"
#include "core/keyspace/deadlines.h"
#include "core/keyspace/effect.h"
#include "core/keyspace/garbage.h"
#include "core/keyspace/lock_check.h"
#include "core/keyspace/slot.h"
#include "core/platform/entropy.h"

namespace synap {

// A session's interest in one key; owned by the session, linked into the key's slot.
struct Watch {
    Watch* next = nullptr;
    Watch** link = nullptr;                // what points to this one: unlinking does not search
    std::atomic<bool>* changed = nullptr;  // set when the key is touched
    uint64_t hash = 0;
    uint8_t name_space = 0;
    uint8_t database = 0;  // as the client sees it; SWAPDB moves the watch
    bool expired_when_watched = false;
    std::vector<char> key;
};

struct KeyRef {
    std::string_view key;
    uint64_t hash = 0;
    uint8_t name_space = 0;
};

class Keyspace {
public:
    // slot_bits in [kSlotBitsMin, kSlotBitsMax]; throws std::bad_alloc. Keyspaces of one engine
    // share its heap.
    Keyspace(unsigned slot_bits, uint64_t hash_seed,
             std::shared_ptr<Heap> heap = std::make_shared<Heap>());
    ~Keyspace();
    Keyspace(const Keyspace&) = delete;
    Keyspace& operator=(const Keyspace&) = delete;

    Accounts& accounts() noexcept { return accounts_; }
    // Large values that no key has any more.
    Garbage& garbage() noexcept { return garbage_; }
    // Former versions of parts of large values that snapshots and replies still hold: counts as
    // used, as it is what writing meanwhile has cost.
    int64_t superseded_bytes() const noexcept { return heap_.superseded_bytes(); }
    unsigned slot_bits() const noexcept { return slot_bits_; }
    // A history's secret, for those that are of one.
    uint64_t hash_seed() const noexcept { return hash_seed_; }
    uint32_t slot_count() const noexcept { return uint32_t{1} << slot_bits_; }
    // Bytes of keys and values, and of slots; behind by a little where many write.
    uint64_t data_bytes_roughly() const noexcept {
        const int64_t used = accounts_.bytes_roughly() + superseded_bytes();
        return used > 0 ? static_cast<uint64_t>(used) : 0;
    }
    // Bytes charged for slots, whatever is in them.
    size_t slots_bytes() const noexcept { return slot_count() * kBytesPerSlot; }

    KeyRef key(uint8_t name_space, std::string_view key) const noexcept {
        return {key, hash_key(secret_, name_space, key), name_space};
    }
    uint32_t slot_index(uint64_t hash) const noexcept {
        return static_cast<uint32_t>(hash >> (64 - slot_bits_));
    }
    uint16_t tag(uint64_t hash) const noexcept {
        return static_cast<uint16_t>(hash >> (48 - slot_bits_));
    }
    Slot& slot(uint32_t index) noexcept { return slots_[index]; }
    Slot& slot_of(uint64_t hash) noexcept { return slots_[slot_index(hash)]; }
    // What belongs to a slot and is guarded by its lock, but is seldom needed.
    Deadlines& deadlines(uint32_t index) noexcept { return deadlines_[index]; }
    // Behind the last record that changed the slot.
    uint64_t& last_position(uint32_t index) noexcept { return last_positions_[index]; }

    // Present or expired; null when there is no node. Valid until the slot changes.
    Node* find(const KeyRef& key) noexcept {
        OnlySlots::check(slot_index(key.hash));
        Cell* cell = slot_of(key.hash).find(tag(key.hash), key.name_space, key.key);
        return cell == nullptr ? nullptr : cell_node(*cell);
    }

    // Makes one effect true. Throws std::bad_alloc, having changed nothing, or HalfApplied. For
    // kMove and kCopy the caller holds both slots, for kFlush and kSwap the gate alone.
    void apply(const Effect& effect, unsigned stripe);

    // Moves a string that stands in its node, of a key that is there, into a blob, for replies to
    // share: the same value as before, and no effect. The node that has it now. Throws
    // std::bad_alloc, having changed nothing.
    Node* share_string(const KeyRef& key, unsigned stripe);

    // Of all keys with their values and deadlines, and of what databases stand for: equal for
    // keyspaces that hold the same, whatever their secrets, slots and encodings. With the gate
    // alone. O(everything).
    uint64_t digest() noexcept;

    // Certain only inside the gate; outside it, a guess that may be out of date.
    uint8_t name_space_of(unsigned database) const noexcept {
        return databases_[database].load(std::memory_order_relaxed);
    }
    void set_name_space_of(unsigned database, uint8_t name_space) noexcept {
        databases_[database].store(name_space, std::memory_order_relaxed);
    }

    // Of a keyspace that another one has taken the place of. Tells all watchers that their keys
    // have changed, and lets them go. With the gate alone.
    void release_watches() noexcept;
    // Frees about so many keys, with elements of large values counted as keys. True when there are
    // more. Nobody else may be inside; who prefetches finds an empty place.
    bool clear_some(size_t keys) noexcept;

    void add_watch(Watch& watch) noexcept;
    void remove_watch(Watch& watch) noexcept;
    // SWAPDB and FLUSH tell watchers what they did to their keys.
    void swap_watches(uint8_t a, uint8_t b) noexcept;

    // Seconds of the engine's monotonic clock, as access times of nodes are kept.
    uint32_t seconds() const noexcept { return seconds_.load(std::memory_order_relaxed); }
    void set_seconds(uint32_t seconds) noexcept {
        seconds_.store(seconds, std::memory_order_relaxed);
    }

    // Asks the processor for what a later find will read.
    void prefetch_slot(uint64_t hash) const noexcept {
        __builtin_prefetch(&slots_[slot_index(hash)]);
    }
    void prefetch_table(uint64_t hash) const noexcept {
        slots_[slot_index(hash)].table.prefetch(tag(hash));
    }
    void prefetch_node(uint64_t hash) noexcept;
    // And for what it will read of these elements of a large collection.
    void prefetch_elements(const KeyRef& key, std::span<const std::string_view> elements) noexcept;

private:
    static constexpr size_t kBytesPerSlot =
        sizeof(Slot) + sizeof(Deadlines) + sizeof(Watch*) + sizeof(uint64_t);

    Cell* find_cell(uint64_t hash, uint8_t name_space, std::string_view key) noexcept {
        OnlySlots::check(slot_index(hash));
        return slot_of(hash).find(tag(hash), name_space, key);
    }
    void flush_slot(uint32_t index, uint8_t name_space, unsigned stripe) noexcept;
    void apply_value(const Effect& effect, unsigned stripe);
    void apply_edit(const Effect& effect, unsigned stripe);
    void apply_deadline(const Effect& effect, unsigned stripe);
    void apply_copy(const Effect& effect, unsigned stripe);
    ValueHome home(unsigned stripe) noexcept;
    // Makes `made` the value of the effect's key. Throws std::bad_alloc, having changed nothing.
    void store(const Effect& effect, NewValue& made, int64_t deadline, unsigned stripe);
    bool store_in_place(Node& node, const NewValue& made, const Node::Shape& shape,
                        int64_t deadline) noexcept;
    void change_node(Cell& cell, const Effect& effect, unsigned stripe);
    void remove(uint32_t index, Cell* cell, unsigned stripe) noexcept;
    void free_node(Node* node) noexcept;
    // A value written is a key used. `old` is what the node replaces, or null.
    void mark_write(Node& node, const Node* old) noexcept;
    // Puts `node` in the place of the key's present one, if any. Room was reserved.
    void replace(uint64_t hash, Cell* cell, Node* node, unsigned stripe) noexcept;
    // Room in a key's slot for what is to come; cells move, so look a key up afterwards.
    void reserve(uint64_t hash, bool with_deadline, unsigned stripe);
    void reserve_due(uint64_t hash, unsigned stripe);
    void note_due(uint64_t hash, int64_t before, int64_t after) noexcept;
    void account_node(const Node& node, int sign, unsigned stripe) noexcept;
    // Tells watchers of a change; `expired`: the delete of a key whose deadline had passed.
    void touch(uint64_t hash, uint8_t name_space, std::string_view key,
               bool expired = false) noexcept;
    void touch(const Effect& effect) noexcept { touch(effect.hash, effect.name_space, effect.key); }
    Node* clone(const Node& from, const NewValue& made, uint8_t name_space, std::string_view key,
                int64_t deadline, unsigned stripe);

    const unsigned slot_bits_;
    const uint64_t hash_seed_;
    const HashSecret secret_;
    const uint64_t tree_seed_;
    const std::shared_ptr<Heap> shared_heap_;
    Heap& heap_ = *shared_heap_;
    const std::unique_ptr<Slot[]> slots_;
    // By slot number, guarded by the slot's lock.
    const std::unique_ptr<Deadlines[]> deadlines_;
    const std::unique_ptr<Watch*[]> watches_;
    const std::unique_ptr<uint64_t[]> last_positions_;
    std::atomic<uint8_t> databases_[limits::kDatabases];
    Accounts accounts_;
    Garbage garbage_;
    std::atomic<uint32_t> seconds_{0};
    uint32_t cleared_ = 0;  // slots that clear_some() has done with
};

}  // namespace synap
