// REST routes: from method and path to a handler.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/http/head.h"
#include "server/http/operations.h"

namespace synap::server::http {

// What a REST handler sees of its request: all of it has been checked against the route's tables.
struct RestRequest {
    // Decoded path parameters, in the order of the braces in the pattern.
    std::array<std::string, 2> params;
    Fields query;
    Fields body;
};

using RestHandler = Failure (*)(Exchange& exchange, const RestRequest& request);

// One route as data: the router, the readers of fields and docs/http.md work from it.
struct Route {
    Method method;
    std::string_view pattern;  // "/kv/{key}/append": what is in braces is one segment
    RestHandler handler;
    // Query parameters.
    FieldSpecs query = {};
    // Members of the JSON body; a route without any takes no body.
    FieldSpecs body = {};
    // For members of the body that are not listed.
    Unknown unknown = Unknown::kRefuse;
    // Answered under any name of this server: it holds no data, and those who ask, probes and
    // collectors of metrics, are told names that the server can not know.
    bool probe = false;
    // For people.
    std::string_view summary = {};
    std::string_view reply = {};
    std::string_view errors = {};
};

// The routes of each family. A pattern with a literal segment stands before one with a
// parameter there.
std::span<const Route> kv_routes() noexcept;
std::span<const Route> key_routes() noexcept;
std::span<const Route> system_routes() noexcept;
// All of them.
inline std::array<std::span<const Route>, 3> all_routes() noexcept {
    return {kv_routes(), system_routes(), key_routes()};
}

struct Match {
    // NULL: the path is unknown, or (allow not empty) known for other methods.
    const Route* route = nullptr;
    // Methods of a known path, for the Allow field: "GET, HEAD".
    std::string allow;
    // The path has a broken percent-encoding.
    bool bad_encoding = false;
};

// Finds the route of a path without its query, and decodes its parameters. HEAD is GET here.
Match match_route(Method method, std::string_view path, std::array<std::string, 2>& params);

}  // namespace synap::server::http
