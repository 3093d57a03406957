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

/// What a REST handler sees of its request.
struct RestRequest {
    /// Decoded path parameters, in the order of the braces in the pattern.
    std::array<std::string, 2> params;
    std::string_view query;
    /// The parsed body, on routes that take one.
    std::optional<Json> body;

    /// Decoded value of a query parameter.
    std::optional<std::string> parameter(std::string_view name) const;
    Fields fields() const { return body ? Fields::of(*body) : Fields(); }
};

using RestHandler = Failure (*)(Exchange& exchange, const RestRequest& request);

struct Route {
    Method method;
    std::string_view pattern;  // "/kv/{}/append": {} is one segment
    RestHandler handler;
    bool takes_json = false;
};

/// The routes of each family. A pattern with a literal segment stands before one with {} there.
std::span<const Route> kv_routes() noexcept;
std::span<const Route> key_routes() noexcept;
std::span<const Route> system_routes() noexcept;

struct Match {
    /// NULL: the path is unknown, or (allow not empty) known for other methods.
    const Route* route = nullptr;
    /// Methods of a known path, for the Allow field: "GET, HEAD".
    std::string allow;
    /// The path has a broken percent-encoding.
    bool bad_encoding = false;
};

/// Finds the route of a path without its query, and decodes its parameters. HEAD is GET here.
Match match_route(Method method, std::string_view path, std::array<std::string, 2>& params);

/// Replaces %XX (and, in queries, +); false when an escape is broken.
[[nodiscard]] bool percent_decode(std::string_view text, bool plus_is_blank, std::string& out);

}  // namespace synap::server::http
