// What each section of INFO says. Names are Redis' where the fact is the same one; facts that only
// Synap has begin with synap_.
#include <algorithm>
#include <cstdio>
#include <string>

#include "core/commands/record.h"
#include "core/platform/real.h"
#include "core/session/info.h"
#include "core/session/session.h"
#include "core/session/version.h"

namespace synap {
namespace {

void fill_server(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const int64_t now_ms = engine.clock().wall_ms();
    const uint64_t uptime = engine.uptime_us() / 1'000'000;
    fields.add("redis_version", kRedisVersion);
    fields.add("synap_version", kSynapVersion);
    fields.add("redis_mode", "standalone");
    fields.add("os", system_name());
    fields.number("arch_bits", sizeof(void*) * 8);
    fields.number("process_id", static_cast<uint64_t>(process_id()));
    fields.add("run_id", engine.run_id());
    fields.number("tcp_port", 0);
    fields.number("server_time_usec", static_cast<uint64_t>(now_ms) * 1000);
    fields.number("uptime_in_seconds", uptime);
    fields.number("uptime_in_days", uptime / 86400);
    fields.number("synap_slots", ctx.keyspace().slot_count());
}

void fill_clients(CommandContext& ctx, InfoFields& fields) {
    fields.number("connected_clients", ctx.engine().session_count());
    fields.number("cluster_connections", 0);
    fields.number("tracking_clients", 0);
}

void fill_memory(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const uint64_t used = engine.used_memory();
    const uint64_t peak = std::max(engine.peak_memory(), used);
    const uint64_t resident = resident_bytes();
    fields.bytes("used_memory", used);
    fields.bytes("used_memory_rss", resident);
    fields.bytes("used_memory_peak", peak);
    const double share = peak == 0 ? 0 : static_cast<double>(used) / static_cast<double>(peak);
    fields.add("used_memory_peak_perc", fixed(100 * share, 2) + "%");
    fields.bytes("total_system_memory", total_memory_bytes());
    fields.bytes("maxmemory", engine.options().get(OptionId::kMaxMemory));
    fields.add("maxmemory_policy", redis_option_text(engine, OptionId::kMaxMemoryPolicy));
    fields.real("mem_fragmentation_ratio",
                used == 0 ? 0.0 : static_cast<double>(resident) / static_cast<double>(used), 2);
    fields.add("mem_fragmentation_bytes",
               std::to_string(static_cast<int64_t>(resident) - static_cast<int64_t>(used)));
    fields.number("mem_replication_backlog", 0);
    fields.number("mem_aof_buffer", engine.log() != nullptr ? engine.log()->tail_bytes() : 0);
    fields.add("mem_allocator", "libc");
}

void add_log(Engine& engine, const Log& log, InfoFields& fields) {
    const Log::Counters& counters = log.counters();
    fields.number("aof_current_size", log.appended() - log.oldest_position());
    fields.number("aof_buffer_length", log.tail_bytes());
    fields.number("synap_log_epoch", log.epoch());
    fields.number("synap_log_appended", log.appended());
    fields.number("synap_log_written", log.written());
    fields.number("synap_log_synced", log.synced());
    fields.number("synap_log_oldest", log.oldest_position());
    fields.number("synap_log_records", counters.records.load());
    fields.number("synap_log_bytes", counters.bytes.load());
    fields.number("synap_log_writes", counters.writes.load());
    fields.number("synap_log_syncs", counters.syncs.load());
    fields.number("synap_log_last_sync_usec", counters.last_sync_us.load());
    fields.add("synap_log_fsync", engine.options().text(OptionId::kFsync));
}

void fill_persistence(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const bool loading = engine.state() == EngineState::kLoading;
    const Log* log = engine.log();
    const Snapshots::State snapshot = engine.snapshots().state();
    fields.flag("loading", loading);
    fields.flag("async_loading", false);
    if (loading) {
        fields.number("loading_start_time", static_cast<uint64_t>(engine.started_ms() / 1000));
        fields.number("loading_total_bytes", engine.total_bytes());
        fields.number("loading_loaded_bytes", engine.loaded_bytes());
    }
    fields.number("rdb_changes_since_last_save", snapshot.records_since);
    fields.flag("rdb_bgsave_in_progress", engine.snapshots().running());
    fields.number("rdb_last_save_time", static_cast<uint64_t>(last_save_seconds(engine)));
    fields.add("rdb_last_bgsave_status", snapshot.last_ok ? "ok" : "err");
    fields.add("rdb_last_bgsave_time_sec",
               snapshot.taken == 0 ? std::string("-1")
                                   : std::to_string(snapshot.last_duration_us / 1'000'000));
    fields.number("rdb_saves", snapshot.taken);
    fields.number("rdb_last_cow_size", 0);
    fields.flag("aof_enabled", log != nullptr);
    fields.flag("aof_rewrite_in_progress", false);
    fields.flag("aof_rewrite_scheduled", false);
    fields.add("aof_last_bgrewrite_status", "ok");
    fields.add("aof_last_write_status", log != nullptr && log->failed() ? "err" : "ok");
    fields.flag("synap_writes_accepted", engine.accepts_writes());
    fields.number("synap_snapshot_keys", snapshot.last_keys);
    fields.number("synap_snapshot_bytes", snapshot.last_bytes);
    fields.number("synap_snapshot_usec", snapshot.last_duration_us);
    if (!snapshot.last_ok) fields.add("synap_snapshot_error", snapshot.last_error);
    if (log != nullptr) add_log(engine, *log, fields);
}

void fill_stats(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const Stats& stats = engine.stats();
    const auto failed =
        stats.sum_commands([](const CommandCounts& c) -> auto& { return c.failed; });
    const auto rejected =
        stats.sum_commands([](const CommandCounts& c) -> auto& { return c.rejected; });
    const uint64_t unknown =
        stats.sum([](const StatsStripe& s) -> auto& { return s.unknown_commands; });
    fields.number("total_commands_processed", stats.commands_processed());
    fields.number("instantaneous_ops_per_sec", engine.ops_sampler().per_second());
    fields.number("expired_keys",
                  stats.sum([](const StatsStripe& s) -> auto& { return s.expired; }));
    fields.number("evicted_keys",
                  stats.sum([](const StatsStripe& s) -> auto& { return s.evicted; }));
    fields.number("keyspace_hits", stats.sum([](const StatsStripe& s) -> auto& { return s.hits; }));
    fields.number("keyspace_misses",
                  stats.sum([](const StatsStripe& s) -> auto& { return s.misses; }));
    fields.number("pubsub_channels", 0);
    fields.number("pubsub_patterns", 0);
    fields.number("latest_fork_usec", 0);
    fields.number("total_forks", 0);
    fields.number("total_error_replies", failed + rejected + unknown);
    fields.number("synap_unknown_commands", unknown);
    fields.number("synap_clock_jumps", engine.clock_jumps());
}

void fill_replication(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    fields.add("role", "master");
    fields.number("connected_slaves", 0);
    fields.add("master_failover_state", "no-failover");
    fields.add("master_replid", engine.run_id());
    fields.add("master_replid2", std::string(40, '0'));
    fields.number("master_repl_offset", engine.log() != nullptr ? engine.log()->appended() : 0);
    fields.add("second_repl_offset", "-1");
    fields.flag("repl_backlog_active", false);
    fields.number("repl_backlog_size", 0);
    fields.number("repl_backlog_first_byte_offset", 0);
    fields.number("repl_backlog_histlen", 0);
}

void fill_cpu(CommandContext&, InfoFields& fields) {
    const ProcessorTime time = processor_time();
    fields.real("used_cpu_sys", time.system, 6);
    fields.real("used_cpu_user", time.user, 6);
}

// Time is measured by class of command, not for each: see latencystats.
void fill_command_stats(CommandContext& ctx, InfoFields& fields) {
    const Stats& stats = ctx.engine().stats();
    const auto add = [&](const CommandRecord& record) {
        const auto sum = [&](std::atomic<uint64_t> CommandCounts::*member) {
            return stats.sum([&](const StatsStripe& stripe) -> auto& {
                return stripe.commands[record.index].*member;
            });
        };
        const uint64_t calls = sum(&CommandCounts::calls);
        const uint64_t rejected = sum(&CommandCounts::rejected);
        if (calls == 0 && rejected == 0) return;
        fields.add("cmdstat_" + to_lower(record.name),
                   "calls=" + std::to_string(calls) +
                       ",rejected_calls=" + std::to_string(rejected) +
                       ",failed_calls=" + std::to_string(sum(&CommandCounts::failed)));
    };
    for (const CommandRecord& record : all_commands()) {
        add(record);
        for (const CommandRecord& sub : record.subcommands) add(sub);
    }
}

// The upper bound of the bucket in which the percentile lies, in microseconds.
uint64_t percentile(const uint64_t (&buckets)[kLatencyBuckets], uint64_t total, double fraction) {
    const double wanted = static_cast<double>(total) * fraction;
    uint64_t seen = 0;
    for (unsigned i = 0; i < kLatencyBuckets; ++i) {
        seen += buckets[i];
        if (static_cast<double>(seen) >= wanted) return uint64_t{1} << i;
    }
    return uint64_t{1} << kLatencyBuckets;
}

void fill_latency_stats(CommandContext& ctx, InfoFields& fields) {
    static constexpr std::string_view kClasses[kLatencyClasses] = {"fast", "slow", "linear",
                                                                   "blocking"};
    for (unsigned which = 0; which < kLatencyClasses; ++which) {
        uint64_t buckets[kLatencyBuckets];
        uint64_t total = 0;
        for (unsigned i = 0; i < kLatencyBuckets; ++i) {
            buckets[i] = ctx.engine().stats().sum([&](const StatsStripe& stripe) -> auto& {
                return stripe.latency[which].buckets[i];
            });
            total += buckets[i];
        }
        if (total == 0) continue;
        fields.add("latency_percentiles_usec_class_" + std::string(kClasses[which]),
                   "p50=" + std::to_string(percentile(buckets, total, 0.5)) +
                       ",p99=" + std::to_string(percentile(buckets, total, 0.99)) +
                       ",p99.9=" + std::to_string(percentile(buckets, total, 0.999)));
    }
}

void fill_cluster(CommandContext&, InfoFields& fields) { fields.flag("cluster_enabled", false); }

void fill_keyspace(CommandContext& ctx, InfoFields& fields) {
    Keyspace& keyspace = ctx.keyspace();
    for (unsigned database = 0; database < limits::kDatabases; ++database) {
        const uint8_t name_space = keyspace.name_space_of(database);
        const int64_t keys = keyspace.accounts().keys(name_space);
        if (keys <= 0) continue;
        fields.add("db" + std::to_string(database),
                   "keys=" + std::to_string(keys) + ",expires=" +
                       std::to_string(keyspace.accounts().deadlines(name_space)) + ",avg_ttl=0");
    }
}

}  // namespace

std::span<const InfoSection> info_sections() noexcept {
    static constexpr InfoSection kSections[] = {
        {"server", "Server", true, fill_server},
        {"clients", "Clients", true, fill_clients},
        {"memory", "Memory", true, fill_memory},
        {"persistence", "Persistence", true, fill_persistence},
        {"stats", "Stats", true, fill_stats},
        {"replication", "Replication", true, fill_replication},
        {"cpu", "CPU", true, fill_cpu},
        {"commandstats", "Commandstats", false, fill_command_stats},
        {"latencystats", "Latencystats", false, fill_latency_stats},
        {"cluster", "Cluster", true, fill_cluster},
        {"keyspace", "Keyspace", true, fill_keyspace},
    };
    return kSections;
}

}  // namespace synap
