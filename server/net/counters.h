// Counters of one I/O thread: written by that thread only, read by whoever scrapes.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace synap::server {

// A number with one writer. Adding costs what adding to a plain integer costs; readers of other
// threads see a value that was current a moment ago.
class Counter {
public:
    void add(uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void set(uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
    uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<uint64_t> value_{0};
};

// Why the server ended a connection by itself.
enum class CutReason : uint8_t {
    kIdle,
    kRequestTimeout,
    kWriteTimeout,
    kOutputLimit,
    kQueryLimit,
    kProtocolError,
    kKilled,
    kLogFailure,
    kClientMemory,
    kNoMemory,
    kCount
};

inline constexpr std::array<const char*, static_cast<size_t>(CutReason::kCount)> kCutReasonNames = {
    "idle",           "request_timeout", "write_timeout", "output_limit",  "query_limit",
    "protocol_error", "killed",          "log_failure",   "client_memory", "no_memory"};

inline constexpr size_t kHttpMethods = 8;
inline constexpr std::array<const char*, kHttpMethods> kHttpMethodNames = {
    "other", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};

struct LoopCounters {
    Counter input_bytes;
    Counter output_bytes;
    Counter reads;  // from sockets that gave something
    Counter writes;
    Counter resp_batches;
    Counter resp_commands;
    Counter resp_connections;  // connections that turned out to speak RESP, ever
    Counter http_connections;
    Counter commits;       // waits for the log, each for the writes of one iteration
    Counter buffer_bytes;  // memory held in connection buffers now
    std::array<Counter, static_cast<size_t>(CutReason::kCount)> cut;
    // By method and by hundreds of the status (1xx to 5xx).
    std::array<std::array<Counter, 5>, kHttpMethods> http_requests;
};

}  // namespace synap::server
