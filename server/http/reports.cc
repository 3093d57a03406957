// Operations that turn text and statistics of the engine into JSON.
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "server/http/operations.h"
#include "server/http/stats.h"

namespace synap::server::http {
namespace {

// Calls `body` for each line of `text`, line ends removed.
template <typename Body>
void each_line(std::string_view text, Body body) {
    while (!text.empty()) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        body(line);
    }
}

// Numbers as numbers, everything else as text.
void write_fact(JsonWriter& json, std::string_view text) {
    const char* const end = text.data() + text.size();
    int64_t integer = 0;
    if (const auto read = std::from_chars(text.data(), end, integer);
        read.ec == std::errc() && read.ptr == end) {
        json.integer(integer);
        return;
    }
    double number = 0;
    const bool decimal =
        !text.empty() && text.find_first_not_of("0123456789.-") == std::string_view::npos;
    if (const auto read = std::from_chars(text.data(), end, number);
        decimal && read.ec == std::errc() && read.ptr == end) {
        json.number(number);
        return;
    }
    json.text(text);
}

void write_sections(JsonWriter& json, std::string_view text) {
    json.begin_object();
    bool open = false;
    each_line(text, [&](std::string_view line) {
        if (line.starts_with("# ")) {
            if (open) json.end_object();
            std::string name(line.substr(2));
            std::transform(name.begin(), name.end(), name.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
            });
            json.key(name);
            json.begin_object();
            open = true;
            return;
        }
        const size_t colon = line.find(':');
        if (open && colon != std::string_view::npos) {
            json.key(line.substr(0, colon));
            write_fact(json, line.substr(colon + 1));
        }
    });
    if (open) json.end_object();
    json.end_object();
}

void write_client(JsonWriter& json, std::string_view line) {
    json.begin_object();
    while (!line.empty()) {
        const size_t end = line.find(' ');
        const std::string_view fact = line.substr(0, end);
        line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
        const size_t equals = fact.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = fact.substr(0, equals);
        json.key(name);
        if (name == "id") {
            json.text(fact.substr(equals + 1));
        } else {
            write_fact(json, fact.substr(equals + 1));
        }
    }
    json.end_object();
}

}  // namespace

Failure info(Exchange& exchange, std::string_view section) {
    constexpr std::string_view kKnown[] = {"server",  "clients",      "memory",   "persistence",
                                           "stats",   "replication",  "cpu",      "commandstats",
                                           "cluster", "latencystats", "keyspace", "errorstats",
                                           "modules"};
    const bool known = std::find(std::begin(kKnown), std::end(kKnown), section) != std::end(kKnown);
    const Value reply =
        known ? exchange.engine.run({"INFO", section}) : exchange.engine.run({"INFO"});
    if (reply.is_error()) return from_reply(reply);
    write_sections(exchange.json, reply.bytes());
    return std::nullopt;
}

Failure client_list(Exchange& exchange) {
    const Value reply = exchange.engine.run({"CLIENT", "LIST"});
    if (reply.is_error()) return from_reply(reply);
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.key("clients");
    json.begin_array();
    uint64_t count = 0;
    each_line(reply.bytes(), [&](std::string_view line) {
        if (!line.empty()) {
            write_client(json, line);
            ++count;
        }
    });
    json.end_array();
    json.member("count", count);
    json.end_object();
    return std::nullopt;
}

Failure kv_stats(Exchange& exchange) {
    const Value size = exchange.engine.run({"DBSIZE"});
    if (size.is_error()) return from_reply(size);
    const int64_t keys = size.integer();
    const Stats stats = read_stats(exchange.shared.store);
    const auto sum = [&](std::initializer_list<std::string_view> names) {
        uint64_t total = 0;
        for (const std::string_view name : names) {
            total += stats.calls_of(name);
        }
        return total;
    };
    const uint64_t hits = stats.count("keyspace_hits");
    const uint64_t misses = stats.count("keyspace_misses");
    const double rate =
        hits + misses == 0 ? 0.0 : static_cast<double>(hits) / static_cast<double>(hits + misses);
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("total_keys", keys);
    json.member("total_memory_bytes", stats.count("used_memory"));
    json.key("operations");
    json.begin_object();
    json.member("gets", sum({"GET", "MGET", "GETEX", "GETDEL", "GETSET", "GETRANGE", "STRLEN"}));
    json.member("sets", sum({"SET", "MSET", "MSETNX", "SETNX", "SETEX", "PSETEX", "APPEND",
                             "SETRANGE", "INCR", "DECR", "INCRBY", "DECRBY", "INCRBYFLOAT"}));
    json.member("dels", sum({"DEL", "UNLINK"}));
    json.member("hits", hits);
    json.member("misses", misses);
    json.end_object();
    json.member("hit_rate", rate);
    json.end_object();
    return std::nullopt;
}

}  // namespace synap::server::http
