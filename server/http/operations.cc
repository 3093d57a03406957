#include "server/http/operations.h"

#include <simdjson.h>

#include <array>
#include <cstdio>
#include <span>
#include <vector>

namespace synap::server::http {
namespace {

constexpr std::uint64_t kScanStep = 1000;

std::optional<std::string_view> pair_key(Json pair) {
    simdjson::dom::array items;
    if (pair.get(items) != simdjson::SUCCESS) {
        return Fields::of(pair).text("key");
    }
    std::string_view key;
    if (items.size() != 2 || items.at(0).get(key) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return key;
}

std::optional<Json> pair_value(Json pair) {
    simdjson::dom::array items;
    if (pair.get(items) != simdjson::SUCCESS) {
        return Fields::of(pair).any("value");
    }
    Json value;
    if (items.at(1).get(value) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return value;
}

std::string human(std::uint64_t bytes) {
    constexpr std::array<const char*, 5> kUnits = {"B", "KB", "MB", "GB", "TB"};
    double amount = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (amount >= 1024 && unit + 1 < kUnits.size()) {
        amount /= 1024;
        ++unit;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f%s" : "%.2f%s", amount, kUnits[unit]);
    return text.data();
}

/// Options of SET in the engine's words; numbers are kept in `words` as text.
void add_expiry(const SetOptions& options, std::vector<Arg>& argv, std::string& number) {
    if (options.unit == ExpiryUnit::kNone) {
        if (options.keep_ttl) {
            argv.emplace_back("KEEPTTL");
        }
        return;
    }
    const bool relative =
        options.unit == ExpiryUnit::kSeconds || options.unit == ExpiryUnit::kMilliseconds;
    if (relative && options.expiry == 0) {
        // "Expires at once": the engine refuses a duration of 0 but knows moments of the past.
        argv.emplace_back("PXAT");
        argv.emplace_back(1);
        return;
    }
    switch (options.unit) {
        case ExpiryUnit::kSeconds:
            argv.emplace_back("EX");
            break;
        case ExpiryUnit::kMilliseconds:
            argv.emplace_back("PX");
            break;
        case ExpiryUnit::kUnixSeconds:
            argv.emplace_back("EXAT");
            break;
        default:
            argv.emplace_back("PXAT");
    }
    number = std::to_string(options.expiry);
    argv.emplace_back(number);
}

}  // namespace

Failure integer_result(Exchange& exchange, std::string_view member,
                       std::initializer_list<Arg> argv) {
    const Value value = exchange.engine.run(argv);
    if (value.is_error()) {
        return from_reply(value);
    }
    exchange.json.begin_object();
    exchange.json.member(member, value.integer());
    exchange.json.end_object();
    return std::nullopt;
}

Failure boolean_result(Exchange& exchange, std::string_view member,
                       std::initializer_list<Arg> argv) {
    const Value value = exchange.engine.run(argv);
    if (value.is_error()) {
        return from_reply(value);
    }
    exchange.json.begin_object();
    exchange.json.member(member, value.integer() != 0);
    exchange.json.end_object();
    return std::nullopt;
}

void write_value(JsonWriter& json, std::string_view value, bool as_octets) {
    if (as_octets) {
        json.octets(value);
    } else {
        json.stored(value);
    }
}

void write_parsed(JsonWriter& json, std::string_view value) {
    simdjson::dom::parser parser;
    Json document;
    if (!value.empty() &&  // whose address may be null
        parser.parse(value.data(), value.size()).get(document) == simdjson::SUCCESS) {
        json.raw(simdjson::minify(document));
    } else {
        json.stored(value);
    }
}

Failure set_value(Exchange& exchange, std::string_view key, std::string_view value,
                  const SetOptions& options, SetOutcome& outcome) {
    std::vector<Arg> argv{"SET", key, value};
    std::string number;
    add_expiry(options, argv, number);
    if (options.nx) {
        argv.emplace_back("NX");
    }
    if (options.xx) {
        argv.emplace_back("XX");
    }
    if (options.get) {
        argv.emplace_back("GET");
    }
    const Value reply = exchange.engine.run(argv);
    if (reply.is_error()) {
        return from_reply(reply);
    }
    if (options.get) {
        if (!reply.is_null()) {
            outcome.old_value = std::string(reply.bytes());
        }
        outcome.written = options.nx ? reply.is_null() : options.xx ? !reply.is_null() : true;
    } else {
        outcome.written = !reply.is_null();
    }
    return std::nullopt;
}

Failure set_many(Exchange& exchange, simdjson::dom::array pairs, bool only_new) {
    std::vector<std::string> words;
    words.reserve(pairs.size() * 2);
    std::string scratch;
    for (const Json pair : pairs) {
        const std::optional<std::string_view> key = pair_key(pair);
        if (!key) {
            return invalid_request("Each pair must have 'key'");
        }
        const std::optional<Json> value = pair_value(pair);
        if (!value) {
            return invalid_request("Each pair must have 'value'");
        }
        words.emplace_back(*key);
        words.emplace_back(encode(*value, scratch));
    }
    exchange.json.begin_object();
    if (words.empty()) {
        exchange.json.member("success", true);
        exchange.json.end_object();
        return std::nullopt;
    }
    std::vector<Arg> argv{only_new ? "MSETNX" : "MSET"};
    argv.insert(argv.end(), words.begin(), words.end());
    const Value reply = exchange.engine.run(argv);
    if (reply.is_error()) {
        return from_reply(reply);
    }
    exchange.json.member("success", !only_new || reply.integer() != 0);
    exchange.json.end_object();
    return std::nullopt;
}

std::string prefix_pattern(std::string_view prefix) {
    std::string pattern;
    for (const char c : prefix) {
        if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\' || c == '^') {
            pattern.push_back('\\');
        }
        pattern.push_back(c);
    }
    pattern.push_back('*');
    return pattern;
}

Failure list_keys(Exchange& exchange, std::string_view pattern, std::uint64_t limit) {
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.key("keys");
    json.begin_array();
    std::uint64_t count = 0;
    std::string cursor = "0";
    do {
        const Value page =
            exchange.engine.run({"SCAN", cursor, "MATCH", pattern, "COUNT", kScanStep});
        if (page.is_error()) {
            return from_reply(page);
        }
        cursor = page.first().bytes();
        const Value keys = page.first().next();
        Value key = keys.first();
        for (std::size_t i = 0; i < keys.size() && count < limit; ++i, key = key.next()) {
            json.text(key.bytes());
            ++count;
        }
    } while (cursor != "0" && count < limit);
    json.end_array();
    json.member("count", count);
    json.end_object();
    return std::nullopt;
}

Failure key_type(Exchange& exchange, std::string_view key) {
    const Value reply = exchange.engine.run({"TYPE", key});
    if (reply.is_error()) {
        return from_reply(reply);
    }
    exchange.json.begin_object();
    exchange.json.member("key", key);
    exchange.json.member("type", reply.bytes());
    exchange.json.end_object();
    return std::nullopt;
}

Failure key_exists(Exchange& exchange, std::string_view key) {
    const Value reply = exchange.engine.run({"EXISTS", key});
    if (reply.is_error()) {
        return from_reply(reply);
    }
    exchange.json.begin_object();
    exchange.json.member("key", key);
    exchange.json.member("exists", reply.integer() != 0);
    exchange.json.end_object();
    return std::nullopt;
}

Failure random_key(Exchange& exchange) {
    const Value reply = exchange.engine.run({"RANDOMKEY"});
    if (reply.is_error()) {
        return from_reply(reply);
    }
    exchange.json.begin_object();
    exchange.json.key("key");
    if (reply.is_null()) {
        exchange.json.null();
    } else {
        exchange.json.text(reply.bytes());
    }
    exchange.json.end_object();
    return std::nullopt;
}

Failure rename_key(Exchange& exchange, std::string_view from, std::string_view to, bool only_new) {
    const Value reply = exchange.engine.run({only_new ? "RENAMENX" : "RENAME", from, to});
    if (reply.is_error()) {
        if (reply.bytes() == "ERR no such key") {
            return key_not_found(from);
        }
        return from_reply(reply);
    }
    if (only_new && reply.integer() == 0) {
        return invalid_request("Destination key already exists");
    }
    write_moved(exchange.json, true, from, to);
    return std::nullopt;
}

Failure copy_key(Exchange& exchange, std::string_view from, std::string_view to, bool replace,
                 CopyOutcome& outcome) {
    std::vector<Arg> argv{"COPY", from, to};
    if (replace) {
        argv.emplace_back("REPLACE");
    }
    const Value reply = exchange.engine.run(argv);
    if (reply.is_error()) {
        return from_reply(reply);
    }
    outcome = CopyOutcome::kCopied;
    if (reply.integer() == 0) {
        const bool exists = exchange.engine.run({"EXISTS", from}).integer() != 0;
        outcome = exists ? CopyOutcome::kTargetExists : CopyOutcome::kNoSource;
    }
    return std::nullopt;
}

void write_moved(JsonWriter& json, bool success, std::string_view from, std::string_view to) {
    json.begin_object();
    json.member("success", success);
    json.member("source", from);
    json.member("destination", to);
    json.end_object();
}

Failure memory_usage(Exchange& exchange, std::string_view key, bool missing_is_zero) {
    const Value reply = exchange.engine.run({"MEMORY", "USAGE", key});
    if (reply.is_error()) {
        return from_reply(reply);
    }
    if (reply.is_null() && !missing_is_zero) {
        return key_not_found("Key '" + std::string(key) + "' does not exist");
    }
    const auto bytes = static_cast<std::uint64_t>(reply.integer());
    exchange.json.begin_object();
    exchange.json.member("key", key);
    exchange.json.member("bytes", bytes);
    exchange.json.member("human", std::string_view(human(bytes)));
    exchange.json.end_object();
    return std::nullopt;
}

}  // namespace synap::server::http
