// The kv.* commands of the command endpoint.
#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "server/http/command.h"

namespace synap::server::http {
namespace {

ApiError missing(const char* field) {
    return invalid_request("Missing '" + std::string(field) + "' field");
}

Failure set(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    if (!key) {
        return missing("key");
    }
    const auto value = payload.any("value");
    if (!value) {
        return missing("value");
    }
    SetOptions options;
    if (const auto ttl = payload.count("ttl")) {
        options.unit = ExpiryUnit::kSeconds;
        options.expiry = *ttl;
    }
    std::string scratch;
    SetOutcome outcome;
    if (auto failure = set_value(exchange, *key, encode(*value, scratch), options, outcome)) {
        return failure;
    }
    exchange.json.begin_object();
    exchange.json.member("success", true);
    exchange.json.end_object();
    return std::nullopt;
}

/// Runs a command that answers with a stored value or null, and writes that bare.
Failure bare_value(Exchange& exchange, std::initializer_list<Arg> argv, bool as_octets,
                   bool empty_is_null) {
    const Value value = exchange.engine.run(argv);
    if (value.is_error()) {
        return from_reply(value);
    }
    if (value.is_null() || (empty_is_null && value.bytes().empty())) {
        exchange.json.null();
    } else {
        write_value(exchange.json, value.bytes(), as_octets);
    }
    return std::nullopt;
}

Failure get(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    if (!key) {
        return missing("key");
    }
    return bare_value(exchange, {"GET", *key}, payload.text("type") == "bytes", false);
}

Failure del(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    return key ? boolean_result(exchange, "deleted", {"DEL", *key}) : missing("key");
}

Failure exists(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    return key ? boolean_result(exchange, "exists", {"EXISTS", *key}) : missing("key");
}

/// SDKs call the amount "amount" or "delta".
Failure add(Exchange& exchange, const Fields& payload, const char* command) {
    const auto key = payload.text("key");
    if (!key) {
        return missing("key");
    }
    const auto amount = payload.integer("amount");
    const std::int64_t delta = amount ? *amount : payload.integer("delta").value_or(1);
    return integer_result(exchange, "value", {command, *key, delta});
}

Failure incr(Exchange& exchange, const Fields& payload) { return add(exchange, payload, "INCRBY"); }

Failure decr(Exchange& exchange, const Fields& payload) { return add(exchange, payload, "DECRBY"); }

Failure mset(Exchange& exchange, const Fields& payload) {
    const auto present = payload.any("pairs");
    const auto pairs = payload.array("pairs");
    if (!pairs) {
        return present ? invalid_request("'pairs' must be an array") : missing("pairs");
    }
    return set_many(exchange, *pairs, false);
}

Failure msetnx(Exchange& exchange, const Fields& payload) {
    if (const auto pairs = payload.array("pairs")) {
        return set_many(exchange, *pairs, true);
    }
    const auto key = payload.text("key");
    const auto value = payload.any("value");
    if (!key || !value) {
        return invalid_request("Missing 'pairs' array");
    }
    std::string scratch;
    return boolean_result(exchange, "success", {"SETNX", *key, encode(*value, scratch)});
}

/// Reads `keys` behind the command's name; false when an item is not a string.
bool read_keys(const simdjson::dom::array& keys, std::vector<Arg>& argv) {
    for (const Json item : keys) {
        std::string_view key;
        if (item.get(key) != simdjson::SUCCESS) {
            return false;
        }
        argv.emplace_back(key);
    }
    return true;
}

/// Keys of one MGET: a thousand short values are copied before anyone can say that they are too
/// much, long ones are shared.
constexpr std::size_t kMgetKeys = 1024;

/// Writes what MGET answers, while that is not more than `most` bytes.
Failure write_values(Exchange& exchange, std::span<const Arg> argv, std::size_t most) {
    JsonWriter& json = exchange.json;
    const Value reply = exchange.engine.run(argv);
    if (reply.is_error()) {
        return from_reply(reply);
    }
    Value value = reply.first();
    for (std::size_t i = 0; i < reply.size(); ++i, value = value.next()) {
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
    const auto keys = payload.array("keys");
    if (!keys) {
        return missing("keys");
    }
    std::vector<Arg> wanted;
    if (!read_keys(*keys, wanted)) {
        return invalid_request("Invalid keys array: every key must be a string");
    }
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.key("values");
    json.begin_array();
    const std::size_t most = exchange.shared.settings.limits.output_buffer_bytes;
    std::vector<Arg> argv;
    for (std::size_t at = 0; at < wanted.size(); at += kMgetKeys) {
        const std::size_t n = std::min(kMgetKeys, wanted.size() - at);
        argv.assign({"MGET"});
        argv.insert(argv.end(), wanted.begin() + static_cast<std::ptrdiff_t>(at),
                    wanted.begin() + static_cast<std::ptrdiff_t>(at + n));
        if (auto failure = write_values(exchange, argv, most)) {
            return failure;
        }
    }
    json.end_array();
    json.end_object();
    return std::nullopt;
}

Failure mdel(Exchange& exchange, const Fields& payload) {
    const auto keys = payload.array("keys");
    if (!keys) {
        return missing("keys");
    }
    std::vector<Arg> argv{"DEL"};
    if (!read_keys(*keys, argv)) {
        return invalid_request("Invalid keys array: every key must be a string");
    }
    std::int64_t deleted = 0;
    if (argv.size() > 1) {
        const Value reply = exchange.engine.run(argv);
        if (reply.is_error()) {
            return from_reply(reply);
        }
        deleted = reply.integer();
    }
    exchange.json.begin_object();
    exchange.json.member("deleted", deleted);
    exchange.json.end_object();
    return std::nullopt;
}

/// A glob `pattern`, else a literal `prefix` (or C#'s `key`), else all keys.
std::string wanted_pattern(const Fields& payload) {
    if (const auto pattern = payload.text("pattern"); pattern && !pattern->empty()) {
        return std::string(*pattern);
    }
    const auto prefix = payload.text("prefix");
    return prefix_pattern(prefix ? *prefix : payload.text("key").value_or(""));
}

Failure scan(Exchange& exchange, const Fields& payload) {
    return list_keys(exchange, wanted_pattern(payload), payload.count("limit").value_or(100));
}

Failure keys(Exchange& exchange, const Fields& payload) {
    return list_keys(exchange, wanted_pattern(payload), std::numeric_limits<std::uint64_t>::max());
}

Failure dbsize(Exchange& exchange, const Fields& /*payload*/) {
    return integer_result(exchange, "size", {"DBSIZE"});
}

Failure flush(Exchange& exchange, const char* command) {
    if (!exchange.shared.settings.allow_flush_commands) {
        return invalid_request(std::string(command) +
                               " is disabled. Set kv_store.allow_flush_commands: true to allow it");
    }
    const Value size = exchange.engine.run({"DBSIZE"});
    if (size.is_error()) {
        return from_reply(size);
    }
    const std::int64_t flushed = size.integer();
    const Value reply = exchange.engine.run({command});
    if (reply.is_error()) {
        return from_reply(reply);
    }
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

Failure expire(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    if (!key) {
        return missing("key");
    }
    const auto ttl = payload.count("ttl");
    if (!ttl) {
        return missing("ttl");
    }
    return boolean_result(exchange, "result", {"EXPIRE", *key, *ttl});
}

Failure ttl(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    if (!key) {
        return missing("key");
    }
    const Value value = exchange.engine.run({"PTTL", *key});
    if (value.is_error()) {
        return from_reply(value);
    }
    if (value.integer() == -2) {
        return key_not_found(*key);
    }
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
    const auto key = payload.text("key");
    if (!key) {
        return missing("key");
    }
    const Value reply = exchange.engine.run({"PERSIST", *key});
    if (reply.is_error()) {
        return from_reply(reply);
    }
    return boolean_result(exchange, "result", {"EXISTS", *key});
}

Failure stats(Exchange& exchange, const Fields& /*payload*/) { return kv_stats(exchange); }

Failure append(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    const auto value = payload.any("value");
    if (!key || !value) {
        return missing(key ? "value" : "key");
    }
    std::string scratch;
    return integer_result(exchange, "length", {"APPEND", *key, encode(*value, scratch)});
}

Failure getrange(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    const auto start = payload.integer("start");
    const auto end = payload.integer("end");
    if (!key || !start || !end) {
        return missing(!key ? "key" : !start ? "start" : "end");
    }
    return bare_value(exchange, {"GETRANGE", *key, *start, *end}, false, true);
}

Failure setrange(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    const auto offset = payload.count("offset");
    const auto value = payload.any("value");
    if (!key || !offset || !value) {
        return missing(!key ? "key" : !offset ? "offset" : "value");
    }
    std::string scratch;
    return integer_result(exchange, "length", {"SETRANGE", *key, *offset, encode(*value, scratch)});
}

Failure strlen(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    return key ? integer_result(exchange, "length", {"STRLEN", *key}) : missing("key");
}

Failure getset(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    const auto value = payload.any("value");
    if (!key || !value) {
        return missing(key ? "value" : "key");
    }
    std::string scratch;
    return bare_value(exchange, {"GETSET", *key, encode(*value, scratch)}, false, false);
}

// The commonest first: the table is searched from its front.
constexpr std::array kCommands = {
    DottedCommand{"kv.get", get},           DottedCommand{"kv.set", set},
    DottedCommand{"kv.del", del},           DottedCommand{"kv.exists", exists},
    DottedCommand{"kv.incr", incr},         DottedCommand{"kv.decr", decr},
    DottedCommand{"kv.incrby", incr},       DottedCommand{"kv.decrby", decr},
    DottedCommand{"kv.mget", mget},         DottedCommand{"kv.mset", mset},
    DottedCommand{"kv.msetnx", msetnx},     DottedCommand{"kv.mdel", mdel},
    DottedCommand{"kv.expire", expire},     DottedCommand{"kv.ttl", ttl},
    DottedCommand{"kv.persist", persist},   DottedCommand{"kv.scan", scan},
    DottedCommand{"kv.keys", keys},         DottedCommand{"kv.append", append},
    DottedCommand{"kv.getrange", getrange}, DottedCommand{"kv.setrange", setrange},
    DottedCommand{"kv.strlen", strlen},     DottedCommand{"kv.getset", getset},
    DottedCommand{"kv.dbsize", dbsize},     DottedCommand{"kv.stats", stats},
    DottedCommand{"kv.flushdb", flushdb},   DottedCommand{"kv.flushall", flushall},
};

}  // namespace

std::span<const DottedCommand> kv_commands() noexcept { return kCommands; }

}  // namespace synap::server::http
