#define SYNAP_UNSTABLE_API
#include "server/net/connection.h"

#include <synap/synap_unstable.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "server/net/address.h"
#include "server/net/loop.h"
#include "server/net/send.h"

namespace synap::server {
namespace {

// An incomplete request up to this size is moved into the thread's read buffer when more of it
// comes; a larger one grows in a block of its own, where the rest is received directly.
constexpr size_t kSmallRest = 16 * 1024;
constexpr size_t kLargeRead = 64 * 1024;
// How long a client may take to notice that it was answered and cut.
constexpr uint64_t kLingerMs = 2000;
// Reads of one turn that swallow what it still sends; one that sends more is not listening.
constexpr int kLingerReads = 64;

}  // namespace

Connection::Connection(Loop& loop, int fd, uint64_t id, bool restricted)
    : loop_(loop),
      fd_(fd),
      id_(id),
      restricted_(restricted),
      input_(loop.pool()),
      output_(loop.pool(), loop.limits().output_buffer_bytes),
      active_ms_(loop.now_ms()),
      progress_ms_(loop.now_ms()) {
    if (!loop_.watch(*this)) {
        ::shutdown(fd_, SHUT_RDWR);
        readable_ = true;
        loop_.resume_later(*this);  // to read the end
    }
}

Connection::~Connection() {
    if (fd_ >= 0) ::close(fd_);
}

void Connection::on_socket(uint32_t events) {
    if (closed()) return;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        close();
        return;
    }
    readable_ = readable_ || (events & (EPOLLIN | EPOLLRDHUP)) != 0;
    ended_ = ended_ || (events & EPOLLRDHUP) != 0;
    if ((events & EPOLLOUT) != 0 && want_write_) {
        want_write_ = false;
        advance();
    }
    if (closed()) return;
    if (ended_ && (waiting_ & kCommand) != 0) {
        close();
    } else if (may_read()) {
        receive();
    } else if (lingering_) {
        discard();
    } else if (must_read_ahead()) {
        receive_ahead();
    }
}

bool Connection::may_read() const noexcept {
    return readable_ && waiting_ == 0 && !closing_ && !work_left_;
}

void Connection::receive() {
    const size_t have = input_.size();
    const bool borrowed = have <= kSmallRest;
    std::span<char> room;
    if (borrowed) {
        room = loop_.read_buffer();
        if (have != 0) std::memcpy(room.data(), input_.data(), have);
        room = room.subspan(have);
    } else {
        room = input_.room(kLargeRead);
        if (room.empty()) {
            cut(CutReason::kQueryLimit);
            return;
        }
    }
    const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
    // Less than there was room for: nothing is left, and what comes next is a new event. The end
    // of the stream may have been part of this event, and is read as one more turn.
    readable_ = got == static_cast<ssize_t>(room.size()) || (ended_ && got > 0);
    if (got < 0) {
        if (errno == EINTR) {
            readable_ = true;
            loop_.resume_later(*this);
        } else if (errno != EAGAIN) {
            close();
        }
        return;
    }
    if (got == 0) {
        closing_ = true;
        advance();
        return;
    }
    const auto bytes = static_cast<size_t>(got);
    loop_.services().counters.reads.add();
    loop_.services().counters.input_bytes.add(bytes);
    active_ms_ = loop_.now_ms();
    if (borrowed) {
        feed(room.data() - have, have + bytes, true);
    } else {
        input_.added(bytes);
        feed(input_.data(), input_.size(), false);
    }
}

// Takes what the client sends although its turn has not come, so that it may come to read.
void Connection::receive_ahead() {
    constexpr int kReadsAhead = 16;
    for (int i = 0; must_read_ahead() && i < kReadsAhead; ++i) {
        const std::span<char> room = input_.room(kLargeRead);
        if (room.empty() || input_.size() > loop_.limits().resp_query_bytes) {
            cut(CutReason::kQueryLimit);
            return;
        }
        const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
        if (got < 0 && errno != EAGAIN && errno != EINTR) {
            close();
            return;
        }
        if (got == 0) {
            ended_ = true;  // receive() meets it again
        }
        readable_ =
            got == static_cast<ssize_t>(room.size()) || ended_ || (got < 0 && errno == EINTR);
        if (got > 0) {
            const auto bytes = static_cast<size_t>(got);
            loop_.services().counters.input_bytes.add(bytes);
            input_.added(bytes);
            active_ms_ = loop_.now_ms();
            work_left_ = true;
        }
    }
    if (input_.empty()) input_.clear();
    loop_.account();  // which may cut it
    if (!closed() && must_read_ahead()) loop_.resume_later(*this);
}

// Hands bytes to the protocol and keeps what it did not consume. `borrowed` bytes are those of
// the thread's read buffer; others are input_'s own.
void Connection::feed(char* data, size_t size, bool borrowed) {
    const std::optional<Fed> fed = dispatch(data, size);
    if (!fed) {
        close();
        return;
    }
    const size_t rest = size - fed->consumed;
    if (!borrowed) {
        input_.consume(fed->consumed);
    } else if (rest == 0) {
        input_.clear();
    } else if (!input_.assign(data + fed->consumed, rest)) {
        cut(CutReason::kQueryLimit);
        return;
    }
    settle(*fed);
}

std::optional<Fed> Connection::dispatch(char* data, size_t size) {
    if (peer_.index() == 0 && !recognise(data, size)) {
        if (closed()) return std::nullopt;
        Fed nothing;
        nothing.pending = size;
        return nothing;
    }
    const PeerContext context{loop_.services(), session_->raw(), output_, id_};
    if (auto* resp = std::get_if<resp::Peer>(&peer_)) return resp->feed(context, data, size);
    return std::get<http::Peer>(peer_).feed(context, loop_.http(), data, size);
}

// Tells the protocol by the first line. False while it cannot be told, or when the session could
// not be opened (then the connection is closed).
bool Connection::recognise(const char* data, size_t size) {
    switch (http::recognise({data, size}, loop_.limits())) {
        case http::Kind::kUnknown:
            return false;
        case http::Kind::kHttp:
            peer_.emplace<http::Peer>(restricted_);
            loop_.services().counters.http_connections.add();
            return open_session(SYNAP_PROTOCOL_NATIVE, "http");
        case http::Kind::kOther:
            break;
    }
    if (restricted_) {
        close();
        return false;
    }
    peer_.emplace<resp::Peer>(loop_.limits());
    loop_.services().counters.resp_connections.add();
    return open_session(SYNAP_PROTOCOL_RESP2, "resp");
}

bool Connection::open_session(uint32_t protocol, const char* transport) {
    const std::string peer = peer_name(fd_);
    SessionOptions options;
    options.protocol = protocol;
    options.peer = peer;
    options.transport = transport;
    options.events = &loop_.services().events;
    options.tag = id_;
    auto session = Session::try_open(loop_.services().shared.store, options);
    if (!session) {
        close();
        return false;
    }
    session_.emplace(std::move(*session));
    return true;
}

// Acts on what the protocol made of the bytes it was given.
void Connection::settle(const Fed& fed) {
    if (fed.verdict == Verdict::kAbort) {
        cut(fed.reason);
        return;
    }
    if (fed.reason != CutReason::kCount) {
        loop_.services().counters.cut[static_cast<size_t>(fed.reason)].add();
        linger_ = true;
    }
    closing_ = closing_ || fed.verdict == Verdict::kClose;
    if (fed.verdict == Verdict::kBlocked) {
        waiting_ |= kCommand;
        if (ended_) {  // there will be no further event to tell
            close();
            return;
        }
    }
    if (fed.verdict == Verdict::kPaused) {
        waiting_ |= kReply;
        charge_owed();
    }
    if (fed.verdict == Verdict::kLong) begin_long_call();
    const bool goes_on = fed.verdict == Verdict::kYield || fed.verdict == Verdict::kBlocked ||
                         fed.verdict == Verdict::kPaused;
    work_left_ = goes_on && !input_.empty();
    if (pending_ == 0 || fed.progressed) request_ms_ = loop_.now_ms();
    pending_ = fed.pending;
    if (fed.token.position != 0) {
        const uint32_t level = synap_session_durability(session_->raw());
        if (loop_.must_commit(fed.token, level)) {
            waiting_ |= kLog;
            loop_.commit_later(*this, fed.token, level);
            return;
        }
    }
    advance();
}

void Connection::on_committed(bool reached) {
    if (closed()) return;
    waiting_ &= static_cast<uint8_t>(~kLog);
    request_ms_ = loop_.now_ms();  // the client could not go on until now
    if (!reached) {
        cut(CutReason::kLogFailure);
        return;
    }
    advance();
}

void Connection::on_completion(const Reply& reply, const synap_error_t* error) {
    auto* resp = std::get_if<resp::Peer>(&peer_);
    if (closed() || resp == nullptr || (waiting_ & kCommand) == 0) return;
    waiting_ &= static_cast<uint8_t>(~kCommand);
    request_ms_ = loop_.now_ms();
    const PeerContext context{loop_.services(), session_->raw(), output_, id_};
    if (!resp->complete(context, reply, error)) {
        cut(CutReason::kOutputLimit);
        return;
    }
    advance();
}

// Sends what may be sent and decides what comes next. Called whenever a wait has ended.
void Connection::advance() {
    if ((waiting_ & kLog) != 0) return;
    flush();
    if (closed()) return;
    if ((waiting_ & kReply) != 0) {
        if (output_.pending() <= kTurnOutputBytes) loop_.resume_later(*this);
        return;
    }
    if (must_catch_up()) {
        waiting_ |= kOutput;
    } else if ((waiting_ & kOutput) != 0) {
        waiting_ &= static_cast<uint8_t>(~kOutput);
        request_ms_ = loop_.now_ms();
    }
    if (waiting_ != 0) return;
    if (!closing_) {
        if (work_left_ || readable_) loop_.resume_later(*this);
    } else if (output_.empty()) {
        finish();
    }
}

void Connection::flush() {
    if (want_write_) {
        return;  // there will be an event
    }
    const Sent sent = send_all(fd_, output_);
    if (sent.bytes != 0) {
        loop_.services().counters.writes.add(sent.calls);
        loop_.services().counters.output_bytes.add(sent.bytes);
        progress_ms_ = loop_.now_ms();
        stalled_ = false;
    }
    if (sent.end == Sent::End::kBroken) {
        close();
    } else if (sent.end == Sent::End::kFull) {
        want_write_ = true;
        if (!std::exchange(stalled_, true)) progress_ms_ = loop_.now_ms();
        loop_.account();  // which may cut it
    } else {
        stalled_ = false;
    }
}

// Everything was sent and the connection is to end.
void Connection::finish() {
    if (!linger_) {
        close();
        return;
    }
    // Closing now would reset the connection while the client still sends, and a reset can destroy
    // the reply before it is read. So: end our side, swallow the rest, and close on its end.
    lingering_ = true;
    input_.clear();
    ::shutdown(fd_, SHUT_WR);
    progress_ms_ = loop_.now_ms();
    discard();
}

void Connection::discard() {
    const std::span<char> room = loop_.read_buffer();
    for (int turn = 0; turn < kLingerReads; ++turn) {
        const ssize_t got = ::recv(fd_, room.data(), room.size(), 0);
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) break;
    }
    close();
}

void Connection::on_tick(uint64_t now_ms) {
    const Limits& limits = loop_.limits();
    if (closed()) return;
    if (lingering_) {
        if (now_ms - progress_ms_ > kLingerMs) close();
    } else if (want_write_ && limits.write_timeout_ms != 0 &&
               now_ms - std::max(progress_ms_, active_ms_) > limits.write_timeout_ms) {
        cut(CutReason::kWriteTimeout);
    } else if (is_late(now_ms)) {
        if (std::holds_alternative<http::Peer>(peer_) && output_.append(http::kRequestTimeout)) {
            flush();
        }
        cut(CutReason::kRequestTimeout);
    } else if ((waiting_ & kOutput) != 0 && !must_catch_up()) {
        advance();
    } else if ((waiting_ & kReply) != 0) {
        charge_owed();
        if (must_read_ahead()) receive_ahead();
    } else if (limits.idle_timeout_ms != 0 && waiting_ == 0 &&
               now_ms - active_ms_ > limits.idle_timeout_ms) {
        cut(CutReason::kIdle);
    }
}

// A request of HTTP takes too long to arrive. One of RESP may take its time: a command may come
// from a pipe whose writer pauses, and costs no more meanwhile than a client that is idle.
bool Connection::is_late(uint64_t now_ms) const noexcept {
    const uint32_t limit = loop_.limits().header_timeout_ms;
    return pending_ != 0 && waiting_ == 0 && limit != 0 &&
           !std::holds_alternative<resp::Peer>(peer_) && now_ms - request_ms_ > limit + pending_;
}

void Connection::drain() {
    if (closed() || lingering_) {
        close();
        return;
    }
    closing_ = true;
    work_left_ = false;
    advance();
}

void Connection::cut(CutReason reason) {
    if (closed()) return;
    if (reason != CutReason::kCount) {
        loop_.services().counters.cut[static_cast<size_t>(reason)].add();
    }
    close();
}

void Connection::close() {
    if (closed()) return;
    waiting_ &= static_cast<uint8_t>(~kReply);
    charge_owed();
    output_.clear();
    ::close(fd_);
    fd_ = -1;
    if ((waiting_ & kLong) == 0) let_go();
}

void Connection::let_go() {
    session_.reset();
    input_.clear();
    loop_.retire(*this);
}

}  // namespace synap::server
