// REST routes under /kv and /key.
#include <array>
#include <string>

#include "server/http/router.h"
#include "server/http/set_value.h"

namespace synap::server::http {
namespace {

void write_error_object(JsonWriter& json, std::string_view text) {
    json.begin_object();
    json.member("error", text);
    json.end_object();
}

// GET /kv/get/{key}: the bare value. A miss is status 200 by contract.
Failure get(Exchange& exchange, const RestRequest& request) {
    const Value value = exchange.engine.run({"GET", request.params[0]});
    if (value.is_error()) return from_reply(value);
    if (value.is_null()) {
        write_error_object(exchange.json, "Key not found");
        return std::nullopt;
    }
    const bool octets = request.query.text("type") == "bytes";
    write_value(exchange.json, value.bytes(), octets);
    return std::nullopt;
}

Failure set(Exchange& exchange, const RestRequest& request) {
    const std::string_view key = request.body.text("key");
    SetOptions options;
    if (const auto error = read_set_options(request.body, options)) return unprocessable(*error);
    std::string scratch;
    SetOutcome outcome;
    if (auto failure = set_value(exchange, key, encode(request.body.any("value"), scratch), options,
                                 outcome)) {
        return failure;
    }
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("success", true);
    json.member("key", key);
    write_outcome(json, outcome);
    json.end_object();
    return std::nullopt;
}

Failure del(Exchange& exchange, const RestRequest& request) {
    const Value reply = exchange.engine.run({"DEL", request.params[0]});
    if (reply.is_error()) return from_reply(reply);
    exchange.json.begin_object();
    exchange.json.member("deleted", reply.integer() != 0);
    exchange.json.member("key", std::string_view(request.params[0]));
    exchange.json.end_object();
    return std::nullopt;
}

Failure stats(Exchange& exchange, const RestRequest& /*request*/) { return kv_stats(exchange); }

Failure msetnx(Exchange& exchange, const RestRequest& request) {
    return set_many(exchange, request.body.array("pairs"), true);
}

Failure append(Exchange& exchange, const RestRequest& request) {
    std::string scratch;
    return integer_result(
        exchange, "length",
        {"APPEND", request.params[0], encode(request.body.any("value"), scratch)});
}

Failure getrange(Exchange& exchange, const RestRequest& request) {
    const Value value =
        exchange.engine.run({"GETRANGE", request.params[0], request.query.integer("start"),
                             request.query.integer("end")});
    if (value.is_error()) return from_reply(value);
    if (value.bytes().empty()) {
        write_error_object(exchange.json, "Key not found or range empty");
    } else {
        exchange.json.stored(value.bytes());
    }
    return std::nullopt;
}

Failure setrange(Exchange& exchange, const RestRequest& request) {
    std::string scratch;
    return integer_result(exchange, "length",
                          {"SETRANGE", request.params[0], request.body.integer("offset"),
                           encode(request.body.any("value"), scratch)});
}

Failure strlen(Exchange& exchange, const RestRequest& request) {
    return integer_result(exchange, "length", {"STRLEN", request.params[0]});
}

Failure getset(Exchange& exchange, const RestRequest& request) {
    std::string scratch;
    const Value old = exchange.engine.run(
        {"GETSET", request.params[0], encode(request.body.any("value"), scratch)});
    if (old.is_error()) return from_reply(old);
    if (old.is_null()) {
        exchange.json.null();
    } else {
        exchange.json.stored(old.bytes());
    }
    return std::nullopt;
}

Failure type(Exchange& exchange, const RestRequest& request) {
    return key_type(exchange, request.params[0]);
}

Failure exists(Exchange& exchange, const RestRequest& request) {
    return key_exists(exchange, request.params[0]);
}

Failure rename(Exchange& exchange, const RestRequest& request) {
    return rename_key(exchange, request.params[0], request.body.text("destination"), false);
}

Failure renamenx(Exchange& exchange, const RestRequest& request) {
    return rename_key(exchange, request.params[0], request.body.text("destination"), true);
}

Failure copy(Exchange& exchange, const RestRequest& request) {
    const std::string_view destination = request.body.text("destination");
    CopyOutcome outcome{};
    if (auto failure = copy_key(exchange, request.params[0], destination,
                                request.body.flag("replace"), outcome)) {
        return failure;
    }
    if (outcome == CopyOutcome::kNoSource) return key_not_found(request.params[0]);
    write_moved(exchange.json, outcome == CopyOutcome::kCopied, request.params[0], destination);
    return std::nullopt;
}

Failure randomkey(Exchange& exchange, const RestRequest& /*request*/) {
    return random_key(exchange);
}

constexpr std::array kGetQuery = {kTypeField};
constexpr std::array kValue = {kValueField};
constexpr std::array kPairs = {
    FieldSpec{.name = "pairs", .type = FieldType::kPairs, .required = true}};
constexpr std::array kRange = {kStartField, kEndField};
constexpr std::array kSetRange = {kOffsetField, kValueField};
constexpr FieldSpec kDestination{.name = "destination", .required = true};
constexpr std::array kMove = {kDestination};
constexpr std::array kCopy = {kDestination, FieldSpec{.name = "replace",
                                                      .type = FieldType::kFlag,
                                                      .fallback = "false",
                                                      .help = "overwrite the destination"}};

constexpr std::string_view kLength = R"({"length": 5})";
constexpr std::string_view kMoved = R"({"success": true, "source":..., "destination":...})";

const auto kKvRoutes = std::to_array<Route>({
    {.method = Method::kGet,
     .pattern = "/kv/get/{key}",
     .handler = get,
     .query = kGetQuery,
     .summary = "Value of a key.",
     .reply = R"(the value, a string or an array of numbers; {"error": "Key not found"})"},
    {.method = Method::kPost,
     .pattern = "/kv/set",
     .handler = set,
     .body = set_route_fields(),
     .summary = "Sets a key.",
     .reply = R"({"success": true, "key":..., "written": true, "old_value":...})"},
    {.method = Method::kDelete,
     .pattern = "/kv/del/{key}",
     .handler = del,
     .summary = "Deletes a key.",
     .reply = R"({"deleted": true, "key":...})"},
    {.method = Method::kGet,
     .pattern = "/kv/stats",
     .handler = stats,
     .summary = "Statistics of keys and operations.",
     .reply = R"({"total_keys": 3, "total_memory_bytes":..., "operations": {...}, )"
              R"("hit_rate": 0.5})"},
    {.method = Method::kPost,
     .pattern = "/kv/msetnx",
     .handler = msetnx,
     .body = kPairs,
     .summary = "Sets many keys, none when one of them exists.",
     .reply = R"({"success": false})"},
    {.method = Method::kPost,
     .pattern = "/kv/{key}/append",
     .handler = append,
     .body = kValue,
     .summary = "Appends to a value.",
     .reply = kLength},
    {.method = Method::kGet,
     .pattern = "/kv/{key}/getrange",
     .handler = getrange,
     .query = kRange,
     .summary = "A part of a value.",
     .reply = R"(a string; {"error": "Key not found or range empty"})"},
    {.method = Method::kPost,
     .pattern = "/kv/{key}/setrange",
     .handler = setrange,
     .body = kSetRange,
     .summary = "Overwrites a part of a value.",
     .reply = kLength},
    {.method = Method::kGet,
     .pattern = "/kv/{key}/strlen",
     .handler = strlen,
     .summary = "Length of a value in bytes.",
     .reply = kLength},
    {.method = Method::kPost,
     .pattern = "/kv/{key}/getset",
     .handler = getset,
     .body = kValue,
     .summary = "Sets a key and gives the old value.",
     .reply = "a string or null"},
});

constexpr auto kKeyRoutes = std::to_array<Route>({
    {.method = Method::kGet,
     .pattern = "/key/randomkey",
     .handler = randomkey,
     .summary = "Any key.",
     .reply = R"({"key": text or null})"},
    {.method = Method::kGet,
     .pattern = "/key/{key}/type",
     .handler = type,
     .summary = "Type of the value.",
     .reply = R"({"key":..., "type": "string" or "none"})"},
    {.method = Method::kGet,
     .pattern = "/key/{key}/exists",
     .handler = exists,
     .summary = "Whether there is such a key.",
     .reply = R"({"key":..., "exists": true})"},
    {.method = Method::kPost,
     .pattern = "/key/{key}/rename",
     .handler = rename,
     .body = kMove,
     .summary = "Renames a key, over what has the new name.",
     .reply = kMoved,
     .errors = "404 Key not found"},
    {.method = Method::kPost,
     .pattern = "/key/{key}/renamenx",
     .handler = renamenx,
     .body = kMove,
     .summary = "Renames a key unless the new name is taken.",
     .reply = kMoved,
     .errors = "404 Key not found; 400 Destination key already exists"},
    {.method = Method::kPost,
     .pattern = "/key/{key}/copy",
     .handler = copy,
     .body = kCopy,
     .summary = "Copies a key with its deadline; success is false where the destination exists.",
     .reply = kMoved,
     .errors = "404 Key not found"},
});

}  // namespace

std::span<const Route> kv_routes() noexcept { return kKvRoutes; }

std::span<const Route> key_routes() noexcept { return kKeyRoutes; }

}  // namespace synap::server::http
