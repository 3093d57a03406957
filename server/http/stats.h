// Statistics of the engine, read into plain data.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <synap/store.hpp>

namespace synap::server::http {

struct CommandStats {
    uint64_t calls = 0;
    uint64_t usec = 0;
    uint64_t failed = 0;
    uint64_t rejected = 0;
    // Of the calls that were timed each.
    uint64_t timed = 0;
    uint64_t timed_usec = 0;
    uint64_t p50 = 0;
    uint64_t p99 = 0;
    uint64_t p999 = 0;
};

struct LatencyStats {
    // Upper bound in microseconds and the number of observations up to it, in ascending order.
    std::vector<std::pair<double, uint64_t>> buckets;
    double sum_us = 0;
    uint64_t count = 0;
};

struct Stats {
    std::map<std::string, double, std::less<>> numbers;
    std::map<std::string, std::string, std::less<>> texts;
    std::map<std::string, CommandStats, std::less<>> commands;
    std::map<std::string, LatencyStats, std::less<>> latencies;
    std::map<std::string, uint64_t, std::less<>> errors;

    // A number that counts something; 0 when the engine does not tell it.
    uint64_t count(std::string_view name) const;
    // Calls of a command by its name, in any case.
    uint64_t calls_of(std::string_view name) const;
};

Stats read_stats(const Store& store);

}  // namespace synap::server::http
