// Bodies in chunks (Transfer-Encoding: chunked), collected as they arrive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/config/settings.h"
#include "server/http/head.h"

namespace synap::server::http {

// Our own decoder, because Beast's (1.81) asserts on a last chunk that arrives in small pieces.
class ChunkedBody {
public:
    // `head` is a whole head that parse_head has accepted and called chunked. Copied.
    ChunkedBody(std::string_view head, const Limits& limits);
    ChunkedBody(const ChunkedBody&) = delete;
    ChunkedBody& operator=(const ChunkedBody&) = delete;

    // Takes what it can of `bytes` and says how much. Returns 0, or the status of the response
    // that a broken (400) or too large (413) body deserves.
    [[nodiscard]] unsigned feed(std::string_view bytes, size_t& consumed);
    bool done() const noexcept { return state_ == State::kDone; }
    const Head& head() const noexcept { return head_; }
    // The body so far; readable for kReadPadding bytes beyond its end once done.
    std::string_view body() const noexcept { return body_; }

private:
    enum class State : uint8_t { kSize, kData, kDataEnd, kTrailer, kDone };

    unsigned take_line(std::string_view rest, size_t& used);
    unsigned read_size(std::string_view line);

    std::string bytes_;  // of the head
    Head head_;
    size_t body_limit_;
    size_t line_limit_;    // of one line of the framing
    size_t trailer_left_;  // bytes that trailer fields may still take
    size_t chunk_left_ = 0;
    State state_ = State::kSize;
    std::string body_;
};

}  // namespace synap::server::http
