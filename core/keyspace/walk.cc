#include "core/keyspace/walk.h"

#include <mutex>

namespace synap {
namespace {

// Random probes before a search gives up on a sparse keyspace and walks it.
constexpr int kProbes = 256;
constexpr size_t kWalkedMax = 4096;

Cell random_cell(const Slot& slot, SmallRandom& random) noexcept {
    if (slot.count == 0) return 0;
    auto i = static_cast<uint32_t>(random.below(slot.table.capacity()));
    while (slot.table.cell(i) == 0) i = slot.table.next(i);
    return slot.table.cell(i);
}

// Larger is a better victim.
uint64_t eviction_score(const Node& node, EvictionPolicy policy, uint32_t seconds,
                        SmallRandom& random) noexcept {
    const uint32_t idle = seconds - std::min(seconds, node.last_access());
    switch (policy) {
        case EvictionPolicy::kLru:
            return idle;
        case EvictionPolicy::kLfu:
            return 255u - frequency_decayed(node.frequency(), idle / 60);
        case EvictionPolicy::kTtl:
            return ~static_cast<uint64_t>(node.deadline());
        case EvictionPolicy::kRandom:
        case EvictionPolicy::kNone:
            break;
    }
    return random.next();
}

}  // namespace

bool choose_victim(Keyspace& keyspace, const EvictionRule& rule, SmallRandom& random,
                   Victim& victim) {
    unsigned sampled = 0;
    uint64_t best = 0;
    const auto consider = [&](const Node& node) {
        const bool may_go = node.name_space() < limits::kDatabases && ops_of(node.type()).evictable;
        if (!may_go || (rule.only_with_deadline && !node.has_deadline())) return;
        const uint64_t score = eviction_score(node, rule.policy, keyspace.seconds(), random);
        if (sampled++ > 0 && score <= best) return;
        best = score;
        victim.key.assign(node.key());
        victim.name_space = node.name_space();
    };
    for (int probe = 0; probe < kProbes && sampled < rule.samples; ++probe) {
        Slot& slot = keyspace.slot(static_cast<uint32_t>(random.below(keyspace.slot_count())));
        const std::lock_guard<WordLock> guard(slot.lock);
        const Cell cell = random_cell(slot, random);
        if (cell != 0) consider(*cell_node(cell));
    }
    // Few keys in many slots, or few that may go: walk, but not far once there is a candidate.
    uint64_t cursor = random.next() >> (64 - kCursorBits);
    size_t walked = 0;
    const auto enough = [&] {
        return sampled >= rule.samples || (sampled > 0 && walked >= kWalkedMax);
    };
    for (int pass = 0; pass < 2 && !enough(); ++pass) {
        do {
            cursor = walk(keyspace, cursor, 1024, 1024, [&](const Node& node) {
                ++walked;
                consider(node);
            });
        } while (cursor != 0 && !enough());
    }
    victim.hash = keyspace.key(victim.name_space, victim.key).hash;
    return sampled > 0;
}

bool random_key(Keyspace& keyspace, uint8_t name_space, int64_t now_ms, SmallRandom& random,
                std::string& key) {
    for (int probe = 0; probe < kProbes; ++probe) {
        Slot& slot = keyspace.slot(static_cast<uint32_t>(random.below(keyspace.slot_count())));
        const std::lock_guard<WordLock> guard(slot.lock);
        const Cell cell = random_cell(slot, random);
        if (cell == 0) continue;
        const Node& node = *cell_node(cell);
        if (node.name_space() != name_space || node.expired(now_ms)) continue;
        key.assign(node.key());
        return true;
    }
    bool found = false;
    uint64_t cursor = random.next() >> (64 - kCursorBits);
    for (int pass = 0; pass < 2 && !found; ++pass) {
        do {
            cursor = walk(keyspace, cursor, 1024, 1024, [&](const Node& node) {
                if (found || node.name_space() != name_space || node.expired(now_ms)) return;
                key.assign(node.key());
                found = true;
            });
        } while (cursor != 0 && !found);
    }
    return found;
}

AverageLives average_lives(Keyspace& keyspace, int64_t now_ms, SmallRandom& random) noexcept {
    constexpr uint32_t kSlotsMax = 65'536;
    constexpr uint64_t kKeysMax = 1'000;
    __extension__ using Sum = unsigned __int128;
    Sum sums[limits::kNamespaces] = {};
    uint64_t counts[limits::kNamespaces] = {};
    uint64_t met = 0;
    const uint32_t slots = std::min(keyspace.slot_count(), kSlotsMax);
    const auto first = static_cast<uint32_t>(random.below(keyspace.slot_count()));
    for (uint32_t i = 0; i < slots && met < kKeysMax; ++i) {
        const uint32_t index = (first + i) & (keyspace.slot_count() - 1);
        if (keyspace.deadlines(index).earliest() == Deadlines::kNever) continue;
        Slot& slot = keyspace.slot(index);
        const std::lock_guard<WordLock> guard(slot.lock);
        slot.table.for_each([&](Cell cell) {
            const Node& node = *cell_node(cell);
            if (!node.has_deadline() || node.expired(now_ms)) return;
            sums[node.name_space()] += static_cast<uint64_t>(node.deadline() - now_ms);
            ++counts[node.name_space()];
            ++met;
        });
    }
    AverageLives lives;
    for (unsigned i = 0; i < limits::kNamespaces; ++i) {
        if (counts[i] != 0) lives.ms[i] = static_cast<int64_t>(sums[i] / counts[i]);
    }
    return lives;
}

uint8_t frequency_after_access(uint8_t frequency, SmallRandom& random) noexcept {
    constexpr unsigned kOfNew = 5;
    constexpr unsigned kLogFactor = 10;
    if (frequency == 255) return 255;
    const unsigned above = frequency > kOfNew ? frequency - kOfNew : 0;
    return random.below(above * kLogFactor + 1) == 0 ? static_cast<uint8_t>(frequency + 1)
                                                     : frequency;
}

uint8_t frequency_decayed(uint8_t frequency, uint32_t idle_minutes) noexcept {
    return idle_minutes >= frequency ? 0 : static_cast<uint8_t>(frequency - idle_minutes);
}

}  // namespace synap
