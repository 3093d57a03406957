// Expiry: keys, and fields of hashes, whose deadline has passed are deleted, which is logged.
#include <algorithm>

#include "core/base/exhaustion.h"

#include "core/engine/engine.h"

namespace synap {

size_t Engine::expire_some(size_t most) {
    const unsigned stripe = stripe_owners_.mine();
    const int64_t now = now_ms();
    size_t expired = 0;
    if (log_ != nullptr && !log_->has_room() && !log_->make_room()) return 0;
    const SharedGate inside(gate_, stripe);
    if (following_.is_on()) return 0;
    Keyspace& keyspace = this->keyspace();
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
    Deadlines& deadlines = keyspace().deadlines(index);
    const std::lock_guard<WordLock> guard(keyspace().slot(index).lock);
    size_t expired = 0;
    while (deadlines.due(now) && expired < most) {
        const uint64_t entry = deadlines.pop();
        const auto tag = static_cast<uint16_t>(entry);
        Rollback stays_due(
            [&]() noexcept { deadlines.push(tag, static_cast<int64_t>(entry >> 16)); });
        expired += remove_due(index, tag, now, most - expired, stripe);
        stays_due.done();
    }
    return expired;
}

// Deletes what is due of the nodes of one tag: keys, and fields of hashes.
size_t Engine::remove_due(uint32_t index, uint16_t tag, int64_t now, size_t most, unsigned stripe) {
    const Table& table = keyspace().slot(index).table;
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
        effect.hash = keyspace().key(effect.name_space, key).hash;
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
        const Node* left = keyspace().find({key, effect.hash, effect.name_space});
        // Its hint was taken; a change of the time it names would have left another.
        if (left != nullptr && left->due_at() == due_at) {
            keyspace().deadlines(index).push(tag, due_at);
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

}  // namespace synap
