#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

#include "capi/src/reply.h"
#include "core/engine/check.h"
#include "core/log/pins.h"
#include "core/log/stream.h"
#include "core/platform/real.h"

using namespace synap;
using namespace synap::capi;

namespace {

void put_number(Reply& tape, std::string_view name, uint64_t value) {
    tape.text(name);
    tape.integer(static_cast<int64_t>(value));
}

void put_commands(Reply& tape, const Stats& stats) {
    std::vector<const CommandRecord*> records;
    for (const CommandRecord& record : all_commands()) {
        records.push_back(&record);
        for (const CommandRecord& sub : record.subcommands) records.push_back(&sub);
    }
    tape.text("commands");
    tape.begin_map(records.size());
    for (const CommandRecord* record : records) {
        const auto sum = [&](auto member) {
            return stats.sum([&](const StatsStripe& s) -> const std::atomic<uint64_t>& {
                return s.commands[record->index].*member;
            });
        };
        const uint64_t calls = sum(&CommandCounts::calls);
        tape.text(record->name);
        tape.begin_map(calls == 0 ? 4 : 9);
        put_number(tape, "usec", sum(&CommandCounts::usec));
        put_number(tape, "calls", calls);
        put_number(tape, "failed_calls", sum(&CommandCounts::failed));
        put_number(tape, "rejected_calls", sum(&CommandCounts::rejected));
        if (calls == 0) continue;
        const Latencies latencies = stats.latencies(*record);
        put_number(tape, "timed_calls", latencies.calls);
        put_number(tape, "timed_usec", latencies.sum_us);
        put_number(tape, "p50", latencies.percentile(0.5));
        put_number(tape, "p99", latencies.percentile(0.99));
        put_number(tape, "p99.9", latencies.percentile(0.999));
    }
}

void put_latency(Reply& tape, const Stats& stats) {
    static constexpr std::string_view kClasses[] = {"fast", "slow", "linear", "blocking"};
    tape.text("latency_us");
    tape.begin_map(std::size(kClasses));
    for (size_t i = 0; i < std::size(kClasses); ++i) {
        const Latencies latencies = stats.latencies(static_cast<LatencyClass>(i));
        tape.text(kClasses[i]);
        tape.begin_map(kLatencyOctaves + 1);
        for (unsigned octave = 0; octave + 1 < kLatencyOctaves; ++octave) {
            put_number(tape, "le_" + std::to_string(uint64_t{1} << octave),
                       latencies.below(octave));
        }
        put_number(tape, "count", latencies.calls);
        put_number(tape, "sum", latencies.sum_us);
    }
}

void put_errors(Reply& tape, const Stats& stats) {
    const auto errors = stats.errors().all();
    tape.text("errors");
    tape.begin_map(errors.size());
    for (const auto& [code, number] : errors) put_number(tape, code, number);
}

void put_log(Reply& tape, Engine& engine) {
    Log* log = engine.log();
    const auto snapshot = engine.snapshots().state();
    tape.text("log");
    tape.begin_map(log == nullptr ? 0 : 18);
    if (log == nullptr) return;
    put_number(tape, "appended_position", log->appended());
    put_number(tape, "written_position", log->written());
    put_number(tape, "synced_position", log->synced());
    put_number(tape, "records_total", log->counters().records.load());
    put_number(tape, "writes_total", log->counters().writes.load());
    put_number(tape, "syncs_total", log->counters().syncs.load());
    put_number(tape, "bytes_total", log->counters().bytes.load());
    put_number(tape, "failed", log->failed() ? 1 : 0);
    put_number(tape, "blocked", engine.waits_to_write() ? 1 : 0);
    put_number(tape, "blocks_total", log->counters().blocks.load());
    put_number(tape, "snapshots_total", snapshot.taken);
    const LogPins::Totals pins = log->pins().totals(log->appended());
    put_number(tape, "pins", pins.pins);
    put_number(tape, "pinned_bytes", pins.bytes);
    put_number(tape, "pins_dropped_total", log->pins().drops());
    const LogStream& stream = log->stream();
    put_number(tape, "readers", stream.readers());
    put_number(tape, "stream_memory", stream.kept_bytes());
    put_number(tape, "streamed_memory_total", stream.counters().memory_bytes.load());
    put_number(tape, "streamed_files_total", stream.counters().disk_bytes.load());
}

void put_keyspace(Reply& tape, Keyspace& keyspace) {
    tape.text("keys");
    tape.begin_map(limits::kDatabases);
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        const int64_t keys = keyspace.accounts().keys(keyspace.name_space_of(i));
        put_number(tape, "db" + std::to_string(i), static_cast<uint64_t>(keys));
    }
}

}  // namespace

synap_status_t synap_stats_walk(synap_store_t* s, const synap_sink_t* sink,
                                synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        GivenSink given;
        SYNAP_TRY(given.read(sink));
        Engine& engine = *s->engine;
        const Stats& stats = engine.stats();
        const auto sum = [&](std::atomic<uint64_t> StatsStripe::*member) {
            return stats.sum(
                [&](const StatsStripe& x) -> const std::atomic<uint64_t>& { return x.*member; });
        };
        Reply tape;
        tape.begin_map(16);
        put_number(tape, "state", static_cast<uint64_t>(engine.state()));
        put_number(tape, "used_memory", engine.used_memory());
        put_number(tape, "peak_memory", engine.peak_memory());
        put_number(tape, "max_memory", engine.options().get(OptionId::kMaxMemory));
        put_number(tape, "resident_memory", resident_bytes());
        put_number(tape, "sessions", engine.sessions().count());
        put_number(tape, "keyspace_hits", sum(&StatsStripe::hits));
        put_number(tape, "keyspace_misses", sum(&StatsStripe::misses));
        put_number(tape, "expired_keys", sum(&StatsStripe::expired));
        put_number(tape, "evicted_keys", sum(&StatsStripe::evicted));
        put_number(tape, "clock_jumps", engine.clock_jumps());
        put_commands(tape, stats);
        put_latency(tape, stats);
        put_errors(tape, stats);
        put_log(tape, engine);
        put_keyspace(tape, *engine.shared_keyspace());
        SYNAP_TRY(replay_one(tape, *given));
        return SYNAP_OK;
    });
}

synap_status_t synap_host_fact(synap_store_t* s, synap_bytes_t section, synap_bytes_t name,
                               synap_bytes_t value, synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        if (!valid(section) || !valid(name) || !valid(value) || name.size == 0) {
            return invalid("section, name or value is NULL, or name is empty");
        }
        s->engine->host_facts().set(view_of(section), view_of(name), view_of(value));
        return SYNAP_OK;
    });
}

void synap_memory_charge(synap_store_t* s, int64_t bytes) noexcept {
    if (alive(s)) s->engine->charge_host_memory(bytes);
}

synap_status_t synap_log_line_take(synap_store_t* s, synap_reply_t** reply_out,
                                   synap_error_t** err) noexcept {
    if (reply_out != nullptr) *reply_out = nullptr;
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        if (reply_out == nullptr) return invalid("reply_out is NULL");
        LogLine line;
        uint64_t lost = 0;
        if (!s->engine->lines().take(line, lost)) return SYNAP_EMPTY;
        static constexpr std::string_view kLevels[] = {"info", "warn", "error"};
        Reply tape;
        tape.begin_array(3);
        tape.text(kLevels[static_cast<size_t>(line.level)]);
        tape.text(line.text);
        tape.integer(static_cast<int64_t>(lost));
        *reply_out = build_small(tape, {0, 0});
        return SYNAP_OK;
    });
}

synap_status_t synap_check(synap_bytes_t path, const synap_sink_t* sink,
                           synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        if (path.data == nullptr || path.size == 0) return invalid("path is empty");
        GivenSink given;
        SYNAP_TRY(given.read(sink));
        auto disk = open_real_disk(view_of(path), false);
        if (!disk) return disk.take_error();
        auto findings = check_directory(**disk);
        if (!findings) return findings.take_error();
        static constexpr std::string_view kSeverities[] = {"info", "warning", "damage", "empty"};
        Reply tape;
        tape.begin_array(findings->size());
        bool sound = true;
        for (const Finding& finding : *findings) {
            sound = sound && finding.severity != Finding::Severity::kDamage;
            tape.begin_map(4);
            tape.text("file");
            tape.text(finding.file);
            tape.text("offset");
            tape.integer(finding.offset);
            tape.text("severity");
            tape.text(kSeverities[static_cast<size_t>(finding.severity)]);
            tape.text("message");
            tape.text(finding.message);
        }
        SYNAP_TRY(replay_one(tape, *given));
        if (!sound) return Error{Code::kCorrupt, "the directory is damaged"};
        return SYNAP_OK;
    });
}
