// Walks over the keyspace in hash order, and random picks from it.
//
// Each takes the lock of one slot at a time, so it must be called without any slot lock; inside the
// gate, shared or alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "core/keyspace/keyspace.h"

namespace synap {

// A cursor is a place in hash order, independent of the number of slots: the top 48 bits of a hash.
// 0 starts a walk and is what a finished walk returns. Every key present during the whole walk is
// visited at least once.
inline constexpr unsigned kCursorBits = 48;

// Visits nodes from `cursor` on until at least `wanted` were visited or `slots_max` slots were
// looked at. visit(const Node&) runs under the slot's lock, for nodes of every namespace. Nodes of
// equal tag are visited together, so that a cursor never points between them.
template <typename Visit>
uint64_t walk(Keyspace& keyspace, uint64_t cursor, size_t wanted, size_t slots_max, Visit&& visit) {
    const unsigned slot_bits = keyspace.slot_bits();
    const unsigned below = kCursorBits - slot_bits;  // bits of a cursor inside one slot
    std::vector<Cell> cells;
    size_t visited = 0;
    uint64_t index = cursor >> below;
    const unsigned tag_shift = below - 16;
    uint64_t tag = (cursor & ((uint64_t{1} << below) - 1)) >> tag_shift;
    for (; index < keyspace.slot_count(); ++index, tag = 0) {
        if (visited >= wanted || slots_max-- == 0) return (index << below) | (tag << tag_shift);
        Slot& slot = keyspace.slot(static_cast<uint32_t>(index));
        const std::lock_guard<WordLock> guard(slot.lock);
        if (slot.count == 0) continue;
        cells.clear();
        slot.table.for_each([&](Cell cell) {
            if (cell_tag(cell) >= tag) cells.push_back(cell);
        });
        std::sort(cells.begin(), cells.end());
        for (size_t i = 0; i < cells.size(); ++i) {
            const bool new_tag = i == 0 || cell_tag(cells[i]) != cell_tag(cells[i - 1]);
            if (visited >= wanted && new_tag) {
                return (index << below) | (uint64_t{cell_tag(cells[i])} << tag_shift);
            }
            visit(static_cast<const Node&>(*cell_node(cells[i])));
            ++visited;
        }
    }
    return 0;
}

// How sure eviction wants to be of a victim, larger is better to evict.
enum class EvictionPolicy : uint8_t { kNone, kLru, kLfu, kRandom, kTtl };

struct EvictionRule {
    EvictionPolicy policy = EvictionPolicy::kNone;
    bool only_with_deadline = false;
    unsigned samples = 5;
};

struct Victim {
    std::string key;
    uint64_t hash = 0;
    uint8_t name_space = 0;
};

// Looks at `samples` keys in random slots and copies the best candidate's name. False when a
// bounded search met none that may go.
bool choose_victim(Keyspace& keyspace, const EvictionRule& rule, SmallRandom& random,
                   Victim& victim);

// A random key of a namespace that is live at `now_ms`; false when a bounded search, then a full
// walk, met none.
bool random_key(Keyspace& keyspace, uint8_t name_space, int64_t now_ms, SmallRandom& random,
                std::string& key);

// The average life left at `now_ms` of a namespace's keys that have a deadline, in milliseconds:
// an estimate from a bounded walk that begins in a random slot, exact where the walk meets all of
// them. 0 for none. Inside the gate, with no slot locked, or with the gate alone.
struct AverageLives {
    int64_t ms[limits::kNamespaces] = {};
};
AverageLives average_lives(Keyspace& keyspace, int64_t now_ms, SmallRandom& random) noexcept;

// Redis' logarithmic access counter: the value after an access, after `idle_minutes` without one.
uint8_t frequency_after_access(uint8_t frequency, SmallRandom& random) noexcept;
uint8_t frequency_decayed(uint8_t frequency, uint32_t idle_minutes) noexcept;

}  // namespace synap
