// Everything that the network side of the server can be told. Plain data: filled from YAML,
// environment and flags by server/config, read by the rest of server/, never changed after start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace synap::server {

// Named limits: what one client can make the server hold or wait for. Sizes are bytes, times are
// milliseconds; a time of 0 switches that limit off.
struct Limits {
    // Open client connections. One more is told so and closed.
    size_t max_connections = 10'000;

    // Request line and header fields of one HTTP request: 431 beyond.
    size_t http_header_bytes = 16 * 1024;
    // Header fields of one HTTP request: 431 beyond.
    size_t http_headers_count = 100;
    // Body of one HTTP request, as declared or as received in chunks: 413 beyond.
    size_t http_body_bytes = 2 * 1024 * 1024;

    // Bytes of one RESP client that are buffered because a command is incomplete.
    size_t resp_query_bytes = 1024UL * 1024 * 1024;
    // One bulk argument of a RESP command ("invalid bulk length" beyond).
    size_t resp_bulk_bytes = 512UL * 1024 * 1024;
    // One inline command or one length line of the RESP protocol.
    size_t resp_inline_bytes = 64 * 1024;
    // Arguments of one RESP command ("invalid multibulk length" beyond).
    size_t resp_arguments = 1024 * 1024;

    // Unsent reply bytes above which a client that takes its replies is not read until it has
    // caught up. One that writes all of a pipeline before it reads is read on.
    size_t output_soft_bytes = 64UL * 1024 * 1024;
    // Unsent reply bytes of one client above which it is cut.
    size_t output_buffer_bytes = 1024UL * 1024 * 1024;

    // What all clients together make the server hold, in replies that they do not take and in
    // requests that they do not end: above it the largest is cut. 0: no limit.
    size_t client_memory_bytes = 0;

    // A connection that sends nothing for so long is closed. 0: never, as Redis.
    uint32_t idle_timeout_ms = 0;
    // An HTTP request that has begun must be complete after so long, plus one millisecond for each
    // byte of it that has arrived.
    uint32_t header_timeout_ms = 10'000;
    // A client that neither takes its waiting replies nor sends anything for so long is cut.
    uint32_t write_timeout_ms = 60'000;
    // How long SIGTERM waits for replies that are under way before connections are closed.
    uint32_t drain_timeout_ms = 5'000;
};

// The host that stands for every address of the machine, IPv4 and IPv6.
inline constexpr const char* kEveryAddress = "*";

struct Settings {
    // A name stands for all its addresses.
    std::string host = kEveryAddress;
    // Refuse clients from other machines, except for probes.
    bool is_protected = false;
    // 0 lets the system choose (tests); the chosen port is logged and shown by INFO.
    uint16_t port = 15500;
    // Threads that serve connections; 0 means one for each core.
    unsigned io_threads = 0;
    int backlog = 1024;
    // Idle seconds before the kernel probes a silent peer; 0 switches probing off.
    uint32_t tcp_keepalive_s = 300;

    Limits limits;

    // kv.flushdb and kv.flushall over HTTP. RESP clients are not concerned.
    bool allow_flush_commands = false;
    // Origins whose web pages may call the HTTP interface: "https://console.example", or "*".
    // Empty: none, and a request that names a foreign origin is refused.
    std::vector<std::string> cors_origins;

    // Names with a dot under which the HTTP interface answers, beside this machine's own, private
    // zones and addresses: "synap.example.com", ".example.com" for all beneath it, or "*".
    std::vector<std::string> allowed_hosts;

    // Data directory; empty keeps everything in memory.
    std::string data_dir;
    // Options of the engine, by the names of synap_option_at.
    std::vector<std::pair<std::string, std::string>> engine_options;
    // Path of the configuration file in use, shown by INFO; empty when there is none.
    std::string config_file;
};

}  // namespace synap::server
