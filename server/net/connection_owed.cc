// What a connection owes: long replies are delivered as their client takes them, and calls that
// take long are run by another thread.
#define SYNAP_UNSTABLE_API
#include <synap/synap_unstable.h>

#include <algorithm>

#include "server/net/connection.h"
#include "server/net/loop.h"

namespace synap::server {
namespace {

// A client that has taken nothing for so long is taken for one that will not read before it has
// written everything.
constexpr uint64_t kStuckMs = 1000;

}  // namespace

void Connection::resume() {
    if (closed()) return;
    if (waiting_ == kReply) {
        deliver_rest();
        return;
    }
    if (waiting_ != 0 || closing_) return;
    if (work_left_) {
        work_left_ = false;
        feed(input_.data(), input_.size(), false);
    } else if (readable_) {
        receive();
    }
}

void Connection::begin_long_call() {
    long_call_ = std::make_unique<resp::LongCall>();
    loop_.run_aside(*this, [call = long_call_.get(), session = session_->raw(),
                            &limits = loop_.limits(), data = input_.data(),
                            size = input_.size()] { call->run(session, limits, data, size); });
    waiting_ |= kLong;
}

void Connection::on_long_call() {
    waiting_ &= static_cast<uint8_t>(~kLong);
    const std::unique_ptr<resp::LongCall> call = std::move(long_call_);
    if (closed()) {
        let_go();
        return;
    }
    request_ms_ = loop_.now_ms();  // the client could not go on until now
    const PeerContext context{loop_.services(), session_->raw(), output_, id_};
    Fed fed;
    fed.verdict = std::get<resp::Peer>(peer_).finish(context, *call);
    fed.reason = fed.verdict == Verdict::kAbort ? CutReason::kOutputLimit : fed.reason;
    fed.progressed = true;
    if (call->reply) fed.token = call->reply.token();
    input_.consume(call->bytes);
    if (fed.verdict == Verdict::kMore && !input_.empty()) fed.verdict = Verdict::kYield;
    settle(fed);
}

// Makes more of the replies that the session owes, when the client has taken what there was.
void Connection::deliver_rest() {
    if (output_.pending() > kTurnOutputBytes) {
        if (must_read_ahead()) receive_ahead();
        return;
    }
    const PeerContext context{loop_.services(), session_->raw(), output_, id_};
    const Fed fed = std::get<resp::Peer>(peer_).resume(context);
    if (fed.verdict == Verdict::kAbort) {
        cut(fed.reason);
        return;
    }
    if (fed.verdict != Verdict::kPaused) {
        waiting_ &= static_cast<uint8_t>(~kReply);
        request_ms_ = loop_.now_ms();  // the client could not go on until now
        charge_owed();
    }
    advance();
}

// Looks at what the session holds of replies: each reference that is left, so not at every turn.
void Connection::charge_owed() noexcept {
    loop_.pool().drop(owed_);
    owed_ = (waiting_ & kReply) != 0 ? synap_exec_held(session_->raw()) : 0;
    loop_.pool().retain(owed_);
}

// More commands only wait for a client that is taking its replies: one that is not would wait for
// its commands to be read, and nothing would move.
bool Connection::must_catch_up() const noexcept {
    return output_.pending() > loop_.output_soft_bytes() && !is_stuck();
}

// The client can not come to read because it can not come to write.
bool Connection::must_read_ahead() const noexcept {
    return (waiting_ & kReply) != 0 && want_write_ && readable_ && !ended_ && is_stuck();
}

// The client takes nothing of what waits for it.
bool Connection::is_stuck() const noexcept {
    const uint64_t limit = loop_.limits().write_timeout_ms;
    const uint64_t stuck = limit == 0 ? kStuckMs : std::min(kStuckMs, limit / 2);
    return loop_.now_ms() - progress_ms_ >= stuck;
}
}  // namespace synap::server
