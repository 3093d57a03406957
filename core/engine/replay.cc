// Replay: the log's records, applied to the keyspace that a snapshot, or nothing, has filled.
#include <algorithm>

#include "core/engine/apply_record.h"
#include "core/engine/engine.h"
#include "core/log/reader.h"

namespace synap {
namespace {

constexpr uint64_t kProgressBytes = 256ull << 20;  // one line of progress each

std::string mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

// The next effects of the log, held back a little, so that the cache misses of their keys overlap.
class ReplayWindow {
public:
    explicit ReplayWindow(Keyspace& keyspace) : keyspace_(keyspace) {
        bytes_.reserve(kBytes);
        pending_.reserve(kEffects);
    }

    // Takes the effects of a record; calls apply(end of the record, effect), in order, for those
    // that there is no more room to hold back.
    template <typename Apply>
    Status add(const LogRecord& record, Apply&& apply) {
        const bool fits = record.effects.size() <= kBytes;
        if (pending_.size() >= kEffects || bytes_.size() + record.effects.size() > kBytes) {
            apply_all(apply);
        }
        std::string_view effects = record.effects;
        if (fits) {  // without moving what stands in bytes_: views point there
            bytes_.append(effects);
            effects = std::string_view(bytes_).substr(bytes_.size() - effects.size());
        }
        while (!effects.empty()) {
            auto effect = decode_effect(effects);
            if (!effect) {
                return Error{effect.error().code, "log record that ends at position " +
                                                      std::to_string(record.end) + ": " +
                                                      effect.error().message};
            }
            effect->hash = keyspace_.key(effect->name_space, effect->key).hash;
            keyspace_.prefetch_slot(effect->hash);
            pending_.push_back({record.end, *effect});
        }
        if (!fits) apply_all(apply);  // its bytes are the reader's
        return {};
    }

    template <typename Apply>
    void apply_all(Apply&& apply) {
        for (const Pending& p : pending_) keyspace_.prefetch_table(p.effect.hash);
        for (const Pending& p : pending_) keyspace_.prefetch_node(p.effect.hash);
        for (Pending& p : pending_) apply(p.end, p.effect);
        pending_.clear();
        bytes_.clear();
    }

private:
    static constexpr size_t kEffects = 64;
    static constexpr size_t kBytes = 64 * 1024;

    struct Pending {
        uint64_t end;
        Effect effect;
    };
    Keyspace& keyspace_;
    std::string bytes_;
    std::vector<Pending> pending_;
};

}  // namespace

void Engine::apply_replayed(const SnapshotPositions& positions, uint64_t end, Effect& effect) {
    // Spread as threads will spread what they write, so that they do not all meet in one shard of
    // the heap.
    const unsigned stripe = loading_->slot_index(effect.hash) % limits::kStripes;
    switch (effect.kind) {
        case EffectKind::kSwap:
            if (end > positions.databases_at) loading_->apply(effect, stripe);
            return;
        case EffectKind::kFlush:
            if (positions.slots.empty()) return loading_->apply(effect, stripe);
            replay_flush(positions, end, effect.name_space);
            return;
        case EffectKind::kMove:
        case EffectKind::kCopy: {
            effect.other_hash = loading_->key(effect.other_name_space, effect.other_key).hash;
            const bool from_done = positions.contains(effect.hash, end);
            const bool to_done = positions.contains(effect.other_hash, end);
            // Captured with its source gone, the target was captured holding the value.
            if (from_done) return;
            if (to_done && effect.kind == EffectKind::kCopy) return;
            if (to_done) effect.kind = EffectKind::kDelete;
            loading_->apply(effect, stripe);
            return;
        }
        default:
            if (!positions.contains(effect.hash, end)) loading_->apply(effect, stripe);
    }
}

// A slot of the keyspace may stand for several of the snapshot, captured on both sides of the
// flush.
void Engine::replay_flush(const SnapshotPositions& positions, uint64_t end, uint8_t name_space) {
    std::vector<std::string> keys;
    for (uint32_t i = 0; i < loading_->slot_count(); ++i) {
        keys.clear();
        loading_->slot(i).table.for_each([&](Cell cell) {
            const Node* node = cell_node(cell);
            if (node->name_space() == name_space) keys.emplace_back(node->key());
        });
        for (const std::string& key : keys) {
            Effect effect;
            effect.kind = EffectKind::kDelete;
            effect.name_space = name_space;
            effect.key = key;
            effect.hash = loading_->key(name_space, key).hash;
            if (!positions.contains(effect.hash, end)) loading_->apply(effect, 0);
        }
    }
}

Status Engine::replay(const SnapshotPositions& positions, uint64_t from, const SnapshotInfo& info) {
    auto opened =
        LogReader::open(*platform_.disk, manifest_.log_history(), from, marks_of(node_, manifest_));
    if (!opened) return opened.take_error();
    LogReader& reader = **opened;
    total_bytes_ = loaded_bytes_.load() + reader.bytes_total();
    const uint64_t loaded_before = loaded_bytes_.load();
    uint64_t last_commit_ms = 0;
    uint64_t records = 0;
    uint64_t told = 0;
    LogRecord record;
    ReplayWindow window(*loading_);
    Status wrong;
    const auto apply = [&](uint64_t end, Effect& effect) {
        if (!wrong) return;
        if (!positions.contains(effect.hash, end) && edits_another_type(*loading_, effect)) {
            wrong =
                Error{Code::kCorrupt, "log record that ends at position " + std::to_string(end) +
                                          ": an edit of a value of another type"};
            return;
        }
        apply_replayed(positions, end, effect);
    };
    for (;;) {
        auto more = reader.next(record);
        if (!more) return more.take_error();
        if (!*more) break;
        last_commit_ms = record.commit_ms;
        SYNAP_TRY(window.add(record, apply));
        if (!wrong) return wrong;
        ++records;
        loaded_bytes_ = loaded_before + reader.bytes_read();
        if (reader.bytes_read() - told >= kProgressBytes) {
            told = reader.bytes_read();
            log_line(LogLine::Level::kInfo, "replaying the log: " + mebibytes(told) + " of " +
                                                mebibytes(reader.bytes_total()));
        }
    }
    window.apply_all(apply);
    if (!wrong) return wrong;
    SYNAP_TRY(refuse_if_proven_longer(reader, info));
    // What is not proven to be durable is shown all the same: the next owner will accept it.
    if (read_only()) return {};
    if (!reader.damage().empty()) {
        log_line(LogLine::Level::kWarn,
                 "the log was cut where it was being written when the "
                 "process or machine stopped: " +
                     reader.damage());
    }
    unwritten_ = std::make_unique<Unwritten>();
    const uint64_t epoch_start = manifest_.epochs.empty() ? 0 : manifest_.epochs.back().start;
    unwritten_->proven = std::max({info.complete_at, epoch_start, node_.durable});
    log_line(LogLine::Level::kInfo, "replayed " + std::to_string(records) +
                                        " records; the log "
                                        "goes on at position " +
                                        std::to_string(reader.end()));
    warn_of_future_record(last_commit_ms);
    SYNAP_TRY(make_log(reader));
    unwritten_->reader = std::move(*opened);
    return {};
}

void Engine::warn_of_future_record(uint64_t commit_ms) {
    const int64_t now = now_ms();
    if (commit_ms < static_cast<uint64_t>(now + ClockWatch::kJumpMs)) return;
    log_line(LogLine::Level::kWarn, "the wall clock shows " + time_text(now) +
                                        ", but the last record was written when it showed " +
                                        time_text(static_cast<int64_t>(commit_ms)) +
                                        ". Deadlines of keys are judged by what it shows now");
}

}  // namespace synap
