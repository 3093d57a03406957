#include "server/http/head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/none.hpp>
#include <boost/optional/optional.hpp>

namespace synap::server::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;
using ErrorCode = beast::error_code;

Method method_of(beast::http::verb verb) noexcept {
    switch (verb) {
        case beast::http::verb::get:
            return Method::kGet;
        case beast::http::verb::head:
            return Method::kHead;
        case beast::http::verb::post:
            return Method::kPost;
        case beast::http::verb::put:
            return Method::kPut;
        case beast::http::verb::delete_:
            return Method::kDelete;
        case beast::http::verb::options:
            return Method::kOptions;
        case beast::http::verb::patch:
            return Method::kPatch;
        default:
            return Method::kOther;
    }
}

std::string_view view(beast::string_view text) noexcept { return {text.data(), text.size()}; }

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    return text.size() == lower.size() &&
           std::equal(text.begin(), text.end(), lower.begin(),
                      [](char a, char b) { return (a | 0x20) == b || a == b; });
}

// Keeps views of the few fields that matter; everything else is checked for form and forgotten.
class Parser : public beast::http::basic_parser<true> {
public:
    Parser(std::string_view bytes, const Limits& limits, Head& head)
        : bytes_(bytes), fields_left_(limits.http_headers_count), head_(head) {
        header_limit(static_cast<uint32_t>(limits.http_header_bytes));
        body_limit(boost::none);  // what a large declared body gets is the caller's decision
    }

    bool has_other_encoding() const { return other_encoding_; }

private:
    void on_request_impl(beast::http::verb verb, beast::string_view, beast::string_view target,
                         int version, ErrorCode&) override {
        head_.method = method_of(verb);
        head_.target = view(target);
        head_.http_1_0 = version == 10;
    }

    void on_field_impl(field name, beast::string_view text, beast::string_view value,
                       ErrorCode& error) override {
        // A folded value was unfolded into memory that will be gone.
        const bool inside = value.empty() || (value.data() >= bytes_.data() &&
                                              value.data() < bytes_.data() + bytes_.size());
        if (!inside) {
            error = beast::http::error::bad_value;
            return;
        }
        if (fields_left_-- == 0) {
            error = beast::http::error::header_limit;
            return;
        }
        switch (name) {
            case field::host:
                if (!head_.host.empty()) error = beast::http::error::bad_field;
                head_.host = view(value);
                break;
            case field::origin:
                head_.origin = view(value);
                break;
            case field::content_type:
                head_.content_type = view(value);
                break;
            case field::expect:
                head_.expect_continue = equals_ignoring_case(view(value), "100-continue");
                break;
            case field::transfer_encoding:
                // Once, and alone: whatever else was done to the body would stay undone.
                other_encoding_ =
                    transfer_encoding_ || !equals_ignoring_case(view(value), "chunked");
                transfer_encoding_ = true;
                break;
            case field::sec_fetch_site:
                head_.fetch_site = view(value);
                break;
            case field::sec_fetch_mode:
                head_.fetch_mode = view(value);
                break;
            case field::unknown:
                if (equals_ignoring_case(view(text), "upstash-encoding")) {
                    head_.reply_encoding = view(value);
                }
                break;
            default:
                break;
        }
    }

    void on_header_impl(ErrorCode&) override {}
    // The parser is never given a byte behind the head.
    void on_body_init_impl(boost::optional<uint64_t> const&, ErrorCode&) override {}
    size_t on_body_impl(beast::string_view, ErrorCode&) override { return 0; }
    void on_chunk_header_impl(uint64_t, beast::string_view, ErrorCode&) override {}
    size_t on_chunk_body_impl(uint64_t, beast::string_view, ErrorCode&) override { return 0; }
    void on_finish_impl(ErrorCode&) override {}
    void on_response_impl(int, beast::string_view, int, ErrorCode&) override {}

    std::string_view bytes_;
    size_t fields_left_;
    Head& head_;
    bool transfer_encoding_ = false;
    bool other_encoding_ = false;
};

// Takes an absolute target apart. Returns 0, or the status that a target deserves that is neither
// absolute, nor a path, nor the "*" of OPTIONS.
unsigned normalise_target(Head& head) noexcept {
    if (head.target.starts_with('/') || (head.target == "*" && head.method == Method::kOptions)) {
        return 0;
    }
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equals_ignoring_case(head.target.substr(0, scheme.size()), scheme)) continue;
        const std::string_view rest = head.target.substr(scheme.size());
        const size_t end = std::min(rest.find_first_of("/?"), rest.size());
        head.host = rest.substr(0, end);
        head.target = end == rest.size() ? std::string_view("/") : rest.substr(end);
        const bool named = !head.host.empty() && head.host.find('@') == std::string_view::npos;
        return named ? 0 : 400;
    }
    return head.method == Method::kOther ? 405 : 400;  // CONNECT host:port
}

unsigned status_of(const ErrorCode& error) noexcept {
    if (error == beast::http::error::header_limit) return 431;
    return error == beast::http::error::bad_version ? 505 : 400;
}

}  // namespace

unsigned parse_head(std::string_view bytes, const Limits& limits, Head& head) {
    head = Head{};
    Parser parser(bytes, limits, head);
    ErrorCode error;
    parser.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (error) return status_of(error);
    if (!parser.is_header_done()) return 400;
    if (parser.has_other_encoding()) return 501;
    if (head.host.empty() && !head.http_1_0) return 400;
    if (const unsigned status = normalise_target(head); status != 0) return status;
    head.chunked = parser.chunked();
    head.keep_alive = parser.keep_alive();
    head.content_length = parser.content_length() ? *parser.content_length() : 0;
    return 0;
}

}  // namespace synap::server::http
