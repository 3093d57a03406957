// REST routes under /kv and /key.
#include <array>
#include <charconv>
#include <string>

#include "server/http/router.h"

namespace synap::server::http {
namespace {

void write_error_object(JsonWriter& json, std::string_view text) {
    json.begin_object();
    json.member("error", text);
    json.end_object();
}

/// GET /kv/get/{key}: the bare value. A miss is status 200 by contract.
Failure get(Exchange& exchange, const RestRequest& request) {
    const Value value = exchange.engine.run({"GET", request.params[0]});
    if (value.is_error()) {
        return from_reply(value);
    }
    if (value.is_null()) {
        write_error_object(exchange.json, "Key not found");
        return std::nullopt;
    }
    const bool octets = !request.query.empty() && request.parameter("type") == "bytes";
    write_value(exchange.json, value.bytes(), octets);
    return std::nullopt;
}

Failure read_expiry(const Fields& body, SetOptions& options) {
    const auto expiry = body.object("expiry");
    if (!expiry) {
        if (const auto ttl = body.count("ttl")) {
            options.unit = ExpiryUnit::kSeconds;
            options.expiry = *ttl;
        }
        return std::nullopt;
    }
    const auto type = expiry->text("type");
    const auto value = expiry->count("value");
    if (!type || !value) {
        return unprocessable("expiry");
    }
    options.expiry = *value;
    if (*type == "seconds") {
        options.unit = ExpiryUnit::kSeconds;
    } else if (*type == "milliseconds") {
        options.unit = ExpiryUnit::kMilliseconds;
    } else if (*type == "unix_seconds") {
        options.unit = ExpiryUnit::kUnixSeconds;
    } else if (*type == "unix_milliseconds") {
        options.unit = ExpiryUnit::kUnixMs;
    } else {
        return unprocessable("expiry.type");
    }
    return std::nullopt;
}

Failure set(Exchange& exchange, const RestRequest& request) {
    const Fields body = request.fields();
    const auto key = body.text("key");
    const auto value = body.any("value");
    if (!key || !value) {
        return unprocessable(key ? "value" : "key");
    }
    SetOptions options;
    if (auto failure = read_expiry(body, options)) {
        return failure;
    }
    options.nx = body.flag("nx");
    options.xx = body.flag("xx");
    options.keep_ttl = body.flag("keepttl");
    options.get = body.flag("get");
    std::string scratch;
    SetOutcome outcome;
    if (auto failure = set_value(exchange, *key, encode(*value, scratch), options, outcome)) {
        return failure;
    }
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("success", true);
    json.member("key", *key);
    json.member("written", outcome.written);
    if (outcome.old_value) {
        json.key("old_value");
        write_parsed(json, *outcome.old_value);
    }
    json.end_object();
    return std::nullopt;
}

Failure del(Exchange& exchange, const RestRequest& request) {
    const Value reply = exchange.engine.run({"DEL", request.params[0]});
    if (reply.is_error()) {
        return from_reply(reply);
    }
    exchange.json.begin_object();
    exchange.json.member("deleted", reply.integer() != 0);
    exchange.json.member("key", std::string_view(request.params[0]));
    exchange.json.end_object();
    return std::nullopt;
}

Failure stats(Exchange& exchange, const RestRequest& /*request*/) { return kv_stats(exchange); }

Failure msetnx(Exchange& exchange, const RestRequest& request) {
    const auto pairs = request.fields().array("pairs");
    return pairs ? set_many(exchange, *pairs, true) : Failure(unprocessable("pairs"));
}

Failure append(Exchange& exchange, const RestRequest& request) {
    const auto value = request.fields().any("value");
    if (!value) {
        return unprocessable("value");
    }
    std::string scratch;
    return integer_result(exchange, "length",
                          {"APPEND", request.params[0], encode(*value, scratch)});
}

/// A query parameter that must be a whole number.
Failure read_offset(const RestRequest& request, const char* name, std::int64_t& offset) {
    const auto text = request.parameter(name);
    if (!text) {
        return invalid_request(std::string(name) + " parameter required");
    }
    const char* const end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, offset);
    if (read.ec != std::errc() || read.ptr != end) {
        return invalid_request(std::string(name) + " parameter must be an integer");
    }
    return std::nullopt;
}

Failure getrange(Exchange& exchange, const RestRequest& request) {
    std::int64_t start = 0;
    std::int64_t end = 0;
    if (auto failure = read_offset(request, "start", start)) {
        return failure;
    }
    if (auto failure = read_offset(request, "end", end)) {
        return failure;
    }
    const Value value = exchange.engine.run({"GETRANGE", request.params[0], start, end});
    if (value.is_error()) {
        return from_reply(value);
    }
    if (value.bytes().empty()) {
        write_error_object(exchange.json, "Key not found or range empty");
    } else {
        exchange.json.stored(value.bytes());
    }
    return std::nullopt;
}

Failure setrange(Exchange& exchange, const RestRequest& request) {
    const Fields body = request.fields();
    const auto offset = body.count("offset");
    const auto value = body.any("value");
    if (!offset || !value) {
        return unprocessable(offset ? "value" : "offset");
    }
    std::string scratch;
    return integer_result(exchange, "length",
                          {"SETRANGE", request.params[0], *offset, encode(*value, scratch)});
}

Failure strlen(Exchange& exchange, const RestRequest& request) {
    return integer_result(exchange, "length", {"STRLEN", request.params[0]});
}

Failure getset(Exchange& exchange, const RestRequest& request) {
    const auto value = request.fields().any("value");
    if (!value) {
        return unprocessable("value");
    }
    std::string scratch;
    const Value old = exchange.engine.run({"GETSET", request.params[0], encode(*value, scratch)});
    if (old.is_error()) {
        return from_reply(old);
    }
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

Failure move(Exchange& exchange, const RestRequest& request, bool only_new) {
    const auto destination = request.fields().text("destination");
    if (!destination) {
        return unprocessable("destination");
    }
    return rename_key(exchange, request.params[0], *destination, only_new);
}

Failure rename(Exchange& exchange, const RestRequest& request) {
    return move(exchange, request, false);
}

Failure renamenx(Exchange& exchange, const RestRequest& request) {
    return move(exchange, request, true);
}

Failure copy(Exchange& exchange, const RestRequest& request) {
    const Fields body = request.fields();
    const auto destination = body.text("destination");
    if (!destination) {
        return unprocessable("destination");
    }
    CopyOutcome outcome{};
    if (auto failure =
            copy_key(exchange, request.params[0], *destination, body.flag("replace"), outcome)) {
        return failure;
    }
    if (outcome == CopyOutcome::kNoSource) {
        return key_not_found(request.params[0]);
    }
    write_moved(exchange.json, outcome == CopyOutcome::kCopied, request.params[0], *destination);
    return std::nullopt;
}

Failure randomkey(Exchange& exchange, const RestRequest& /*request*/) {
    return random_key(exchange);
}

constexpr std::array kKvRoutes = {
    Route{Method::kGet, "/kv/get/{}", get},
    Route{Method::kPost, "/kv/set", set, true},
    Route{Method::kDelete, "/kv/del/{}", del},
    Route{Method::kGet, "/kv/stats", stats},
    Route{Method::kPost, "/kv/msetnx", msetnx, true},
    Route{Method::kPost, "/kv/{}/append", append, true},
    Route{Method::kGet, "/kv/{}/getrange", getrange},
    Route{Method::kPost, "/kv/{}/setrange", setrange, true},
    Route{Method::kGet, "/kv/{}/strlen", strlen},
    Route{Method::kPost, "/kv/{}/getset", getset, true},
};

constexpr std::array kKeyRoutes = {
    Route{Method::kGet, "/key/randomkey", randomkey},
    Route{Method::kGet, "/key/{}/type", type},
    Route{Method::kGet, "/key/{}/exists", exists},
    Route{Method::kPost, "/key/{}/rename", rename, true},
    Route{Method::kPost, "/key/{}/renamenx", renamenx, true},
    Route{Method::kPost, "/key/{}/copy", copy, true},
};

}  // namespace

std::span<const Route> kv_routes() noexcept { return kKvRoutes; }

std::span<const Route> key_routes() noexcept { return kKeyRoutes; }

}  // namespace synap::server::http
