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

// One request being answered: where its result goes and what it may use.
struct Exchange {
    Shared& shared;
    Engine& engine;
    JsonWriter json;
    unsigned status = 200;
    std::string_view content_type = "application/json";
};

// SDKs send it with any command: the owner of the transaction that the command would join. Without
// an open transaction, and there are none over HTTP, a command runs at once.
inline constexpr FieldSpec kClientId{
    .name = "client_id", .help = "owner of a transaction; without one the command runs at once"};
// What many requests take.
inline constexpr FieldSpec kKeyField{.name = "key", .required = true};
inline constexpr FieldSpec kValueField{
    .name = "value",
    .type = FieldType::kAny,
    .required = true,
    .help = "a string is stored as its bytes, all else as compact JSON"};
inline constexpr FieldSpec kTypeField{.name = "type",
                                      .choices = "string|bytes",
                                      .fallback = "string",
                                      .help = "bytes: an array of numbers from 0 to 255"};
// Unknown sections mean all of them, by contract.
inline constexpr FieldSpec kSectionField{
    .name = "section",
    .fallback = "all",
    .help = "server, memory, stats, ... as INFO; what is none of them means all"};

// Runs a command that answers with an integer and writes {"<member>": integer != 0}.
Failure boolean_result(Exchange& exchange, std::string_view member,
                       std::initializer_list<Arg> argv);

// A stored value as a JSON string, or as an array of octets.
void write_value(JsonWriter& json, std::string_view value, bool as_octets);
// A stored value as the JSON it holds, or as a string when it holds none.
void write_parsed(JsonWriter& json, std::string_view value);

// MSET or MSETNX of the items of a kPairs.
Failure set_many(Exchange& exchange, simdjson::dom::array pairs, bool only_new);

// {"keys":[...],"count":n} of keys that match a glob pattern, at most `limit`.
Failure list_keys(Exchange& exchange, std::string_view pattern, uint64_t limit);
// The pattern that matches all keys beginning with `prefix`.
std::string prefix_pattern(std::string_view prefix);

Failure kv_stats(Exchange& exchange);
Failure rename_key(Exchange& exchange, std::string_view from, std::string_view to, bool only_new);

enum class CopyOutcome : uint8_t { kCopied, kNoSource, kTargetExists };
Failure copy_key(Exchange& exchange, std::string_view from, std::string_view to, bool replace,
                 CopyOutcome& outcome);
// {"success": ..., "source": ..., "destination": ...}
void write_moved(JsonWriter& json, bool success, std::string_view from, std::string_view to);

Failure memory_usage(Exchange& exchange, std::string_view key, bool missing_is_zero);
Failure client_list(Exchange& exchange);
// INFO as an object of section objects; an unknown or empty section means all.
Failure info(Exchange& exchange, std::string_view section);

}  // namespace synap::server::http
