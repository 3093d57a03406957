#include "core/engine/following.h"

#include <algorithm>

#include "core/engine/apply_record.h"
#include "core/engine/engine.h"
#include "core/log/chain.h"
#include "core/log/format.h"
#include "core/log/tail_reader.h"
#include "core/types/type_ops.h"

namespace synap {

void Following::begin() noexcept {
    const bool was_on = on_.exchange(true, std::memory_order_acq_rel);
    engine_.set_guard(GuardWord::kFollows);
    const ExclusiveGate after_all_others(engine_.gate());
    const Log* log = engine_.log();
    if (was_on || log == nullptr) return;
    set_applied(log->appended());
    engine_.terms().forget_planned_at(log->appended());
}

void Following::end() noexcept {
    on_.store(false, std::memory_order_release);
    ahead_ms_.store(0);
    in_memory_.store(UINT64_MAX);
    engine_.clear_guard(GuardWord::kFollows);
}

void Following::set_applied(uint64_t position) noexcept {
    applied_.store(position);
    if (is_on()) in_memory_.store(position);
}

Status Following::apply(std::string_view record, uint64_t end) {
    return apply_after(record, end, [](Keyspace&) { return Status(); });
}

// Whether the log has room for the record, which is of an epoch that was entered.
Status Following::may_store(std::string_view frames, uint64_t end) {
    Log& log = *engine_.log();
    if (frames.size() < format::kFrameHeaderBytes || log.appended() + frames.size() != end) {
        return Error{Code::kCorrupt, "a record that ends at position " + std::to_string(end) +
                                         " does not follow on: the log ends at " +
                                         std::to_string(log.appended())};
    }
    const uint32_t epoch = decode_frame_header(frames.data()).epoch;
    if (!engine_.terms().takes(epoch)) {
        return Error{Code::kCorrupt,
                     "a record is of epoch " + std::to_string(epoch) + ", which was not told of"};
    }
    if (!log.takes_records()) {
        Status refused = log.refusal();
        if (!refused) return refused;
    }
    return log.has_room(frames.size()) ? Status() : log.make_room(frames.size());
}

Status Following::take(std::string_view frames, std::string_view record, uint64_t end) {
    Log* log = engine_.log();
    if (log == nullptr) return apply(record, end);
    const bool is_stored = log->appended() == end && applied() < end;  // it was not applied then
    if (!is_stored) SYNAP_TRY(may_store(frames, end));
    engine_.terms().disown();
    try {
        SYNAP_TRY(apply_after(record, end, [&](Keyspace& keyspace) -> Status {
            if (is_stored) return {};
            SYNAP_TRY(check_record(keyspace, effects_, end));
            if (log->append_received(frames) == end) return {};
            return Error{Code::kCorrupt, "what was received is no whole record"};
        }));
    } catch (const HalfApplied&) {
        engine_.stop_writes();
        throw;
    }
    // As whoever appends it has to: others would wait for it. Where it fails the log says so.
    if (frames.size() > limits::kLargeRecordBytes) log->write(end).ignore();
    return {};
}

// Makes a record true, once it is stored.
template <typename Store>
Status Following::apply_after(std::string_view record, uint64_t end, Store&& store) {
    static const SnapshotPositions kNothingHeld;
    const unsigned stripe = engine_.stripe_owners().mine();
    const auto apply_in = [&](Keyspace& keyspace) -> Status {
        SYNAP_TRY(store(keyspace));
        SYNAP_TRY(apply_record(keyspace, effects_, end, kNothingHeld, stripe, this));
        if (is_on()) in_memory_.store(end);
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

Status Following::catch_up() {
    Log* log = engine_.log();
    if (log == nullptr || applied() == log->appended()) return {};
    SYNAP_TRY(log->write(log->appended()));
    TailReader reader(*log, applied());
    std::string record;
    while (applied() < log->written()) {
        auto read = reader.read();
        if (!read) return read.take_failure();
        for (std::string_view left = read->bytes; !left.empty();) {
            const FrameHeader header = decode_frame_header(left.data());
            const size_t size = format::kFrameHeaderBytes + header.length;
            if (!is_filler(header)) {
                record.append(left.substr(format::kFrameHeaderBytes, header.length));
            }
            left.remove_prefix(size);
            if ((header.flags & format::kFlagLast) == 0) continue;
            SYNAP_TRY(apply(record, header.position + size));
            record.clear();
        }
    }
    return {};
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
