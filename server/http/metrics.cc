#include "server/http/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http/stats.h"

namespace synap::server::http {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

// Families in the order they are written.
class Families {
public:
    void begin(std::string name, std::string help, MetricType type) {
        families_.push_back({std::move(name), std::move(help), type, {}});
    }
    void value(double value, Labels labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        if (families_.back().type == MetricType::Counter) {
            metric.counter.value = value;
        } else {
            metric.gauge.value = value;
        }
        families_.back().metric.push_back(std::move(metric));
    }
    void histogram(ClientMetric::Histogram histogram, Labels labels) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.histogram = std::move(histogram);
        families_.back().metric.push_back(std::move(metric));
    }
    void summary(ClientMetric::Summary summary, Labels labels) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.summary = std::move(summary);
        families_.back().metric.push_back(std::move(metric));
    }
    void counter(std::string name, std::string help, double amount) {
        begin(std::move(name), std::move(help), MetricType::Counter);
        value(amount);
    }
    void gauge(std::string name, std::string help, double amount) {
        begin(std::move(name), std::move(help), MetricType::Gauge);
        value(amount);
    }
    const std::vector<MetricFamily>& all() const noexcept { return families_; }

private:
    std::vector<MetricFamily> families_;
};

// Sum of one counter over the I/O threads.
template <typename Pick>
double total(const Shared& shared, Pick pick) {
    uint64_t sum = 0;
    for (const LoopCounters* loop : shared.loops) {
        sum += pick(*loop).value();
    }
    return static_cast<double>(sum);
}

void add_process(Families& families, const Shared& shared) {
    families.begin("synap_build_info", "Version of the server; always 1.", MetricType::Gauge);
    families.value(1, {{"version", SYNAP_VERSION}});
    const auto up = std::chrono::steady_clock::now() - shared.started;
    families.gauge("synap_uptime_seconds", "Time since the server started.",
                   std::chrono::duration<double>(up).count());
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    families.begin("synap_process_cpu_seconds_total", "Processor time used by the process.",
                   MetricType::Counter);
    families.value(seconds(usage.ru_utime), {{"mode", "user"}});
    families.value(seconds(usage.ru_stime), {{"mode", "system"}});
    std::ifstream statm("/proc/self/statm");
    double virtual_pages = 0;
    double resident_pages = 0;
    if (statm >> virtual_pages >> resident_pages) {
        const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
        families.begin("synap_process_memory_bytes",
                       "Memory of the process, as the kernel sees it.", MetricType::Gauge);
        families.value(resident_pages * page, {{"type", "rss"}});
        families.value(virtual_pages * page, {{"type", "virtual"}});
    }
}

void add_network(Families& families, const Shared& shared) {
    families.gauge("synap_connections", "Open client connections.",
                   static_cast<double>(shared.connections.load(std::memory_order_relaxed)));
    families.counter("synap_connections_accepted_total", "Connections accepted.",
                     static_cast<double>(shared.accepted.load(std::memory_order_relaxed)));
    families.counter("synap_connections_refused_total",
                     "Connections refused because too many were open.",
                     static_cast<double>(shared.refused.load(std::memory_order_relaxed)));
    families.begin("synap_connections_cut_total", "Connections that the server ended by itself.",
                   MetricType::Counter);
    for (size_t i = 0; i < kCutReasonNames.size(); ++i) {
        families.value(
            total(shared, [i](const LoopCounters& loop) -> const Counter& { return loop.cut[i]; }),
            {{"reason", kCutReasonNames[i]}});
    }
    families.begin("synap_connections_protocol_total", "Connections by the protocol they spoke.",
                   MetricType::Counter);
    families.value(
        total(shared,
              [](const LoopCounters& loop) -> const Counter& { return loop.resp_connections; }),
        {{"protocol", "resp"}});
    families.value(
        total(shared,
              [](const LoopCounters& loop) -> const Counter& { return loop.http_connections; }),
        {{"protocol", "http"}});
    families.counter(
        "synap_network_received_bytes_total", "Bytes received from clients.",
        total(shared, [](const LoopCounters& loop) -> const Counter& { return loop.input_bytes; }));
    families.counter("synap_network_sent_bytes_total", "Bytes sent to clients.",
                     total(shared, [](const LoopCounters& loop) -> const Counter& {
                         return loop.output_bytes;
                     }));
    families.gauge("synap_memory_client_buffers_bytes", "Memory in buffers of connections.",
                   total(shared, [](const LoopCounters& loop) -> const Counter& {
                       return loop.buffer_bytes;
                   }));
    families.counter("synap_resp_commands_total", "Commands received over RESP.",
                     total(shared, [](const LoopCounters& loop) -> const Counter& {
                         return loop.resp_commands;
                     }));
    families.counter("synap_resp_batches_total", "Pipelines that RESP commands were run in.",
                     total(shared, [](const LoopCounters& loop) -> const Counter& {
                         return loop.resp_batches;
                     }));
    families.counter(
        "synap_commits_total", "Waits for the log, each for many connections.",
        total(shared, [](const LoopCounters& loop) -> const Counter& { return loop.commits; }));
}

void add_http(Families& families, const Shared& shared) {
    families.begin("synap_http_requests_total", "HTTP requests answered.", MetricType::Counter);
    for (size_t method = 0; method < kHttpMethods; ++method) {
        for (size_t status = 0; status < 5; ++status) {
            const double count = total(shared, [=](const LoopCounters& loop) -> const Counter& {
                return loop.http_requests[method][status];
            });
            if (count != 0) {
                families.value(count, {{"method", kHttpMethodNames[method]},
                                       {"status", std::to_string(status + 1) + "xx"}});
            }
        }
    }
}

// A number of the engine and the metric it becomes. Numbers without an entry are left out: what
// is published is a promise.
struct Known {
    const char* stat;
    const char* metric;
    const char* help;
    MetricType type;
};

constexpr Known kKnownStats[] = {
    {"peak_memory", "synap_memory_peak_bytes", "Most memory ever charged to the store.",
     MetricType::Gauge},
    {"max_memory", "synap_memory_limit_bytes", "Memory that the store may use; 0: no limit.",
     MetricType::Gauge},
    {"sessions", "synap_sessions", "Open sessions of the engine.", MetricType::Gauge},
    {"keyspace_hits", "synap_keyspace_hits_total", "Reads that found their key.",
     MetricType::Counter},
    {"keyspace_misses", "synap_keyspace_misses_total", "Reads that found no key.",
     MetricType::Counter},
    {"expired_keys", "synap_keys_expired_total", "Keys removed at their deadline.",
     MetricType::Counter},
    {"evicted_keys", "synap_keys_evicted_total", "Keys removed to make room.", MetricType::Counter},
    {"clock_jumps", "synap_clock_jumps_total",
     "Times that the wall clock was set, by a second or more, while the server ran.",
     MetricType::Counter},
    {"log_appended_position", "synap_log_appended_position", "End of the log, in bytes.",
     MetricType::Gauge},
    {"log_written_position", "synap_log_written_position",
     "How far the log was handed to the kernel, in bytes.", MetricType::Gauge},
    {"log_synced_position", "synap_log_synced_position", "How far the log is on disk, in bytes.",
     MetricType::Gauge},
    {"log_records_total", "synap_log_records_total", "Records appended to the log.",
     MetricType::Counter},
    {"log_bytes_total", "synap_log_bytes_total", "Bytes written to the log.", MetricType::Counter},
    {"log_writes_total", "synap_log_writes_total", "Writes of the log, each of many records.",
     MetricType::Counter},
    {"log_syncs_total", "synap_log_syncs_total", "Times the log was made durable.",
     MetricType::Counter},
    {"log_failed", "synap_log_failed", "1 when a disk error has stopped all writes.",
     MetricType::Gauge},
    {"log_blocked", "synap_log_blocked",
     "1 while writes are refused for want of room, descriptors or memory.", MetricType::Gauge},
    {"log_blocks_total", "synap_log_blocks_total", "Times that such a shortage began.",
     MetricType::Counter},
    {"log_snapshots_total", "synap_snapshots_total", "Snapshots taken.", MetricType::Counter},
    {"log_pins", "synap_log_pins", "Followers, transfers and backups that the log is kept for.",
     MetricType::Gauge},
    {"log_pinned_bytes", "synap_log_pinned_bytes", "Of the log, kept for the furthest behind.",
     MetricType::Gauge},
    {"log_pins_dropped_total", "synap_log_pins_dropped_total",
     "Times that the log was no longer kept for one, as that took too much or too long.",
     MetricType::Counter},
    {"log_readers", "synap_log_readers", "Who reads the log's end as it grows.", MetricType::Gauge},
    {"log_stream_memory", "synap_log_stream_memory_bytes",
     "Memory in what was written last, kept for these.", MetricType::Gauge},
};

void add_engine(Families& families, const Stats& stats) {
    for (const Known& known : kKnownStats) {
        const auto found = stats.numbers.find(std::string_view(known.stat));
        if (found != stats.numbers.end()) {
            families.begin(known.metric, known.help, known.type);
            families.value(found->second);
        }
    }
}

// None of a store without a log.
void add_streamed(Families& families, const Stats& stats) {
    families.begin("synap_log_streamed_bytes_total",
                   "Of the log, handed to those who read its end.", MetricType::Counter);
    for (const char* from : {"memory", "files"}) {
        const auto found = stats.numbers.find("log_streamed_" + std::string(from) + "_total");
        if (found != stats.numbers.end()) families.value(found->second, {{"from", from}});
    }
}

// Keys of database 0 and of each other that has any; the engine counts them as "keys_db<n>".
void add_keys(Families& families, const Stats& stats) {
    constexpr std::string_view kPrefix = "keys_db";
    families.begin("synap_keys", "Keys of a database.", MetricType::Gauge);
    for (auto it = stats.numbers.lower_bound(kPrefix);
         it != stats.numbers.end() && it->first.starts_with(kPrefix); ++it) {
        const std::string number = it->first.substr(kPrefix.size());
        if (it->second != 0 || number == "0") families.value(it->second, {{"db", number}});
    }
}

void add_commands(Families& families, const Stats& stats) {
    const auto add = [&](const char* name, const char* help, uint64_t CommandStats::*count,
                         double unit = 1) {
        families.begin(name, help, MetricType::Counter);
        for (const auto& [command, numbers] : stats.commands) {
            if (numbers.*count != 0) {
                families.value(static_cast<double>(numbers.*count) * unit, {{"command", command}});
            }
        }
    };
    add("synap_commands_total", "Commands executed.", &CommandStats::calls);
    add("synap_commands_failed_total", "Commands that answered with an error.",
        &CommandStats::failed);
    add("synap_commands_rejected_total", "Commands refused before they ran.",
        &CommandStats::rejected);
    add("synap_commands_seconds_total",
        "Time that commands took in the engine; of a pipeline, the share of their number.",
        &CommandStats::usec, 1e-6);
}

void add_errors(Families& families, const Stats& stats) {
    families.begin("synap_error_replies_total", "Error replies by their first word.",
                   MetricType::Counter);
    for (const auto& [code, number] : stats.errors) {
        families.value(static_cast<double>(number), {{"error", code}});
    }
}

void add_command_latencies(Families& families, const Stats& stats) {
    families.begin("synap_command_latency_seconds",
                   "Time that single calls of a command took in the engine.", MetricType::Summary);
    for (const auto& [command, numbers] : stats.commands) {
        if (numbers.timed == 0) continue;
        const auto seconds = [](uint64_t usec) { return static_cast<double>(usec) / 1e6; };
        ClientMetric::Summary summary;
        summary.sample_count = numbers.timed;
        summary.sample_sum = seconds(numbers.timed_usec);
        summary.quantile = {{0.5, seconds(numbers.p50)},
                            {0.99, seconds(numbers.p99)},
                            {0.999, seconds(numbers.p999)}};
        families.summary(std::move(summary), {{"command", command}});
    }
}

void add_latencies(Families& families, const Stats& stats) {
    families.begin("synap_command_duration_seconds",
                   "Time that commands took in the engine, by class.", MetricType::Histogram);
    for (const auto& [name, latency] : stats.latencies) {
        ClientMetric::Histogram histogram;
        histogram.sample_count = latency.count;
        histogram.sample_sum = latency.sum_us / 1e6;
        for (const auto& [bound_us, count] : latency.buckets) {
            histogram.bucket.push_back({count, bound_us / 1e6});
        }
        histogram.bucket.push_back({latency.count, std::numeric_limits<double>::infinity()});
        families.histogram(std::move(histogram), {{"class", name}});
    }
}

}  // namespace

std::string metrics_text(const Shared& shared) {
    Families families;
    const Stats stats = read_stats(shared.store);
    add_process(families, shared);
    add_network(families, shared);
    add_http(families, shared);
    const synap_store_state_t state = shared.store.state();
    families.gauge("synap_ready", "1 when the store has been recovered and serves.",
                   state.state == SYNAP_STATE_READY || state.state == SYNAP_STATE_BLOCKED ? 1 : 0);
    families.gauge("synap_memory_used_bytes", "Memory charged to the store.",
                   static_cast<double>(state.used_memory));
    add_engine(families, stats);
    add_streamed(families, stats);
    add_keys(families, stats);
    add_commands(families, stats);
    add_errors(families, stats);
    add_command_latencies(families, stats);
    add_latencies(families, stats);
    return prometheus::TextSerializer().Serialize(families.all());
}

}  // namespace synap::server::http
