#include "core/engine/replay.h"

#include <string>
#include <string_view>
#include <vector>

#include "core/engine/apply_record.h"

namespace synap {
namespace {

constexpr uint64_t kProgressBytes = 256ull << 20;  // one line of progress each

std::string mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

// The next records of the log, held back a little, so that the cache misses of their keys overlap.
class ReplayWindow {
public:
    ReplayWindow(Keyspace& keyspace, const SnapshotPositions& held)
        : keyspace_(keyspace), held_(held) {
        bytes_.reserve(kBytes);
        effects_.reserve(kEffects);
        records_.reserve(kEffects);
    }

    // Takes a record, and applies, in order, those that there is no more room to hold back.
    Status add(const LogRecord& record) {
        std::string_view effects = record.effects;
        const bool fits = effects.size() <= kBytes;
        if (effects_.size() >= kEffects || bytes_.size() + effects.size() > kBytes) {
            SYNAP_TRY(apply_all());
        }
        if (fits) {  // without moving what stands in bytes_: views point there
            bytes_.append(effects);
            effects = std::string_view(bytes_).substr(bytes_.size() - effects.size());
        }
        const size_t first = effects_.size();
        if (Status decoded = decode_record(keyspace_, effects, effects_); !decoded) {
            return Error{decoded.error().code, "log record that ends at position " +
                                                   std::to_string(record.end) + ": " +
                                                   decoded.error().message};
        }
        for (size_t i = first; i < effects_.size(); ++i) keyspace_.prefetch_slot(effects_[i].hash);
        records_.push_back({record.end, first, effects_.size() - first});
        return fits ? Status{} : apply_all();  // its bytes are the reader's
    }

    Status apply_all() {
        for (const Effect& effect : effects_) keyspace_.prefetch_table(effect.hash);
        for (const Effect& effect : effects_) keyspace_.prefetch_node(effect.hash);
        const std::span<const Effect> effects(effects_);
        for (const Pending& record : records_) {
            SYNAP_TRY(apply_record(keyspace_, effects.subspan(record.first, record.count),
                                   record.end, held_, kStripeOfSlot));
        }
        records_.clear();
        effects_.clear();
        bytes_.clear();
        return {};
    }

private:
    static constexpr size_t kEffects = 64;
    static constexpr size_t kBytes = 64 * 1024;

    struct Pending {
        uint64_t end;
        size_t first;  // of its effects
        size_t count;
    };
    Keyspace& keyspace_;
    const SnapshotPositions& held_;
    std::string bytes_;
    std::vector<Effect> effects_;
    std::vector<Pending> records_;
};

// What people and programs are shown of a replay under way.
class Progress {
public:
    Progress(const DirectoryToLoad& from, const LogReader& log)
        : from_(from), before_(from.progress == nullptr ? 0 : from.progress->loaded.load()) {
        if (from.progress != nullptr) from.progress->total = before_ + log.bytes_total();
    }

    void note(const LogReader& log) {
        if (from_.progress != nullptr) from_.progress->loaded = before_ + log.bytes_read();
        if (from_.lines == nullptr || log.bytes_read() - told_ < kProgressBytes) return;
        told_ = log.bytes_read();
        from_.lines->add(LogLine::Level::kInfo, "replaying the log: " + mebibytes(told_) + " of " +
                                                    mebibytes(log.bytes_total()));
    }

private:
    const DirectoryToLoad& from_;
    const uint64_t before_;
    uint64_t told_ = 0;
};

}  // namespace

Result<Replayed> replay_log(LogReader& log, const DirectoryToLoad& from, Keyspace& keyspace,
                            const SnapshotPositions& held) {
    Replayed replayed;
    replayed.end = log.end();
    Progress progress(from, log);
    ReplayWindow window(keyspace, held);
    LogRecord record;
    for (;;) {
        auto more = log.next(record);
        if (!more) return more.take_failure();
        if (!*more) break;
        if (record.end > from.until) {
            replayed.left_some_out = true;
            break;
        }
        replayed.last_commit_ms = record.commit_ms;
        replayed.end = record.end;
        SYNAP_TRY(window.add(record));
        ++replayed.records;
        progress.note(log);
    }
    SYNAP_TRY(window.apply_all());
    return replayed;
}

}  // namespace synap
