#define SYNAP_UNSTABLE_API
#include "server/http/stats.h"

#include <synap/synap_unstable.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "server/http/capture.h"

namespace synap::server::http {
namespace {

double number_of(const Value& value) {
    return value.type() == SYNAP_TYPE_DOUBLE ? value.number()
                                             : static_cast<double>(value.integer());
}

uint64_t count_of(const Value& value) {
    return static_cast<uint64_t>(std::max(0.0, number_of(value)));
}

// Calls body(key, value) for each entry of a map.
template <typename Body>
void each_entry(const Value& map, Body body) {
    Value key = map.first();
    for (size_t i = 0; i + 1 < map.size(); i += 2) {
        const Value value = key.next();
        body(key.bytes(), value);
        key = value.next();
    }
}

// The names of synap_stats_walk.
constexpr std::array<std::pair<std::string_view, uint64_t CommandStats::*>, 9> kCommandNumbers = {{
    {"calls", &CommandStats::calls},
    {"usec", &CommandStats::usec},
    {"failed_calls", &CommandStats::failed},
    {"rejected_calls", &CommandStats::rejected},
    {"timed_calls", &CommandStats::timed},
    {"timed_usec", &CommandStats::timed_usec},
    {"p50", &CommandStats::p50},
    {"p99", &CommandStats::p99},
    {"p99.9", &CommandStats::p999},
}};

void read_command(const Value& map, CommandStats& stats) {
    each_entry(map, [&](std::string_view name, const Value& value) {
        for (const auto& [known, number] : kCommandNumbers) {
            if (name == known) stats.*number = count_of(value);
        }
    });
}

void read_latency(const Value& map, LatencyStats& stats) {
    constexpr std::string_view kBound = "le_";
    each_entry(map, [&](std::string_view name, const Value& value) {
        if (name == "sum") {
            stats.sum_us = number_of(value);
        } else if (name == "count") {
            stats.count = count_of(value);
        } else if (name.starts_with(kBound)) {
            const std::string_view text = name.substr(kBound.size());
            double bound = 0;
            const auto read = std::from_chars(text.data(), text.data() + text.size(), bound);
            if (read.ec == std::errc()) stats.buckets.emplace_back(bound, count_of(value));
        }
    });
    std::sort(stats.buckets.begin(), stats.buckets.end());
}

}  // namespace

uint64_t Stats::count(std::string_view name) const {
    const auto found = numbers.find(name);
    return found == numbers.end() ? 0 : static_cast<uint64_t>(found->second);
}

uint64_t Stats::calls_of(std::string_view name) const {
    std::string lower(name);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return static_cast<char>(c | 0x20); });
    auto found = commands.find(name);
    if (found == commands.end()) found = commands.find(lower);
    return found == commands.end() ? 0 : found->second.calls;
}

Stats read_stats(const Store& store) {
    Stats stats;
    Capture capture;
    if (synap_stats_walk(store.raw(), capture.sink(), nullptr) != SYNAP_OK || capture.empty()) {
        return stats;
    }
    each_entry(capture.root(), [&](std::string_view name, const Value& value) {
        switch (value.type()) {
            case SYNAP_TYPE_INT:
            case SYNAP_TYPE_DOUBLE:
            case SYNAP_TYPE_BOOL:
                stats.numbers.emplace(name, number_of(value));
                break;
            case SYNAP_TYPE_MAP:
                each_entry(value, [&](std::string_view inner, const Value& entry) {
                    if (name == "commands") {
                        read_command(entry, stats.commands[std::string(inner)]);
                    } else if (name == "latency_us") {
                        read_latency(entry, stats.latencies[std::string(inner)]);
                    } else if (name == "errors") {
                        stats.errors.emplace(inner, count_of(entry));
                    } else if (entry.type() == SYNAP_TYPE_INT ||
                               entry.type() == SYNAP_TYPE_DOUBLE) {
                        stats.numbers.emplace(std::string(name) + "_" + std::string(inner),
                                              number_of(entry));
                    }
                });
                break;
            default:
                stats.texts.emplace(name, value.bytes());
        }
    });
    return stats;
}

}  // namespace synap::server::http
