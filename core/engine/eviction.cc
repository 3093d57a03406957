// Eviction: keys that go so that the data stays within max_memory.
#include "core/engine/engine.h"

namespace synap {
namespace {

constexpr size_t kVictimsPerStep = 256;  // of one visit to the gate
constexpr size_t kFreedPerStep = 4'096;  // elements of large values

}  // namespace

bool Engine::evict_some(uint64_t budget_us) {
    if (!accepts_writes()) return false;
    const uint64_t began_us = platform_.clock->monotonic_us();
    const unsigned stripe = stripe_owners_.mine();
    for (;;) {
        const SharedGate inside(gate_, stripe);
        if (following_.is_on() || !over_memory(keyspace())) return false;
        if (evict(evict_random_, stripe, kVictimsPerStep).keys == 0) return false;
        if (log_ != nullptr && log_->tail_bytes() > limits::kLogTailBytes) return true;
        if (platform_.clock->monotonic_us() - began_us >= budget_us) return over_memory(keyspace());
    }
}

Engine::Evicted Engine::evict(SmallRandom& random, unsigned stripe, size_t most) {
    const EvictionRule rule = eviction_rule();
    if (rule.policy == EvictionPolicy::kNone) return {0, !over_memory(keyspace())};
    Evicted evicted;
    if (rule.only_with_deadline && !keyspace().accounts().any_deadline()) return {0, false};
    Victim victim;
    while (over_memory(keyspace()) && evicted.keys < most) {
        if (!choose_victim(keyspace(), rule, random, victim)) break;
        Slot& slot = keyspace().slot_of(victim.hash);
        const std::lock_guard<WordLock> guard(slot.lock);
        if (keyspace().find({victim.key, victim.hash, victim.name_space}) == nullptr) continue;
        Effect effect;
        effect.kind = EffectKind::kDelete;
        effect.reason = Reason::kEvicted;
        effect.name_space = victim.name_space;
        effect.hash = victim.hash;
        effect.key = victim.key;
        remove_by_engine(effect, stripe);
        keyspace().accounts().publish(stripe);
        ++evicted.keys;
    }
    stats_.add(stripe, &StatsStripe::evicted, evicted.keys);
    evicted.enough = !over_memory(keyspace()) || evicted.keys == most;
    return evicted;
}

// What was deleted is given back while more is asked for, so that the two keep pace.
bool Engine::make_room(Run& run) {
    keyspace().garbage().free_some(kFreedPerStep);
    constexpr size_t kVictimsMax = 4096;  // of one call, so that a write waits a bounded time
    return evict(run.random, run.stripe, kVictimsMax).enough;
}

}  // namespace synap
