#include "server/http/peer.h"

namespace synap::server::http {
namespace {

constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr size_t kLongestMethod = 24;

bool is_upper(char c) noexcept { return c >= 'A' && c <= 'Z'; }

}  // namespace

Kind recognise(std::string_view bytes, const Limits& limits) noexcept {
    size_t method = 0;
    while (method < bytes.size() && is_upper(bytes[method])) {
        ++method;
    }
    if (method == bytes.size() && method <= kLongestMethod) return Kind::kUnknown;
    if (method == 0 || method > kLongestMethod || bytes[method] != ' ') return Kind::kOther;
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
        // "GET /..." without an end: a request line that is too long, or a long inline command.
        if (bytes.size() <= limits.http_header_bytes) return Kind::kUnknown;
        const std::string_view target = bytes.substr(method + 1);
        return target.starts_with('/') || target.starts_with("http") ? Kind::kHttp : Kind::kOther;
    }
    const std::string_view line = bytes.substr(0, end);
    const size_t last = line.rfind(' ');
    return line.substr(last + 1).starts_with("HTTP/") ? Kind::kHttp : Kind::kOther;
}

Fed Peer::feed(const PeerContext& context, Service& service, const char* data, size_t size) {
    const size_t turn_end = end_of_turn(context);
    Fed fed;
    while (fed.consumed < size && fed.verdict == Verdict::kMore) {
        const std::string_view rest(data + fed.consumed, size - fed.consumed);
        const Step done = chunked_ ? step_chunked(context, service, rest, fed)
                                   : step(context, service, rest, fed);
        if (done == Step::kNeedMore) {
            fed.pending = size - fed.consumed + swallowed_;
            break;
        }
        if (fed.verdict == Verdict::kMore && context.output.pending() > turn_end) {
            fed.verdict = Verdict::kYield;
        }
    }
    if (chunked_ && fed.pending == 0) {
        fed.pending = swallowed_ + 1;  // the body that the head has promised
    }
    return fed;
}

// Takes one request with a body of declared length off the front of `rest`.
Peer::Step Peer::step(const PeerContext& context, Service& service, std::string_view rest,
                      Fed& fed) {
    const Limits& limits = context.services.shared.settings.limits;
    if (scanned_ == 0 && rest.starts_with("\r\n")) {
        fed.consumed += 2;  // some clients end a body with a line end too many
        return Step::kDone;
    }
    if (rest.size() < needed_) return Step::kNeedMore;
    const size_t end = rest.find(kHeadEnd, needed_ != 0 ? 0 : scanned_);
    if (end == std::string_view::npos) {
        if (rest.size() > limits.http_header_bytes) return reject(context, service, 431, fed);
        scanned_ = rest.size() < kHeadEnd.size() ? 0 : rest.size() - kHeadEnd.size() + 1;
        return Step::kNeedMore;
    }
    const size_t head_size = end + kHeadEnd.size();
    Head head;
    const unsigned status = head_size > limits.http_header_bytes
                                ? 431
                                : parse_head(rest.substr(0, head_size), limits, head);
    if (status != 0) return reject(context, service, status, fed);
    head.keep_alive = head.keep_alive && !only_one_;
    if (head.content_length > limits.http_body_bytes) return reject(context, service, 413, fed);
    if (head.expect_continue && !continued_ && (head.chunked || head.content_length != 0)) {
        continued_ = true;
        static_cast<void>(context.output.append(kContinue));
    }
    if (head.chunked) {
        chunked_ = std::make_unique<ChunkedBody>(rest.substr(0, head_size), limits);
        fed.consumed += head_size;
        swallowed_ = head_size;
        return Step::kDone;
    }
    const size_t body_size = head.content_length;
    if (rest.size() < head_size + body_size) {
        needed_ = head_size + body_size;
        return Step::kNeedMore;
    }
    answer(context, service, head, rest.substr(head_size, body_size), fed);
    fed.consumed += head_size + body_size;
    return Step::kDone;
}

Peer::Step Peer::step_chunked(const PeerContext& context, Service& service, std::string_view rest,
                              Fed& fed) {
    size_t consumed = 0;
    const unsigned status = chunked_->feed(rest, consumed);
    fed.consumed += consumed;
    swallowed_ += consumed;
    if (status != 0) return reject(context, service, status, fed);
    if (!chunked_->done()) return Step::kNeedMore;
    answer(context, service, chunked_->head(), chunked_->body(), fed);
    return Step::kDone;
}

// Answers a request that cannot be read, after which the stream has no known place to go on.
Peer::Step Peer::reject(const PeerContext& context, Service& service, unsigned status, Fed& fed) {
    service.refuse(status, context.output, context.services.counters);
    fed.verdict = Verdict::kClose;
    fed.reason = CutReason::kProtocolError;
    return Step::kDone;
}

void Peer::answer(const PeerContext& context, Service& service, const Head& head,
                  std::string_view body, Fed& fed) {
    const Answer answer =
        service.answer(head, body, context.session, context.output, context.services.counters);
    fed.token = later(fed.token, answer.token);
    fed.progressed = true;
    if (!answer.complete) {
        fed.verdict = Verdict::kAbort;
        fed.reason = CutReason::kOutputLimit;
    } else if (!head.keep_alive || only_one_) {
        fed.verdict = Verdict::kClose;
    }
    scanned_ = needed_ = swallowed_ = 0;
    continued_ = false;
    chunked_.reset();
}

}  // namespace synap::server::http
