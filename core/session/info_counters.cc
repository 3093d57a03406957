// What INFO says of commands: stats, commandstats, errorstats, latencystats.
#include <string>

#include "core/base/numbers.h"
#include "core/base/text.h"
#include "core/commands/record.h"
#include "core/session/info.h"
#include "core/session/session.h"

namespace synap {
namespace {

uint64_t sum_of(const Stats& stats, std::atomic<uint64_t> StatsStripe::*counter) {
    return stats.sum([&](const StatsStripe& stripe) -> auto& { return stripe.*counter; });
}

void add_command(const Stats& stats, const CommandRecord& record, InfoFields& fields) {
    const auto sum = [&](std::atomic<uint64_t> CommandCounts::*member) {
        return stats.sum([&](const StatsStripe& stripe) -> auto& {
            return stripe.commands[record.index].*member;
        });
    };
    const uint64_t calls = sum(&CommandCounts::calls);
    const uint64_t rejected = sum(&CommandCounts::rejected);
    if (calls == 0 && rejected == 0) return;
    const uint64_t usec = sum(&CommandCounts::usec);
    const double each = calls == 0 ? 0 : static_cast<double>(usec) / static_cast<double>(calls);
    fields.add("cmdstat_" + to_lower(record.name),
               "calls=" + std::to_string(calls) + ",usec=" + std::to_string(usec) +
                   ",usec_per_call=" + fixed(each, 2) +
                   ",rejected_calls=" + std::to_string(rejected) +
                   ",failed_calls=" + std::to_string(sum(&CommandCounts::failed)));
}

void add_latency(const Stats& stats, const CommandRecord& record, InfoFields& fields) {
    const Latencies latencies = stats.latencies(record);
    if (latencies.calls == 0) return;
    const auto percentile = [&](double fraction) {
        return fixed(static_cast<double>(latencies.percentile(fraction)), 3);
    };
    fields.add(
        "latency_percentiles_usec_" + to_lower(record.name),
        "p50=" + percentile(0.5) + ",p99=" + percentile(0.99) + ",p99.9=" + percentile(0.999));
}

// add(stats, record, fields) for every command and subcommand.
template <typename Add>
void add_each_command(CommandContext& ctx, InfoFields& fields, Add&& add) {
    for (const CommandRecord& record : all_commands()) {
        add(ctx.engine().stats(), record, fields);
        for (const CommandRecord& sub : record.subcommands) add(ctx.engine().stats(), sub, fields);
    }
}

}  // namespace

// The server's own facts (connections, bytes, reads) take the place of zeros.
void fill_stats(CommandContext& ctx, InfoFields& fields) {
    Engine& engine = ctx.engine();
    const Stats& stats = engine.stats();
    fields.zeros({"total_connections_received"});
    fields.number("total_commands_processed", stats.commands_processed());
    fields.number("instantaneous_ops_per_sec", engine.ops_sampler().per_second());
    fields.zeros({"total_net_input_bytes", "total_net_output_bytes", "total_net_repl_input_bytes",
                  "total_net_repl_output_bytes"});
    for (const char* name : {"instantaneous_input_kbps", "instantaneous_output_kbps",
                             "instantaneous_input_repl_kbps", "instantaneous_output_repl_kbps"}) {
        fields.add(name, "0.00");
    }
    fields.zeros({"rejected_connections", "sync_full", "sync_partial_ok", "sync_partial_err"});
    fields.number("expired_subkeys", sum_of(stats, &StatsStripe::expired_fields));
    fields.number("expired_keys", sum_of(stats, &StatsStripe::expired));
    fields.add("expired_stale_perc", "0.00");
    fields.zeros({"expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds"});
    fields.number("evicted_keys", sum_of(stats, &StatsStripe::evicted));
    fields.zeros(
        {"evicted_clients", "total_eviction_exceeded_time", "current_eviction_exceeded_time"});
    fields.number("keyspace_hits", sum_of(stats, &StatsStripe::hits));
    fields.number("keyspace_misses", sum_of(stats, &StatsStripe::misses));
    fields.zeros({"pubsub_channels", "pubsub_patterns", "pubsubshard_channels", "latest_fork_usec",
                  "total_forks", "migrate_cached_sockets", "slave_expires_tracked_keys",
                  "active_defrag_hits", "active_defrag_misses", "active_defrag_key_hits",
                  "active_defrag_key_misses", "total_active_defrag_time",
                  "current_active_defrag_time", "tracking_total_keys", "tracking_total_items",
                  "tracking_total_prefixes", "unexpected_error_replies"});
    fields.number("total_error_replies", stats.errors().total());
    fields.zeros({"dump_payload_sanitizations", "total_reads_processed", "total_writes_processed",
                  "io_threaded_reads_processed", "io_threaded_writes_processed",
                  "reply_buffer_shrinks", "reply_buffer_expands", "eventloop_cycles",
                  "eventloop_duration_sum", "eventloop_duration_cmd_sum",
                  "instantaneous_eventloop_cycles_per_sec", "instantaneous_eventloop_duration_usec",
                  "acl_access_denied_auth", "acl_access_denied_cmd", "acl_access_denied_key",
                  "acl_access_denied_channel"});
    fields.number("synap_unknown_commands", sum_of(stats, &StatsStripe::unknown_commands));
    fields.number("synap_clock_jumps", engine.clock_jumps());
}

void fill_command_stats(CommandContext& ctx, InfoFields& fields) {
    add_each_command(ctx, fields, add_command);
}

void fill_error_stats(CommandContext& ctx, InfoFields& fields) {
    for (const auto& [code, number] : ctx.engine().stats().errors().all()) {
        fields.add("errorstat_" + code, "count=" + std::to_string(number));
    }
}

void fill_latency_stats(CommandContext& ctx, InfoFields& fields) {
    add_each_command(ctx, fields, add_latency);
}

}  // namespace synap
