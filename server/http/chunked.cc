#include "server/http/chunked.h"

#include <algorithm>
#include <charconv>

#include "server/net/buffer.h"

namespace synap::server::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr size_t kLineLimit = 4096;

}  // namespace

ChunkedBody::ChunkedBody(std::string_view head, const Limits& limits)
    : bytes_(head),
      body_limit_(limits.http_body_bytes),
      line_limit_(std::min(kLineLimit, limits.http_header_bytes)),
      trailer_left_(limits.http_header_bytes) {
    // It was accepted before, and only its address has changed.
    if (parse_head(bytes_, limits, head_) != 0) head_.keep_alive = false;
}

unsigned ChunkedBody::feed(std::string_view bytes, size_t& consumed) {
    consumed = 0;
    while (!done()) {
        const std::string_view rest = bytes.substr(consumed);
        size_t used = 0;
        if (state_ == State::kData) {
            used = std::min(rest.size(), chunk_left_);
            body_.append(rest.substr(0, used));
            chunk_left_ -= used;
            state_ = chunk_left_ == 0 ? State::kDataEnd : State::kData;
        } else if (state_ == State::kDataEnd) {
            if (!kLineEnd.starts_with(rest.substr(0, kLineEnd.size()))) return 400;
            if (rest.size() >= kLineEnd.size()) {
                used = kLineEnd.size();
                state_ = State::kSize;
            }
        } else if (const unsigned status = take_line(rest, used); status != 0) {
            return status;
        }
        if (used == 0) return 0;
        consumed += used;
    }
    body_.reserve(body_.size() + kReadPadding);
    return 0;
}

// Takes a line of the framing, when it is whole: a chunk's size, or a field behind the last one.
unsigned ChunkedBody::take_line(std::string_view rest, size_t& used) {
    const size_t end = rest.substr(0, line_limit_).find(kLineEnd);
    if (end == std::string_view::npos) return rest.size() >= line_limit_ ? 400 : 0;
    used = end + kLineEnd.size();
    const std::string_view line = rest.substr(0, end);
    if (state_ == State::kSize) return read_size(line);
    // Nothing here uses trailer fields; they are only kept from growing without end.
    if (line.empty()) {
        state_ = State::kDone;
    } else if (used > trailer_left_) {
        return 400;
    } else {
        trailer_left_ -= used;
    }
    return 0;
}

unsigned ChunkedBody::read_size(std::string_view line) {
    size_t size = 0;
    const char* const end = line.data() + line.size();
    const auto read = std::from_chars(line.data(), end, size, 16);
    if (read.ec == std::errc::result_out_of_range) return 413;
    // Extensions are allowed and mean nothing.
    const std::string_view after(read.ptr, static_cast<size_t>(end - read.ptr));
    if (read.ec != std::errc() || (!after.empty() && after.find_first_of(" \t;") != 0)) return 400;
    if (size > body_limit_ - body_.size()) return 413;
    chunk_left_ = size;
    state_ = size == 0 ? State::kTrailer : State::kData;
    return 0;
}

}  // namespace synap::server::http
