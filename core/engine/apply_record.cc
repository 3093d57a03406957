#include "core/engine/apply_record.h"

#include <algorithm>

#include "core/log/record.h"

namespace synap {
namespace {

// The locks of the slots that effects touch, in ascending order.
class SlotLocks {
public:
    SlotLocks(Keyspace& keyspace, std::span<const Effect> effects) : keyspace_(keyspace) {
        for (const Effect& effect : effects) {
            slots_.push_back(keyspace.slot_index(effect.hash));
            if (has_other_key(effect.kind))
                slots_.push_back(keyspace.slot_index(effect.other_hash));
        }
        std::sort(slots_.begin(), slots_.end());
        slots_.erase(std::unique(slots_.begin(), slots_.end()), slots_.end());
        for (const uint32_t slot : slots_) keyspace_.slot(slot).lock.lock();
    }
    ~SlotLocks() {
        for (const uint32_t slot : slots_) keyspace_.slot(slot).lock.unlock();
    }
    SlotLocks(const SlotLocks&) = delete;
    SlotLocks& operator=(const SlotLocks&) = delete;

private:
    Keyspace& keyspace_;
    std::vector<uint32_t> slots_;
};

Status apply_all(Keyspace& keyspace, std::span<const Effect> effects, unsigned stripe) {
    for (const Effect& effect : effects) {
        if (edits_another_type(keyspace, effect)) {
            return Error{Code::kCorrupt, "an edit of a value of another type"};
        }
        keyspace.apply(effect, stripe);
    }
    return {};
}

}  // namespace

Status decode_record(const Keyspace& keyspace, std::string_view record,
                     std::vector<Effect>& effects) {
    effects.clear();
    while (!record.empty()) {
        auto effect = decode_effect(record);
        if (!effect) return effect.take_error();
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

bool edits_another_type(Keyspace& keyspace, const Effect& effect) noexcept {
    if (effect.kind != EffectKind::kEdit) return false;
    const Node* node = keyspace.find({effect.key, effect.hash, effect.name_space});
    return node != nullptr && node->type() != effect.type;
}

Status apply_record(Keyspace& keyspace, std::span<const Effect> effects, unsigned stripe) {
    if (needs_alone(effects)) return apply_all(keyspace, effects, stripe);
    const SlotLocks locks(keyspace, effects);
    return apply_all(keyspace, effects, stripe);
}

}  // namespace synap
