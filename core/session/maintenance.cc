// What the maintenance thread does: deadlines, eviction, the coarse clock. Snapshots and waits with
// a time limit have threads of their own (snapshots.h, waits.h).
#include <algorithm>
#include <chrono>

#include "core/platform/real.h"
#include "core/session/engine.h"

namespace synap {
namespace {

constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kBreath = std::chrono::milliseconds(1);  // where there is more to evict
constexpr size_t kExpirePerTick = 20'000;
constexpr size_t kVictimsPerStep = 256;  // of one visit to the gate
constexpr uint64_t kEvictPerTickUs = 50'000;
constexpr size_t kFreedPerStep = 4'096;  // elements of large values
constexpr size_t kFreedPerTick = 65'536;

}  // namespace

size_t Engine::expire_some(size_t most) {
    Keyspace& keyspace = *keyspace_;
    const unsigned stripe = stripe_owners_.mine();
    const int64_t now = now_ms();
    size_t expired = 0;
    if (log_ != nullptr && !log_->has_room() && !log_->make_room()) return 0;
    const SharedGate inside(keyspace.gate(), stripe);
    for (uint32_t looked = 0; looked < keyspace.slot_count() && expired < most; ++looked) {
        const uint32_t index = expire_next_slot_++ & (keyspace.slot_count() - 1);
        while (keyspace.deadlines(index).due(now) && expired < most) {
            const size_t step = std::min(most - expired, limits::kFieldsExpiredAtOnce);
            const size_t done = expire_in_slot(index, now, step, stripe);
            expired += done;
            if (done < step) break;
        }
    }
    return expired;
}

// One visit under the slot's lock. What it does not come to stays due.
size_t Engine::expire_in_slot(uint32_t index, int64_t now, size_t most, unsigned stripe) {
    Deadlines& deadlines = keyspace_->deadlines(index);
    const std::lock_guard<WordLock> guard(keyspace_->slot(index).lock);
    size_t expired = 0;
    while (deadlines.due(now) && expired < most) {
        const uint64_t entry = deadlines.pop();
        const auto tag = static_cast<uint16_t>(entry);
        try {
            expired += remove_due(index, tag, now, most - expired, stripe);
        } catch (const std::bad_alloc&) {
            deadlines.push(tag, static_cast<int64_t>(entry >> 16));
            throw;
        }
    }
    return expired;
}

// Deletes what is due of the nodes of one tag: keys, and fields of hashes.
size_t Engine::remove_due(uint32_t index, uint16_t tag, int64_t now, size_t most, unsigned stripe) {
    const Table& table = keyspace_->slot(index).table;
    size_t removed = 0;
    while (removed < most) {
        const Cell* cell = table.find(tag, [&](Cell candidate) noexcept {
            const int64_t due_at = cell_node(candidate)->due_at();
            return due_at != 0 && due_at <= now;
        });
        if (cell == nullptr) break;
        const Node& node = *cell_node(*cell);
        const int64_t due_at = node.due_at();
        const std::string key(node.key());
        Effect effect;
        effect.reason = Reason::kExpired;
        effect.name_space = node.name_space();
        effect.key = key;
        effect.hash = keyspace_->key(effect.name_space, key).hash;
        if (node.expired(now)) {
            effect.kind = EffectKind::kDelete;
            remove_by_engine(effect, stripe);
            stats_.add(stripe, &StatsStripe::expired, 1);
            ++removed;
            continue;
        }
        const size_t fields =
            remove_due_fields(HashRef(&node), effect, now, most - removed, stripe);
        stats_.add(stripe, &StatsStripe::expired_fields, fields);
        removed += fields;
        const Node* left = keyspace_->find({key, effect.hash, effect.name_space});
        // Its hint was taken; a change of the time it names would have left another.
        if (left != nullptr && left->due_at() == due_at) {
            keyspace_->deadlines(index).push(tag, due_at);
        }
    }
    return removed;
}

size_t Engine::remove_due_fields(const HashRef& hash, Effect& effect, int64_t now, size_t most,
                                 unsigned stripe) {
    std::string fields;
    effect.kind = EffectKind::kEdit;
    effect.type = ValueType::kHash;
    effect.body.argument = hash.each_due(now, most, [&](const FieldView& field) {
        hash_body::append(fields, hash_body::remove(field.field));
    });
    effect.body.bytes = fields;
    remove_by_engine(effect, stripe);
    return effect.body.argument;
}

void Engine::watch_clock() {
    const auto jump = clock_watch_.look(*platform_.clock);
    if (!jump) return;
    log_line(LogLine::Level::kWarn, "the wall clock jumped: it shows " + time_text(jump->found_ms) +
                                        " where " + time_text(jump->expected_ms) +
                                        " was due. Deadlines of keys follow it, durations do not");
}

size_t Engine::maintain() {
    watch_clock();
    set_coarse_clock();
    if (!platform_.threads) waits_.expire(platform_.clock->monotonic_us());
    ops_sampler_.sample(platform_.clock->monotonic_us(), stats_.commands_processed());
    start_log_later();
    if (log_ != nullptr && !platform_.threads) log_->maintain().ignore();
    note_shortage();
    size_t expired = 0;
    if (accepts_writes()) {
        try {
            expired = expire_some(kExpirePerTick);
        } catch (const std::bad_alloc&) {
            log_line(LogLine::Level::kWarn, "memory is short: expiry is put off");
        }
    }
    const uint64_t used = used_memory();
    if (used > peak_memory_.load()) peak_memory_ = used;
    if (platform_.threads) return expired;
    keyspace_->garbage().free_some(kFreedPerTick);
    evict_some(kEvictPerTickUs);
    snapshots_.maintain();
    return expired;
}

bool Engine::evict_some(uint64_t budget_us) {
    if (!accepts_writes()) return false;
    const uint64_t began_us = platform_.clock->monotonic_us();
    const unsigned stripe = stripe_owners_.mine();
    do {
        if (!over_memory()) return false;
        const SharedGate inside(keyspace_->gate(), stripe);
        if (evict(evict_random_, stripe, kVictimsPerStep).keys == 0) return false;
        if (log_ != nullptr && log_->tail_bytes() > limits::kLogTailBytes) return true;
    } while (platform_.clock->monotonic_us() - began_us < budget_us);
    return over_memory();
}

Engine::Evicted Engine::evict(SmallRandom& random, unsigned stripe, size_t most) {
    const EvictionRule rule = eviction_rule();
    if (rule.policy == EvictionPolicy::kNone) return {0, !over_memory()};
    Evicted evicted;
    if (rule.only_with_deadline && !keyspace_->accounts().any_deadline()) return {0, false};
    Victim victim;
    while (over_memory() && evicted.keys < most) {
        if (!choose_victim(*keyspace_, rule, random, victim)) break;
        Slot& slot = keyspace_->slot_of(victim.hash);
        const std::lock_guard<WordLock> guard(slot.lock);
        if (keyspace_->find({victim.key, victim.hash, victim.name_space}) == nullptr) continue;
        Effect effect;
        effect.kind = EffectKind::kDelete;
        effect.reason = Reason::kEvicted;
        effect.name_space = victim.name_space;
        effect.hash = victim.hash;
        effect.key = victim.key;
        remove_by_engine(effect, stripe);
        keyspace_->accounts().publish(stripe);
        ++evicted.keys;
    }
    stats_.add(stripe, &StatsStripe::evicted, evicted.keys);
    evicted.enough = !over_memory() || evicted.keys == most;
    return evicted;
}

// What was deleted is given back while more is asked for, so that the two keep pace.
bool Engine::make_room(Run& run) {
    keyspace_->garbage().free_some(kFreedPerStep);
    constexpr size_t kVictimsMax = 4096;  // of one call, so that a write waits a bounded time
    return evict(run.random, run.stripe, kVictimsMax).enough;
}

// Once when it begins and once when it ends.
void Engine::note_shortage() {
    if (log_ == nullptr || log_->failed()) return;
    const uint64_t shortages = log_->counters().blocks.load();
    if (const Status refused = log_->refusal(); !refused) {
        if (shortage_told_) return;
        log_line(
            LogLine::Level::kError,
            "writes are refused until this is over, reads are served: " + refused.error().message);
        shortage_told_ = true;
    } else if (shortage_told_ || shortages != shortages_told_) {
        log_line(LogLine::Level::kInfo, "the shortage is over: writes are taken again");
        shortage_told_ = false;
    }
    shortages_told_ = shortages;
}

void Engine::run_maintenance() noexcept {
    lower_thread_priority();  // expiry and eviction give way to those who serve
    auto pause = kTick;
    for (;;) {
        {
            std::unique_lock<std::mutex> guard(maintenance_mutex_);
            if (maintenance_wake_.wait_for(guard, pause, [this] { return maintenance_stop_; })) {
                return;
            }
        }
        try {
            const size_t expired = maintain();
            const bool more = keyspace_->garbage().free_some(kFreedPerTick);
            const bool busy = evict_some(kEvictPerTickUs) || more || expired == kExpirePerTick;
            pause = busy ? kBreath : kTick;
        } catch (const std::bad_alloc&) {
            pause = kTick;  // memory is short; what is due comes with the next tick
        }
    }
}

void Engine::stop_maintenance() noexcept {
    {
        const std::lock_guard<std::mutex> guard(maintenance_mutex_);
        maintenance_stop_ = true;
    }
    maintenance_wake_.notify_all();
    if (maintenance_.joinable()) maintenance_.join();
}

}  // namespace synap
