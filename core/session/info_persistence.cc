// INFO persistence: the log and snapshots, in the words of Redis: the log is its append-only file,
// which is never rewritten, and a snapshot its RDB file.
#include <algorithm>
#include <string>

#include "core/log/pins.h"
#include "core/log/stream.h"
#include "core/session/info.h"
#include "core/session/session.h"

namespace synap {
namespace {

void add_log_as_file(const Log& log, InfoFields& fields) {
    fields.number("aof_current_size", log.appended() - log.oldest_position());
    fields.zeros({"aof_base_size", "aof_pending_rewrite"});
    fields.number("aof_buffer_length", log.tail_bytes());
    fields.zeros({"aof_pending_bio_fsync", "aof_delayed_fsync"});
}

void add_loading(Engine& engine, InfoFields& fields) {
    const uint64_t total = engine.total_bytes();
    const uint64_t loaded = std::min(engine.loaded_bytes(), total);
    const double share = total == 0 ? 0 : static_cast<double>(loaded) / static_cast<double>(total);
    fields.number("loading_start_time", static_cast<uint64_t>(engine.started_ms() / 1000));
    fields.number("loading_total_bytes", total);
    fields.number("loading_rdb_used_mem", 0);
    fields.number("loading_loaded_bytes", loaded);
    fields.real("loading_loaded_perc", 100 * share, 2);
    const double spent = static_cast<double>(engine.uptime_us()) / 1e6;
    fields.number("loading_eta_seconds",
                  share == 0 ? 1 : static_cast<uint64_t>(spent * (1 - share) / share));
}

void add_log(Engine& engine, const Log& log, InfoFields& fields) {
    const Log::Counters& counters = log.counters();
    fields.number("synap_log_epoch", log.epoch());
    fields.number("synap_log_appended", log.appended());
    fields.number("synap_log_written", log.written());
    fields.number("synap_log_synced", log.synced());
    fields.number("synap_log_oldest", log.oldest_position());
    fields.number("synap_log_records", counters.records.load());
    fields.number("synap_log_bytes", counters.bytes.load());
    fields.number("synap_log_writes", counters.writes.load());
    fields.number("synap_log_syncs", counters.syncs.load());
    fields.number("synap_log_blocks", counters.blocks.load());
    fields.number("synap_log_last_sync_usec", counters.last_sync_us.load());
    fields.add("synap_log_fsync", engine.options().text(OptionId::kFsync));
}

// For those who read it while it is open, and for whom it is kept.
void add_readers(const Log& log, InfoFields& fields) {
    const LogPins::Totals pins = log.pins().totals(log.appended());
    const LogStream& stream = log.stream();
    fields.number("synap_log_pins", pins.pins);
    fields.number("synap_log_pinned_bytes", pins.bytes);
    fields.number("synap_log_pins_dropped", log.pins().drops());
    fields.number("synap_log_readers", stream.readers());
    fields.number("synap_log_stream_memory", stream.kept_bytes());
    fields.number("synap_log_streamed_from_memory", stream.counters().memory_bytes.load());
    fields.number("synap_log_streamed_from_files", stream.counters().disk_bytes.load());
}

// Redis' fork copies pages; here nothing is forked.
void add_snapshots(Engine& engine, const Snapshots::State& snapshot, InfoFields& fields) {
    const bool running = engine.snapshots().running();
    fields.zeros({"current_cow_peak", "current_cow_size", "current_cow_size_age",
                  "current_fork_perc", "current_save_keys_processed", "current_save_keys_total"});
    fields.number("rdb_changes_since_last_save", snapshot.records_since);
    fields.flag("rdb_bgsave_in_progress", running);
    fields.number("rdb_last_save_time", static_cast<uint64_t>(last_save_seconds(engine)));
    fields.add("rdb_last_bgsave_status", snapshot.last_ok ? "ok" : "err");
    const std::string last = std::to_string(snapshot.last_duration_us / 1'000'000);
    fields.add("rdb_last_bgsave_time_sec", snapshot.taken == 0 ? std::string("-1") : last);
    const std::string now = std::to_string(snapshot.running_us / 1'000'000);
    fields.add("rdb_current_bgsave_time_sec", running ? now : std::string("-1"));
    fields.number("rdb_saves", snapshot.taken);
    fields.zeros({"rdb_last_cow_size", "rdb_last_load_keys_expired"});
    fields.number("rdb_last_load_keys_loaded", snapshot.loaded_keys);
}

}  // namespace

void fill_persistence(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const bool loading = engine.state() == EngineState::kLoading;
    const Log* log = engine.log();
    const Snapshots::State snapshot = engine.snapshots().state();
    fields.flag("loading", loading);
    fields.flag("async_loading", false);
    add_snapshots(engine, snapshot, fields);
    fields.flag("aof_enabled", log != nullptr);
    fields.zeros({"aof_rewrite_in_progress", "aof_rewrite_scheduled"});
    fields.add("aof_last_rewrite_time_sec", "-1");
    fields.add("aof_current_rewrite_time_sec", "-1");
    fields.add("aof_last_bgrewrite_status", "ok");
    fields.zeros({"aof_rewrites", "aof_rewrites_consecutive_failures"});
    fields.add("aof_last_write_status", log != nullptr && !log->takes_records() ? "err" : "ok");
    fields.zeros({"aof_last_cow_size", "module_fork_in_progress", "module_fork_last_cow_size"});
    if (log != nullptr) add_log_as_file(*log, fields);
    if (loading) add_loading(engine, fields);
    fields.flag("synap_writes_accepted", engine.accepts_writes());
    fields.flag("synap_writes_blocked", engine.waits_to_write());
    if (const Status refused = engine.failure(); !refused) {
        fields.add("synap_writes_refused", refused.error().message);
    }
    fields.number("synap_snapshot_keys", snapshot.last_keys);
    fields.number("synap_snapshot_bytes", snapshot.last_bytes);
    fields.number("synap_snapshot_usec", snapshot.last_duration_us);
    if (!snapshot.last_ok) fields.add("synap_snapshot_error", snapshot.last_error);
    if (log != nullptr) {
        add_log(engine, *log, fields);
        add_readers(*log, fields);
    }
}

}  // namespace synap
