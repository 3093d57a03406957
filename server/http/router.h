// REST routes: from method and path to a handler.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/http/fields.h"
#include "server/http/head.h"
#include "server/http/mapping.h"

namespace synap::server::http {

// What a REST handler sees of its request: all of it has been checked against the route's tables.
struct RestRequest {
    // Decoded path parameters, in the order of the braces in the pattern.
    std::array<std::string, 2> params;
    Fields query;
    Fields body;
    // What Takes::kJson and Takes::kBytes leave to the handler.
    Json document;
    std::string_view bytes;      // the body as it is
    std::string_view raw_query;  // encoded
    std::string_view rest;       // what "{...}" of the pattern stands for, encoded
    bool base64 = false;         // strings of the reply are wanted in base64
};

// What a route makes of its query and body.
enum class Takes : uint8_t {
    kFields,  // both are checked against the tables of the route
    kJson,    // the body is any JSON document; the query is checked
    kBytes    // neither is looked at
};

using RestHandler = Failure (*)(Exchange& exchange, const RestRequest& request);

// One route as data: the router, the readers of fields and docs/http.md work from it.
struct Route {
    Method method;
    // "/kv/{key}/append": what is in braces is one segment, and all of them as a last "{...}".
    std::string_view pattern;
    RestHandler handler;
    // Query parameters.
    FieldSpecs query = {};
    // Members of the JSON body; a route without any takes no body.
    FieldSpecs body = {};
    Takes takes = Takes::kFields;
    // For members of the body that are not listed.
    Unknown unknown = Unknown::kRefuse;
    // Answered under any name of this server: it holds no data, and those who ask, probes and
    // collectors of metrics, are told names that the server can not know.
    bool probe = false;
    // For people.
    std::string_view summary = {};
    std::string_view reply = {};
    std::string_view errors = {};
    // Instead of a handler: the route is data.
    const Mapping* mapping = nullptr;
};

// Those that are data in the command table (generated/mappings.cc). A pattern with a literal
// segment stands before one with a parameter there.
std::span<const Route> mapped_routes() noexcept;
std::span<const Route> system_routes() noexcept;
std::span<const Route> replication_routes() noexcept;
// Not before the first sync of a replica is complete.
bool is_caught_up_once(Exchange& exchange);
std::span<const Route> report_routes() noexcept;
std::span<const Route> dialect_routes() noexcept;
inline std::array<std::span<const Route>, 5> all_routes() noexcept {
    return {mapped_routes(), system_routes(), replication_routes(), report_routes(),
            dialect_routes()};
}

struct Match {
    // NULL: the path is unknown, or (allow not empty) known for other methods.
    const Route* route = nullptr;
    // Methods of a known path, for the Allow field: "GET, HEAD".
    std::string allow;
    // The path has a broken percent-encoding.
    bool bad_encoding = false;
    // Views the path.
    std::string_view rest;
};

// Finds the route of a path without its query, and decodes its parameters. HEAD is GET here.
Match match_route(Method method, std::string_view path, std::array<std::string, 2>& params);

}  // namespace synap::server::http
