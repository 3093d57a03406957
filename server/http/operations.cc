#include "server/http/operations.h"

#include <simdjson.h>

#include <array>
#include <cstdio>
#include <span>
#include <vector>

namespace synap::server::http {
namespace {

constexpr uint64_t kScanStep = 1000;

std::string human(uint64_t bytes) {
    constexpr std::array<const char*, 5> kUnits = {"B", "KB", "MB", "GB", "TB"};
    double amount = static_cast<double>(bytes);
    size_t unit = 0;
    while (amount >= 1024 && unit + 1 < kUnits.size()) {
        amount /= 1024;
        ++unit;
    }
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 ? "%.0f%s" : "%.2f%s", amount, kUnits[unit]);
    return text.data();
}

}  // namespace

Failure boolean_result(Exchange& exchange, std::string_view member,
                       std::initializer_list<Arg> argv) {
    const Value value = exchange.engine.run(argv);
    if (value.is_error()) return from_reply(value);
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

Failure set_many(Exchange& exchange, simdjson::dom::array pairs, bool only_new) {
    std::vector<std::string> words;
    words.reserve(pairs.size() * 2);
    std::string scratch;
    for (const Json pair : pairs) {
        const Pair parts = pair_of(pair);
        words.emplace_back(parts.key);
        words.emplace_back(encode(parts.value, scratch));
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
    if (reply.is_error()) return from_reply(reply);
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

Failure list_keys(Exchange& exchange, std::string_view pattern, uint64_t limit) {
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.key("keys");
    json.begin_array();
    uint64_t count = 0;
    std::string cursor = "0";
    do {
        const Value page =
            exchange.engine.run({"SCAN", cursor, "MATCH", pattern, "COUNT", kScanStep});
        if (page.is_error()) return from_reply(page);
        cursor = page.first().bytes();
        const Value keys = page.first().next();
        Value key = keys.first();
        for (size_t i = 0; i < keys.size() && count < limit; ++i, key = key.next()) {
            json.text(key.bytes());
            ++count;
        }
    } while (cursor != "0" && count < limit);
    json.end_array();
    json.member("count", count);
    json.end_object();
    return std::nullopt;
}

Failure rename_key(Exchange& exchange, std::string_view from, std::string_view to, bool only_new) {
    const Value reply = exchange.engine.run({only_new ? "RENAMENX" : "RENAME", from, to});
    if (reply.is_error()) {
        if (reply.bytes() == "ERR no such key") return key_not_found(from);
        return from_reply(reply);
    }
    if (only_new && reply.integer() == 0) return invalid_request("Destination key already exists");
    write_moved(exchange.json, true, from, to);
    return std::nullopt;
}

Failure copy_key(Exchange& exchange, std::string_view from, std::string_view to, bool replace,
                 CopyOutcome& outcome) {
    std::vector<Arg> argv{"COPY", from, to};
    if (replace) argv.emplace_back("REPLACE");
    const Value reply = exchange.engine.run(argv);
    if (reply.is_error()) return from_reply(reply);
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
    if (reply.is_error()) return from_reply(reply);
    if (reply.is_null() && !missing_is_zero) {
        return key_not_found("Key '" + std::string(key) + "' does not exist");
    }
    const auto bytes = static_cast<uint64_t>(reply.integer());
    exchange.json.begin_object();
    exchange.json.member("key", key);
    exchange.json.member("bytes", bytes);
    exchange.json.member("human", std::string_view(human(bytes)));
    exchange.json.end_object();
    return std::nullopt;
}

}  // namespace synap::server::http
