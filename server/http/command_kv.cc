// The kv.* commands of the command endpoint.
#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "server/http/command.h"
#include "server/http/set_value.h"

namespace synap::server::http {
namespace {

// Keys that kv.scan gives when it is not told how many.
constexpr int64_t kScanLimit = 100;

Failure set(Exchange& exchange, const Fields& payload) {
    SetOptions options;
    if (const auto error = read_set_options(payload, options)) return invalid_request(*error);
    std::string scratch;
    SetOutcome outcome;
    if (auto failure = set_value(exchange, payload.text("key"),
                                 encode(payload.any("value"), scratch), options, outcome)) {
        return failure;
    }
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("success", true);
    if (options.nx || options.xx || options.get) {  // else there is nothing to tell
        write_outcome(json, outcome);
    }
    json.end_object();
    return std::nullopt;
}

Failure get(Exchange& exchange, const Fields& payload) {
    const Value value = exchange.engine.run({"GET", payload.text("key")});
    if (value.is_error()) return from_reply(value);
    if (value.is_null()) {
        exchange.json.null();
    } else {
        write_value(exchange.json, value.bytes(), payload.text("type") == "bytes");
    }
    return std::nullopt;
}

Failure mset(Exchange& exchange, const Fields& payload) {
    return set_many(exchange, payload.array("pairs"), false);
}

Failure msetnx(Exchange& exchange, const Fields& payload) {
    const bool single = payload.has("key") && payload.has("value");
    if (payload.has("pairs")) {
        if (payload.has("key") || payload.has("value")) {
            return invalid_request("'pairs' and 'key' with 'value' exclude each other");
        }
        return set_many(exchange, payload.array("pairs"), true);
    }
    if (!single) return invalid_request("Missing 'pairs' array");
    std::string scratch;
    return boolean_result(exchange, "success",
                          {"SETNX", payload.text("key"), encode(payload.any("value"), scratch)});
}

void read_keys(simdjson::dom::array keys, std::vector<Arg>& argv) {
    for (const Json item : keys) {
        argv.emplace_back(item.get_string().value_unsafe());
    }
}

// Keys of one MGET: a thousand short values are copied before anyone can say that they are too
// much, long ones are shared.
constexpr size_t kMgetKeys = 1024;

// Writes what MGET answers, while that is not more than `most` bytes.
Failure write_values(Exchange& exchange, std::span<const Arg> argv, size_t most) {
    JsonWriter& json = exchange.json;
    const Value reply = exchange.engine.run(argv);
    if (reply.is_error()) return from_reply(reply);
    Value value = reply.first();
    for (size_t i = 0; i < reply.size(); ++i, value = value.next()) {
        if (value.is_null()) {
            json.null();
        } else if (json.size() > most) {  // the same value may be asked for many times
            return ApiError{413, "Invalid request: the values exceed " + std::to_string(most) +
                                     " bytes (limits.output_buffer_bytes)"};
        } else {
            write_parsed(json, value.bytes());
        }
    }
    return std::nullopt;
}

Failure mget(Exchange& exchange, const Fields& payload) {
    std::vector<Arg> wanted;
    read_keys(payload.array("keys"), wanted);
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.key("values");
    json.begin_array();
    const size_t most = exchange.shared.settings.limits.output_buffer_bytes;
    std::vector<Arg> argv;
    for (size_t at = 0; at < wanted.size(); at += kMgetKeys) {
        const size_t n = std::min(kMgetKeys, wanted.size() - at);
        argv.assign({"MGET"});
        argv.insert(argv.end(), wanted.begin() + static_cast<ptrdiff_t>(at),
                    wanted.begin() + static_cast<ptrdiff_t>(at + n));
        if (auto failure = write_values(exchange, argv, most)) return failure;
    }
    json.end_array();
    json.end_object();
    return std::nullopt;
}

Failure mdel(Exchange& exchange, const Fields& payload) {
    std::vector<Arg> argv{"DEL"};
    read_keys(payload.array("keys"), argv);
    int64_t deleted = 0;
    if (argv.size() > 1) {
        const Value reply = exchange.engine.run(argv);
        if (reply.is_error()) return from_reply(reply);
        deleted = reply.integer();
    }
    exchange.json.begin_object();
    exchange.json.member("deleted", deleted);
    exchange.json.end_object();
    return std::nullopt;
}

// A glob `pattern`, else a literal `prefix` (or C#'s `key`), else all keys.
std::string wanted_pattern(const Fields& payload) {
    const std::string_view pattern = payload.text("pattern");
    return pattern.empty() ? prefix_pattern(payload.text("prefix", payload.text("key")))
                           : std::string(pattern);
}

Failure scan(Exchange& exchange, const Fields& payload) {
    return list_keys(exchange, wanted_pattern(payload),
                     static_cast<uint64_t>(payload.integer("limit", kScanLimit)));
}

Failure keys(Exchange& exchange, const Fields& payload) {
    return list_keys(exchange, wanted_pattern(payload), std::numeric_limits<uint64_t>::max());
}

Failure flush(Exchange& exchange, const char* command) {
    if (!exchange.shared.settings.allow_flush_commands) {
        return invalid_request(std::string(command) +
                               " is disabled. Set kv_store.allow_flush_commands: true to allow it");
    }
    const Value size = exchange.engine.run({"DBSIZE"});
    if (size.is_error()) return from_reply(size);
    const int64_t flushed = size.integer();
    const Value reply = exchange.engine.run({command});
    if (reply.is_error()) return from_reply(reply);
    exchange.json.begin_object();
    exchange.json.member("flushed", flushed);
    exchange.json.end_object();
    return std::nullopt;
}

Failure flushdb(Exchange& exchange, const Fields& /*payload*/) {
    return flush(exchange, "FLUSHDB");
}

Failure flushall(Exchange& exchange, const Fields& /*payload*/) {
    return flush(exchange, "FLUSHALL");
}

Failure ttl(Exchange& exchange, const Fields& payload) {
    const std::string_view key = payload.text("key");
    const Value value = exchange.engine.run({"PTTL", key});
    if (value.is_error()) return from_reply(value);
    if (value.integer() == -2) return key_not_found(key);
    exchange.json.begin_object();
    exchange.json.key("ttl");
    if (value.integer() < 0) {
        exchange.json.null();
    } else {
        exchange.json.integer(value.integer() / 1000);
    }
    exchange.json.end_object();
    return std::nullopt;
}

Failure persist(Exchange& exchange, const Fields& payload) {
    const std::string_view key = payload.text("key");
    const Value reply = exchange.engine.run({"PERSIST", key});
    if (reply.is_error()) return from_reply(reply);
    return boolean_result(exchange, "result", {"EXISTS", key});
}

Failure stats(Exchange& exchange, const Fields& /*payload*/) { return kv_stats(exchange); }

constexpr std::array kNothing = {kClientId};
constexpr std::array kOneKey = {kKeyField, kClientId};
constexpr std::array kGet = {kKeyField, kTypeField, kClientId};
constexpr FieldSpec kPairs{.name = "pairs", .type = FieldType::kPairs, .required = true};
constexpr std::array kMset = {kPairs, kClientId};
constexpr std::array kMsetnx = {
    FieldSpec{.name = "pairs", .type = FieldType::kPairs, .help = "or key and value"},
    FieldSpec{.name = "key", .help = "of a single pair"},
    FieldSpec{.name = "value", .type = FieldType::kAny, .help = "of a single pair"}, kClientId};
constexpr std::array kKeys = {
    FieldSpec{.name = "keys", .type = FieldType::kTexts, .required = true}, kClientId};
constexpr FieldSpec kPattern{
    .name = "pattern", .fallback = "prefix", .help = "glob, as KEYS; beats prefix"};
constexpr FieldSpec kPrefix{
    .name = "prefix", .fallback = "all keys", .help = "literal beginning of the keys"};
constexpr FieldSpec kKeyAsPrefix{
    .name = "key", .fallback = "prefix", .help = "prefix, as the C# SDK calls it"};
constexpr std::array kFilter = {kPattern, kPrefix, kKeyAsPrefix, kClientId};
constexpr std::array kScan = {kPattern, kPrefix, kKeyAsPrefix,
                              FieldSpec{.name = "limit",
                                        .type = FieldType::kInteger,
                                        .min = 0,
                                        .fallback = "100",
                                        .help = "keys at most"},
                              kClientId};
constexpr std::array kStats = {
    FieldSpec{.name = "key", .help = "sent by the C# SDK; has no effect"}, kClientId};

constexpr std::string_view kSuccess = R"({"success": true})";

const auto kCommands = std::to_array<DottedCommand>({
    {"kv.get", get, kGet, "Value of a key.", "a string, an array of numbers, or null"},
    {"kv.set", set, set_command_fields(), "Sets a key.",
     R"({"success": true}; with nx, xx or get also "written" and "old_value")"},
    {"kv.mget", mget, kKeys, "Values of many keys; what is JSON comes back as JSON.",
     R"({"values": [any or null, ...]})"},
    {"kv.mset", mset, kMset, "Sets many keys, all at once.", kSuccess},
    {"kv.msetnx", msetnx, kMsetnx, "Sets many keys, none when one of them exists.",
     R"({"success": false})"},
    {"kv.mdel", mdel, kKeys, "Deletes many keys.", R"({"deleted": 2})"},
    {"kv.ttl", ttl, kOneKey, "Seconds until a key expires; null: never.", R"({"ttl": 59})",
     "Key not found"},
    {"kv.persist", persist, kOneKey, "Takes a key's deadline away.", R"({"result": true})"},
    {"kv.scan", scan, kScan, "Some keys.", R"({"keys": [...], "count": 2})"},
    {"kv.keys", keys, kFilter, "All keys that match.", R"({"keys": [...], "count": 2})"},
    {"kv.stats", stats, kStats, "Statistics of keys and operations.",
     R"({"total_keys": 3, "total_memory_bytes":..., "operations": {...}, "hit_rate": 0.5})"},
    {"kv.flushdb", flushdb, kNothing, "Deletes every key of the database.", R"({"flushed": 3})",
     "FLUSHDB is disabled"},
    {"kv.flushall", flushall, kNothing, "Deletes every key.", R"({"flushed": 3})",
     "FLUSHALL is disabled"},
});

}  // namespace

std::span<const DottedCommand> kv_commands() noexcept { return kCommands; }

}  // namespace synap::server::http
