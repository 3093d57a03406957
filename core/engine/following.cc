#include "core/engine/following.h"

#include <algorithm>

#include "core/engine/apply_record.h"
#include "core/engine/engine.h"

namespace synap {

void Following::begin() noexcept {
    on_.store(true, std::memory_order_release);
    engine_.set_guard(GuardWord::kFollows);
    const ExclusiveGate after_all_others(engine_.gate());
}

void Following::end() noexcept {
    on_.store(false, std::memory_order_release);
    ahead_ms_.store(0);
    engine_.clear_guard(GuardWord::kFollows);
}

Status Following::apply(std::string_view record, uint64_t end) {
    static const SnapshotPositions kNothingHeld;
    const unsigned stripe = engine_.stripe_owners().mine();
    const auto apply_in = [&](Keyspace& keyspace) -> Status {
        SYNAP_TRY(apply_record(keyspace, effects_, end, kNothingHeld, stripe, this));
        applied_.store(end, std::memory_order_release);
        return {};
    };
    for (;;) {
        const std::shared_ptr<Keyspace> keyspace = engine_.shared_keyspace();
        effects_.clear();
        SYNAP_TRY(decode_record(*keyspace, record, effects_));
        if (needs_alone(effects_)) {
            const ExclusiveGate alone(engine_.gate());
            if (&engine_.keyspace() != keyspace.get()) continue;
            SYNAP_TRY(apply_in(*keyspace));
            engine_.alone_position().store(end);
            return {};
        }
        const SharedGate inside(engine_.gate(), stripe);
        if (&engine_.keyspace() == keyspace.get()) return apply_in(*keyspace);
    }
}

// Between a slot that was captured and one that was not, a value must not escape a snapshot.
void Following::locked(std::span<const uint32_t> slots, std::span<const Effect> effects) {
    Snapshots& snapshots = engine_.snapshots();
    const bool moves = std::any_of(effects.begin(), effects.end(),
                                   [](const Effect& effect) { return has_other_key(effect.kind); });
    if (moves && snapshots.capturing()) snapshots.capture_before(slots.data(), slots.size());
}

void Following::applied(Keyspace& keyspace, std::span<const uint32_t> slots,
                        uint64_t end) noexcept {
    if (engine_.log() == nullptr) return;
    for (const uint32_t slot : slots) keyspace.last_position(slot) = end;
}

void Following::set_time(int64_t master_ms) noexcept {
    const auto now_ms = static_cast<int64_t>(engine_.clock().monotonic_us() / 1000);
    ahead_ms_.store(master_ms - now_ms, std::memory_order_relaxed);
}

int64_t Following::now_ms() const noexcept {
    const int64_t ahead_ms = ahead_ms_.load(std::memory_order_relaxed);
    if (ahead_ms == 0) return engine_.clock().wall_ms();
    return static_cast<int64_t>(engine_.clock().monotonic_us() / 1000) + ahead_ms;
}

}  // namespace synap
