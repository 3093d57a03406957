#define SYNAP_UNSTABLE_API
#include "server/facts.h"

#include <synap/synap_unstable.h>

#include <cstdio>
#include <string>
#include <string_view>
#include <tuple>

#include <synap/reply.hpp>

#include "server/log/log.h"

namespace synap::server {
namespace {

void fact(const Shared& shared, std::string_view section, std::string_view name,
          std::string_view value) {
    // A fact that cannot be stored for lack of memory is only missing from INFO.
    std::ignore = synap_host_fact(shared.store.raw(), to_bytes(section), to_bytes(name),
                                  to_bytes(value), nullptr);
}

void fact(const Shared& shared, std::string_view section, std::string_view name, uint64_t value) {
    fact(shared, section, name, std::to_string(value));
}

std::string kilobytes(double bytes) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", bytes / 1024);
    return text;
}

}  // namespace

bool NetworkRate::sample(std::chrono::steady_clock::time_point now, uint64_t input,
                         uint64_t output) {
    const double seconds = std::chrono::duration<double>(now - at_).count();
    if (seconds < 1) return false;
    input_ = static_cast<double>(input - input_bytes_) / seconds;
    output_ = static_cast<double>(output - output_bytes_) / seconds;
    at_ = now;
    input_bytes_ = input;
    output_bytes_ = output;
    return true;
}

void publish_settings(const Shared& shared) {
    const Settings& settings = shared.settings;
    fact(shared, "server", "tcp_port", shared.port);
    fact(shared, "server", "listener0",
         "name=tcp,bind=" + settings.host + ",port=" + std::to_string(shared.port));
    fact(shared, "server", "multiplexing_api", "epoll");
    fact(shared, "server", "io_threads_active", shared.loops.size());
    fact(shared, "server", "config_file", settings.config_file);
    fact(shared, "clients", "maxclients", settings.limits.max_connections);
    fact(shared, "config", "port", shared.port);
    fact(shared, "config", "bind", settings.host);
    fact(shared, "config", "maxclients", settings.limits.max_connections);
    fact(shared, "config", "timeout", settings.limits.idle_timeout_ms / 1000);
    fact(shared, "config", "tcp-keepalive", settings.tcp_keepalive_s);
    fact(shared, "config", "tcp-backlog", static_cast<uint64_t>(settings.backlog));
    fact(shared, "config", "io-threads", shared.loops.size());
    fact(shared, "config", "proto-max-bulk-len", settings.limits.resp_bulk_bytes);
    fact(shared, "config", "client-query-buffer-limit", settings.limits.resp_query_bytes);
}

void publish_counters(const Shared& shared, NetworkRate& rate) {
    uint64_t input = 0;
    uint64_t output = 0;
    uint64_t reads = 0;
    uint64_t writes = 0;
    for (const LoopCounters* loop : shared.loops) {
        input += loop->input_bytes.value();
        output += loop->output_bytes.value();
        reads += loop->reads.value();
        writes += loop->writes.value();
    }
    fact(shared, "clients", "connected_clients",
         shared.connections.load(std::memory_order_relaxed));
    fact(shared, "stats", "total_connections_received",
         shared.accepted.load(std::memory_order_relaxed));
    fact(shared, "stats", "rejected_connections", shared.refused.load(std::memory_order_relaxed));
    fact(shared, "stats", "total_net_input_bytes", input);
    fact(shared, "stats", "total_net_output_bytes", output);
    // All of them are I/O threads.
    fact(shared, "stats", "total_reads_processed", reads);
    fact(shared, "stats", "total_writes_processed", writes);
    fact(shared, "stats", "io_threaded_reads_processed", reads);
    fact(shared, "stats", "io_threaded_writes_processed", writes);
    if (rate.sample(std::chrono::steady_clock::now(), input, output)) {
        fact(shared, "stats", "instantaneous_input_kbps", kilobytes(rate.input()));
        fact(shared, "stats", "instantaneous_output_kbps", kilobytes(rate.output()));
    }
}

void drain_engine_log(const Shared& shared) {
    for (;;) {
        synap_reply_t* raw = nullptr;
        if (synap_log_line_take(shared.store.raw(), &raw, nullptr) != SYNAP_OK) return;
        const Reply line(raw);
        const std::string_view level = line.root()[0].bytes();
        const std::string_view text = line.root()[1].bytes();
        if (level == "error") {
            log::error(text);
        } else if (level == "warn") {
            log::warn(text);
        } else {
            log::info(text);
        }
        if (line.root()[2].integer() > 0) {
            log::warn("lines of the engine's log were lost", {{"lost", line.root()[2].integer()}});
        }
    }
}

}  // namespace synap::server
