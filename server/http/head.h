// Request heads, parsed by Boost.Beast. Only head.cc sees Beast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "server/config/settings.h"

namespace synap::server::http {

// In the order of kHttpMethodNames.
enum class Method : uint8_t { kOther, kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch };

// What the server needs to know of a request's head. Views the bytes it was parsed from.
struct Head {
    Method method = Method::kOther;
    // Path and query, or "*" of OPTIONS. An absolute target was taken apart.
    std::string_view target;
    // Of an absolute target, else of the Host field.
    std::string_view host;
    std::string_view origin;
    std::string_view fetch_site;  // Sec-Fetch-Site: whose page a browser asks for
    std::string_view fetch_mode;  // Sec-Fetch-Mode
    std::string_view content_type;
    std::string_view reply_encoding;  // Upstash-Encoding: how the REST dialect writes strings
    uint64_t content_length = 0;
    bool keep_alive = true;
    bool http_1_0 = false;
    bool chunked = false;
    bool expect_continue = false;
};

// Parses a whole head, from the request line to the empty line. Returns 0, or the status of the
// response that a broken head deserves: 400, 405 (a tunnel is wanted), 431, 501 or 505.
[[nodiscard]] unsigned parse_head(std::string_view bytes, const Limits& limits, Head& head);

}  // namespace synap::server::http
