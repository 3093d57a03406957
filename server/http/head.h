// Request heads and chunked bodies, parsed by Boost.Beast. Only head.cc sees Beast.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "server/config/settings.h"

namespace synap::server::http {

/// In the order of kHttpMethodNames.
enum class Method : std::uint8_t { kOther, kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch };

/// What the server needs to know of a request's head. Views the bytes it was parsed from.
struct Head {
    Method method = Method::kOther;
    std::string_view target;
    std::string_view host;
    std::string_view origin;
    std::string_view content_type;
    std::uint64_t content_length = 0;
    bool keep_alive = true;
    bool http_1_0 = false;
    bool chunked = false;
    bool expect_continue = false;
};

/// Parses a whole head, from the request line to the empty line. Returns 0, or the status of the
/// response that a broken head deserves: 400, 431, 501 or 505.
[[nodiscard]] unsigned parse_head(std::string_view bytes, const Limits& limits, Head& head);

/// A body in chunks, collected as it arrives.
class ChunkedBody {
public:
    /// `head` is a whole head that parse_head has accepted and called chunked. Copied.
    ChunkedBody(std::string_view head, const Limits& limits);
    ChunkedBody(const ChunkedBody&) = delete;
    ChunkedBody& operator=(const ChunkedBody&) = delete;
    ~ChunkedBody();

    /// Takes what it can of `bytes` and says how much. Returns 0, or the status of the response
    /// that a broken (400) or too large (413) body deserves.
    [[nodiscard]] unsigned feed(std::string_view bytes, std::size_t& consumed);
    bool done() const noexcept;
    const Head& head() const noexcept { return head_; }
    /// The body so far; readable for kReadPadding bytes beyond its end once done.
    std::string_view body() const noexcept;

private:
    struct State;
    std::unique_ptr<State> state_;
    Head head_;
};

}  // namespace synap::server::http
