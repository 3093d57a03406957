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

Failure stats(Exchange& exchange, const RestRequest& /*request*/) { return kv_stats(exchange); }

Failure msetnx(Exchange& exchange, const RestRequest& request) {
    return set_many(exchange, request.body.array("pairs"), true);
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

constexpr std::array kGetQuery = {kTypeField};
constexpr std::array kPairs = {
    FieldSpec{.name = "pairs", .type = FieldType::kPairs, .required = true}};
constexpr FieldSpec kDestination{.name = "destination", .required = true};
constexpr std::array kMove = {kDestination};
constexpr std::array kCopy = {kDestination, FieldSpec{.name = "replace",
                                                      .type = FieldType::kFlag,
                                                      .fallback = "false",
                                                      .help = "overwrite the destination"}};

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
});

constexpr auto kKeyRoutes = std::to_array<Route>({
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
