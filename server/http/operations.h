// What the command endpoint and the REST routes have in common. Each operation runs engine
// commands and writes its result as one JSON value, or returns why it could not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <synap/reply.hpp>

#include "server/http/api_error.h"
#include "server/http/engine.h"
#include "server/http/fields.h"
#include "server/http/json.h"
#include "server/net/services.h"

namespace synap::server::http {

/// One request being answered: where its result goes and what it may use.
struct Exchange {
    Shared& shared;
    Engine& engine;
    JsonWriter json;
    unsigned status = 200;
    std::string_view content_type = "application/json";
};

/// Runs a command that answers with an integer and writes {"<member>": integer}.
Failure integer_result(Exchange& exchange, std::string_view member,
                       std::initializer_list<Arg> argv);
/// The same with {"<member>": integer != 0}.
Failure boolean_result(Exchange& exchange, std::string_view member,
                       std::initializer_list<Arg> argv);

/// A stored value as a JSON string, or as an array of octets.
void write_value(JsonWriter& json, std::string_view value, bool as_octets);
/// A stored value as the JSON it holds, or as a string when it holds none.
void write_parsed(JsonWriter& json, std::string_view value);

enum class ExpiryUnit : std::uint8_t { kNone, kSeconds, kMilliseconds, kUnixSeconds, kUnixMs };
struct SetOptions {
    ExpiryUnit unit = ExpiryUnit::kNone;
    std::uint64_t expiry = 0;
    bool nx = false;
    bool xx = false;
    bool keep_ttl = false;
    bool get = false;
};
struct SetOutcome {
    bool written = true;
    std::optional<std::string> old_value;
};
Failure set_value(Exchange& exchange, std::string_view key, std::string_view value,
                  const SetOptions& options, SetOutcome& outcome);

/// MSET or MSETNX of `pairs`, an array of {key, value} or [key, value].
Failure set_many(Exchange& exchange, simdjson::dom::array pairs, bool only_new);

/// {"keys":[...],"count":n} of keys that match a glob pattern, at most `limit`.
Failure list_keys(Exchange& exchange, std::string_view pattern, std::uint64_t limit);
/// The pattern that matches all keys beginning with `prefix`.
std::string prefix_pattern(std::string_view prefix);

Failure kv_stats(Exchange& exchange);
Failure key_type(Exchange& exchange, std::string_view key);
Failure key_exists(Exchange& exchange, std::string_view key);
Failure random_key(Exchange& exchange);
Failure rename_key(Exchange& exchange, std::string_view from, std::string_view to, bool only_new);

enum class CopyOutcome : std::uint8_t { kCopied, kNoSource, kTargetExists };
Failure copy_key(Exchange& exchange, std::string_view from, std::string_view to, bool replace,
                 CopyOutcome& outcome);
/// {"success": ..., "source": ..., "destination": ...}
void write_moved(JsonWriter& json, bool success, std::string_view from, std::string_view to);

Failure memory_usage(Exchange& exchange, std::string_view key, bool missing_is_zero);
Failure client_list(Exchange& exchange);
/// INFO as an object of section objects; an unknown or empty section means all.
Failure info(Exchange& exchange, std::string_view section);

}  // namespace synap::server::http
