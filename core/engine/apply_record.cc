#include "core/engine/apply_record.h"

#include <algorithm>
#include <mutex>
#include <string>

#include "core/engine/following.h"
#include "core/keyspace/slot_locks.h"
#include "core/log/record.h"
#include "core/types/type_ops.h"

namespace synap {
namespace {

// Holds the locks of the slots that effects touch.
class Locked {
public:
    Locked(Keyspace& keyspace, std::span<const Effect> effects) : keyspace_(keyspace) {
        constexpr size_t kSlotsPerEffect = 16;  // up to so many, marking is faster than sorting
        if (effects.size() * kSlotsPerEffect < keyspace.slot_count()) {
            each_slot(effects, [this](uint32_t slot) { locks_.add(slot); });
            locks_.sort();
        } else {
            mark(effects);
        }
        locks_.lock(&keyspace_);
    }
    ~Locked() { locks_.unlock(&keyspace_); }
    std::span<const uint32_t> slots() const noexcept { return locks_.slots(); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

private:
    template <typename See>
    void each_slot(std::span<const Effect> effects, See&& see) {
        for (const Effect& effect : effects) {
            see(keyspace_.slot_index(effect.hash));
            if (has_other_key(effect.kind)) see(keyspace_.slot_index(effect.other_hash));
        }
    }
    void mark(std::span<const Effect> effects) {
        std::vector<bool> touched(keyspace_.slot_count());
        each_slot(effects, [&touched](uint32_t slot) { touched[slot] = true; });
        for (uint32_t slot = 0; slot < touched.size(); ++slot) {
            if (touched[slot]) locks_.add(slot);
        }
    }

    Keyspace& keyspace_;
    SlotLocks locks_;
};

constexpr bool concerns_one_key(EffectKind kind) noexcept { return kind <= EffectKind::kDeadline; }

bool edits_another_type(Keyspace& keyspace, const Effect& effect) {
    const Node* node = keyspace.find({effect.key, effect.hash, effect.name_space});
    return node != nullptr && node->type() != effect.type;
}

Error wrong_edit(uint64_t end) {
    return {Code::kCorrupt, "log record that ends at position " + std::to_string(end) +
                                ": an edit of a value of another type"};
}

// The effects of one record, one by one. Their slots are locked, or nobody else is inside.
class Applying {
public:
    Applying(Keyspace& keyspace, uint64_t end, const SnapshotPositions& held, unsigned stripe)
        : keyspace_(keyspace), end_(end), held_(held), stripe_(stripe) {}

    Status apply(const Effect& effect) {
        switch (effect.kind) {
            case EffectKind::kSwap:
                if (end_ > held_.databases_at) put(effect);
                return {};
            case EffectKind::kFlush:
                if (held_.slots.empty()) {
                    put(effect);
                } else {
                    flush(effect.name_space);
                }
                return {};
            case EffectKind::kMove:
            case EffectKind::kCopy:
                move(effect);
                return {};
            case EffectKind::kEdit:
                if (held_.contains(effect.hash, end_)) return {};
                if (edits_another_type(keyspace_, effect)) return wrong_edit(end_);
                put(effect);
                return {};
            default:
                if (!held_.contains(effect.hash, end_)) put(effect);
                return {};
        }
    }

private:
    void put(const Effect& effect) {
        const unsigned own = keyspace_.slot_index(effect.hash) % limits::kStripes;
        keyspace_.apply(effect, stripe_ == kStripeOfSlot ? own : stripe_);
    }

    void move(const Effect& effect) {
        const bool has_target = held_.contains(effect.other_hash, end_);
        // Captured with its source gone, the target was captured holding the value.
        if (held_.contains(effect.hash, end_)) return;
        if (!has_target) return put(effect);
        if (effect.kind == EffectKind::kCopy) return;
        Effect removal = effect;
        removal.kind = EffectKind::kDelete;
        put(removal);
    }

    // A slot of the keyspace may stand for several of the snapshot, captured on both sides of the
    // flush.
    void flush(uint8_t name_space) {
        std::vector<std::string> keys;
        for (uint32_t i = 0; i < keyspace_.slot_count(); ++i) {
            keys.clear();
            keyspace_.slot(i).table.for_each([&](Cell cell) {
                const Node* node = cell_node(cell);
                if (node->name_space() == name_space) keys.emplace_back(node->key());
            });
            for (const std::string& key : keys) {
                Effect effect;
                effect.kind = EffectKind::kDelete;
                effect.name_space = name_space;
                effect.key = key;
                effect.hash = keyspace_.key(name_space, key).hash;
                if (!held_.contains(effect.hash, end_)) put(effect);
            }
        }
    }

    Keyspace& keyspace_;
    const uint64_t end_;
    const SnapshotPositions& held_;
    const unsigned stripe_;
};

bool may_change(const Effect& earlier, const Effect& edit) noexcept {
    if (!concerns_one_key(earlier.kind) && !has_other_key(earlier.kind)) return true;
    if (earlier.name_space == edit.name_space && earlier.key == edit.key) return true;
    return has_other_key(earlier.kind) && earlier.other_name_space == edit.name_space &&
           earlier.other_key == edit.key;
}

}  // namespace

Status check_record(Keyspace& keyspace, std::span<const Effect> effects, uint64_t end) {
    for (size_t i = 0; i < effects.size(); ++i) {
        const Effect& effect = effects[i];
        if (effect.kind != EffectKind::kEdit) continue;
        {
            const uint32_t slot = keyspace.slot_index(effect.hash);
            const std::lock_guard<WordLock> guard(keyspace.slot(slot).lock);
            if (!edits_another_type(keyspace, effect)) continue;
        }
        const auto earlier = effects.first(i);
        if (std::any_of(earlier.begin(), earlier.end(),
                        [&](const Effect& before) { return may_change(before, effect); })) {
            continue;
        }
        return wrong_edit(end);
    }
    return {};
}

Status decode_record(const Keyspace& keyspace, std::string_view record,
                     std::vector<Effect>& effects) {
    while (!record.empty()) {
        auto effect = decode_effect(record);
        if (!effect) return effect.take_failure();
        effect->hash = keyspace.key(effect->name_space, effect->key).hash;
        if (has_other_key(effect->kind)) {
            effect->other_hash = keyspace.key(effect->other_name_space, effect->other_key).hash;
        }
        effects.push_back(*effect);
    }
    return {};
}

bool needs_alone(std::span<const Effect> effects) noexcept {
    return std::any_of(effects.begin(), effects.end(), [](const Effect& effect) noexcept {
        return effect.kind == EffectKind::kFlush || effect.kind == EffectKind::kSwap;
    });
}

Status apply_record(Keyspace& keyspace, std::span<const Effect> effects, uint64_t end,
                    const SnapshotPositions& held, unsigned stripe, Following* following) {
    Applying applying(keyspace, end, held, stripe);
    if (effects.size() == 1 && concerns_one_key(effects[0].kind)) {  // most are
        const uint32_t slot = keyspace.slot_index(effects[0].hash);
        const std::lock_guard<WordLock> guard(keyspace.slot(slot).lock);
        SYNAP_TRY(applying.apply(effects[0]));
        if (following != nullptr) following->applied(keyspace, {&slot, 1}, end);
        return {};
    }
    const auto apply_all = [&]() -> Status {
        size_t applied = 0;
        try {
            for (; applied < effects.size(); ++applied) SYNAP_TRY(applying.apply(effects[applied]));
        } catch (const std::bad_alloc&) {
            if (applied == 0) throw;
            throw HalfApplied();
        }
        return {};
    };
    if (needs_alone(effects)) return apply_all();
    const Locked locked(keyspace, effects);
    if (following != nullptr) following->locked(locked.slots(), effects);
    SYNAP_TRY(apply_all());
    if (following != nullptr) following->applied(keyspace, locked.slots(), end);
    return {};
}

}  // namespace synap
