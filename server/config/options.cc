#include "server/config/options.h"

#include <array>

namespace synap::server::config {

namespace {

constexpr int64_t kKi = 1024;
constexpr int64_t kMi = kKi * kKi;
constexpr int64_t kGi = kKi * kMi;
constexpr int64_t kSecond = 1000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr int64_t kDay = 24 * kHour;

template <auto Member>
constexpr Binding setting() {
    return to<&ServerConfig::settings, Member>();
}

template <auto Member>
constexpr Binding limit() {
    return to<&ServerConfig::settings, &Settings::limits, Member>();
}

template <auto Member>
constexpr Binding replication() {
    return to<&ServerConfig::replication, Member>();
}

const auto kServer = std::to_array<OptionSpec>({
    {.key = "server.host",
     .flag = "--host",
     .help = "Address or name to listen on, all addresses of a name; * is every address of the "
             "machine, IPv4 and IPv6.",
     .bind = setting<&Settings::host>()},
    {.key = "server.port",
     .kind = Kind::kInt,
     .max = 65535,
     .flag = "--port,-p",
     .help = "Port for HTTP and RESP; 0 takes a free one and logs it.",
     .bind = setting<&Settings::port>()},
    {.key = "server.io_threads",
     .kind = Kind::kInt,
     .min = 1,
     .max = 1024,
     .allows_auto = true,
     .flag = "--io-threads",
     .help = "Threads that serve connections; auto is one per core, or per core of the "
             "container's CPU limit.",
     .bind = to_or_auto<&ServerConfig::settings, &Settings::io_threads>()},
    {.key = "server.role",
     .kind = Kind::kChoice,
     .choices = "master|standalone|replica",
     .flag = "--role",
     .env_alias = "SYNAP_ROLE",
     .help =
         "master and standalone serve reads and writes, a replica reads of what its master has. "
         "A role that was given while the server ran (REPLICAOF) outlives restarts, until this "
         "is changed.",
     .bind = to<&ServerConfig::role>()},
    {.key = "server.max_connections",
     .kind = Kind::kInt,
     .min = 1,
     .max = 10'000'000,
     .help = "Connections at a time; one more is refused, except for health probes and /metrics. "
             "The limit on open files bounds it too.",
     .bind = limit<&Limits::max_connections>()},
    {.key = "server.listen_backlog",
     .kind = Kind::kInt,
     .min = 1,
     .max = 65535,
     .help = "Connections that the kernel keeps until they are accepted.",
     .bind = setting<&Settings::backlog>()},
    {.key = "server.tcp_keepalive_secs",
     .kind = Kind::kDuration,
     .max = kDay,
     .unit = kSecond,
     .help = "Silence after which the kernel probes a peer; 0 switches probing off.",
     .bind = to_seconds<&ServerConfig::settings, &Settings::tcp_keepalive_s>()},
    {.key = "server.allowed_hosts",
     .kind = Kind::kList,
     .help = "Names by which HTTP clients may call this server, beside names without a dot, "
             "addresses, this machine's name, and names under .svc, .cluster.local, .internal and "
             ".local; .example.com for all beneath it; * for any. What comes under another name is "
             "refused (DNS rebinding); probes and /metrics are answered under any.",
     .bind = setting<&Settings::allowed_hosts>()},
    {.key = "server.tls.enabled",
     .kind = Kind::kBool,
     .help = "Serve TLS on the same port.",
     .needs = "TLS",
     .needs_when = "true",
     .bind = to<&ServerConfig::tls, &TlsConfig::enabled>()},
    {.key = "server.tls.cert_path",
     .help = "Certificate chain, PEM.",
     .bind = to<&ServerConfig::tls, &TlsConfig::cert_path>()},
    {.key = "server.tls.key_path",
     .help = "Private key, PEM.",
     .bind = to<&ServerConfig::tls, &TlsConfig::key_path>()},
});

const auto kSecurity = std::to_array<OptionSpec>({
    {.key = "security.protected_mode",
     .kind = Kind::kBool,
     .allows_auto = true,
     .help = "Refuse clients from other machines, except for health probes and /metrics; auto does "
             "so unless server.host is set.",
     .bind = to_optional<&ServerConfig::security, &SecurityConfig::protected_mode>()},
});

const auto kLimits = std::to_array<OptionSpec>({
    {.key = "limits.http_header_bytes",
     .kind = Kind::kBytes,
     .min = kKi,
     .max = 16 * kMi,
     .help = "Request line and headers of one HTTP request.",
     .bind = limit<&Limits::http_header_bytes>()},
    {.key = "limits.http_headers_count",
     .kind = Kind::kInt,
     .min = 8,
     .max = 10'000,
     .help = "Headers of one HTTP request.",
     .bind = limit<&Limits::http_headers_count>()},
    {.key = "limits.http_body_bytes",
     .kind = Kind::kBytes,
     .min = kKi,
     .max = kGi,
     .help = "Body of one HTTP request.",
     .bind = limit<&Limits::http_body_bytes>()},
    {.key = "limits.resp_query_bytes",
     .kind = Kind::kBytes,
     .min = kMi,
     .max = 16 * kGi,
     .help = "Bytes of one RESP client that wait for the rest of their command.",
     .bind = limit<&Limits::resp_query_bytes>()},
    {.key = "limits.resp_bulk_bytes",
     .kind = Kind::kBytes,
     .min = kMi,
     .max = 16 * kGi,
     .help = "One argument of a RESP command.",
     .bind = limit<&Limits::resp_bulk_bytes>()},
    {.key = "limits.resp_inline_bytes",
     .kind = Kind::kBytes,
     .min = kKi,
     .max = 16 * kMi,
     .help = "An inline command, or one length line of RESP.",
     .bind = limit<&Limits::resp_inline_bytes>()},
    {.key = "limits.resp_arguments",
     .kind = Kind::kInt,
     .min = 16,
     .max = 16 * kMi,
     .help = "Arguments of one RESP command.",
     .bind = limit<&Limits::resp_arguments>()},
    {.key = "limits.output_soft_bytes",
     .kind = Kind::kBytes,
     .min = 4 * kKi,
     .max = 16 * kGi,
     .help = "Unsent reply bytes above which a client that takes its replies is not read until it "
             "has caught up; one that writes a whole pipeline before it reads is read on.",
     .bind = limit<&Limits::output_soft_bytes>()},
    {.key = "limits.output_buffer_bytes",
     .kind = Kind::kBytes,
     .min = 64 * kKi,
     .max = 64 * kGi,
     .help = "Unsent reply bytes of one client above which it is cut.",
     .bind = limit<&Limits::output_buffer_bytes>()},
    {.key = "limits.client_memory_bytes",
     .kind = Kind::kBytes,
     .max = 1024 * kGi,
     .allows_auto = true,
     .help = "What all clients together hold in unsent replies and incomplete requests; above it "
             "the largest is cut. 0 is no limit; auto is a quarter of max_memory, or of the "
             "machine's memory where there is none, and at least 64mb.",
     .bind = to_optional<&ServerConfig::client_memory_bytes>()},
    {.key = "limits.idle_timeout_ms",
     .kind = Kind::kDuration,
     .max = 30 * kDay,
     .help = "A connection that sends nothing for so long is closed; 0 keeps it.",
     .bind = limit<&Limits::idle_timeout_ms>()},
    {.key = "limits.header_timeout_ms",
     .kind = Kind::kDuration,
     .max = kHour,
     .help = "For an HTTP request that has begun to be complete, and one millisecond more for each "
             "byte of it that has arrived; 0 waits for ever.",
     .bind = limit<&Limits::header_timeout_ms>()},
    {.key = "limits.write_timeout_ms",
     .kind = Kind::kDuration,
     .max = kHour,
     .help = "A client that neither takes its waiting replies nor sends anything for so long is "
             "cut; 0 keeps it.",
     .bind = limit<&Limits::write_timeout_ms>()},
    {.key = "limits.drain_timeout_ms",
     .kind = Kind::kDuration,
     .max = kHour,
     .help = "How long SIGTERM lets replies under way finish.",
     .bind = limit<&Limits::drain_timeout_ms>()},
    {.key = "limits.key_bytes", .engine = "limits.key_bytes"},
    {.key = "limits.value_bytes", .engine = "limits.value_bytes"},
    {.key = "limits.transaction_commands", .engine = "limits.transaction_commands"},
    {.key = "limits.reply_bytes", .engine = "limits.reply_bytes"},
});

const auto kStore = std::to_array<OptionSpec>({
    {.key = "kv_store.max_memory",
     .allows_auto = true,
     .flag = "--max-memory",
     .help = "Memory for data and client buffers; 0 is no limit; auto is three quarters of the "
             "container's memory limit, and no limit where there is none.",
     .engine = "max_memory"},
    {.key = "kv_store.max_memory_mb",
     .unit = kMi,
     .help = "kv_store.max_memory in MiB.",
     .same_as = "kv_store.max_memory"},
    {.key = "kv_store.eviction_policy", .flag = "--eviction-policy", .engine = "max_memory_policy"},
    {.key = "kv_store.eviction_samples", .engine = "max_memory_samples"},
    {.key = "kv_store.slots", .engine = "slots"},
    {.key = "kv_store.allow_flush_commands",
     .kind = Kind::kBool,
     .help = "Allow kv.flushdb and kv.flushall over HTTP.",
     .bind = setting<&Settings::allow_flush_commands>()},
    {.key = "persistence.enabled",
     .kind = Kind::kBool,
     .help = "Keep data on disk; false keeps everything in memory only.",
     .bind = to<&ServerConfig::persistence, &PersistenceConfig::enabled>()},
    {.key = "persistence.data_dir",
     .flag = "--data-dir,-d",
     .help = "Directory of log and snapshots; created when absent.",
     .bind = to<&ServerConfig::persistence, &PersistenceConfig::data_dir>()},
    {.key = "persistence.fsync", .flag = "--fsync", .engine = "persistence.fsync"},
    {.key = "persistence.log.segment_bytes", .engine = "log.segment_bytes"},
    {.key = "persistence.log.retain_bytes", .engine = "log.retain_bytes"},
    {.key = "persistence.snapshot.interval_secs",
     .unit = kSecond,
     .engine = "snapshot.interval_ms"},
    {.key = "persistence.snapshot.min_operations", .engine = "snapshot.min_operations"},
    {.key = "persistence.snapshot.log_growth_bytes", .engine = "snapshot.log_growth_bytes"},
    {.key = "persistence.snapshot.keep", .engine = "snapshot.keep"},
    {.key = "slowlog.threshold_us", .engine = "slowlog.threshold_us"},
    {.key = "slowlog.entries", .engine = "slowlog.entries"},
    {.key = "latency.tracking", .engine = "latency.tracking"},
    {.key = "debug.shadow", .engine = "debug.shadow"},
});

const auto kAround = std::to_array<OptionSpec>({
    {.key = "replication.enabled",
     .kind = Kind::kBool,
     .help = "Stream the log to replicas, or follow a master. A replica does so in any case.",
     .bind = replication<&ReplicationConfig::enabled>()},
    {.key = "replication.listen_port",
     .kind = Kind::kInt,
     .min = 1,
     .max = 65535,
     .help = "Port that replicas connect to. A replica listens where this is set, so that several "
             "may run on one host.",
     .bind = replication<&ReplicationConfig::listen_port>()},
    {.key = "replication.master_host",
     .help = "The master that a replica follows.",
     .bind = replication<&ReplicationConfig::master_host>()},
    {.key = "replication.master_port",
     .kind = Kind::kInt,
     .min = 1,
     .max = 65535,
     .help = "Its replication port.",
     .bind = replication<&ReplicationConfig::master_port>()},
    {.key = "replication.auto_reconnect",
     .kind = Kind::kBool,
     .help = "Kept for older files: a replica always connects again after the link was lost.",
     .bind = replication<&ReplicationConfig::auto_reconnect>()},
    {.key = "replication.secret",
     .help = "What both ends of a replication link have to know, 16 to 1024 bytes. Without one, "
             "protected mode covers the replication port too.",
     .is_secret = true,
     .bind = replication<&ReplicationConfig::secret>()},
    {.key = "replication.secret_file",
     .help = "A file with it, whose last line end does not count.",
     .bind = replication<&ReplicationConfig::secret_file>()},
    {.key = "replication.former_secret",
     .help = "Believed beside it while it is being changed.",
     .is_secret = true,
     .bind = replication<&ReplicationConfig::former_secret>()},
    {.key = "replication.node_name",
     .help = "What this node is called among others; its host's name when empty.",
     .bind = replication<&ReplicationConfig::node_name>()},
    {.key = "replication.announce",
     .help = "host:port where others reach its replication port, as replicas and tools are told.",
     .bind = replication<&ReplicationConfig::announce>()},
    {.key = "logging.level",
     .kind = Kind::kChoice,
     .choices = "trace|debug|info|warn|error|off",
     .flag = "--log-level",
     .help = "The least level that is logged.",
     .bind = to<&ServerConfig::logging, &log::LogConfig::level>()},
    {.key = "logging.format",
     .kind = Kind::kChoice,
     .choices = "text|json",
     .flag = "--log-format",
     .help = "Lines for people, or one JSON object a line.",
     .bind = to<&ServerConfig::logging, &log::LogConfig::format>()},
    {.key = "logging.file",
     .flag = "--log-file",
     .help = "File to append to, which may be rotated by copying and truncating it; standard error "
             "when empty.",
     .bind = to<&ServerConfig::logging, &log::LogConfig::file>()},
    {.key = "cors.allowed_origins",
     .kind = Kind::kList,
     .help = "Web origins that browsers may call from; * for any; none switches CORS off.",
     .bind = setting<&Settings::cors_origins>()},
});

// Acknowledging at level `os` is what makes kill -9 lose nothing that a client was told; opening
// without waiting is what lets /livez and LOADING answers work while the log is read. A
// server writes.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kManaged = {{
    {"persistence.ack", "os"},
    {"open.wait", "false"},
    {"open.read_only", "false"},
}};

}  // namespace

std::span<const OptionSpec> option_specs() {
    static const std::vector<OptionSpec> all = [] {
        std::vector<OptionSpec> joined;
        joined.insert(joined.end(), kServer.begin(), kServer.end());
        joined.insert(joined.end(), kSecurity.begin(), kSecurity.end());
        joined.insert(joined.end(), kLimits.begin(), kLimits.end());
        joined.insert(joined.end(), kStore.begin(), kStore.end());
        joined.insert(joined.end(), kAround.begin(), kAround.end());
        return joined;
    }();
    return all;
}

std::span<const std::pair<std::string_view, std::string_view>> managed_engine_options() {
    return kManaged;
}

}  // namespace synap::server::config
