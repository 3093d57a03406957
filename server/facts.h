// What the engine's INFO and CONFIG GET say about the server around it.
#pragma once

#include <chrono>
#include <cstdint>

#include "server/net/services.h"

namespace synap::server {

// Bytes a second, over about the last second.
class NetworkRate {
public:
    // Totals so far. False, with nothing changed, where less than a second has passed.
    bool sample(std::chrono::steady_clock::time_point now, uint64_t input, uint64_t output);
    double input() const noexcept { return input_; }
    double output() const noexcept { return output_; }

private:
    std::chrono::steady_clock::time_point at_ = std::chrono::steady_clock::now();
    uint64_t input_bytes_ = 0;
    uint64_t output_bytes_ = 0;
    double input_ = 0;
    double output_ = 0;
};

// Facts that do not change while the server runs. Once, after the port is known.
void publish_settings(const Shared& shared);
// Connections and traffic. Several times a second.
void publish_counters(const Shared& shared, NetworkRate& rate);
// Moves the lines of the engine's own log to the server's.
void drain_engine_log(const Shared& shared);

}  // namespace synap::server
