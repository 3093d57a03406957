#include "capi/src/exec.h"

using namespace synap;
using namespace synap::capi;

namespace {

// A submitted call that ends later, as one event.
class SubmitWaiter final : public LogWaiter {
public:
    SubmitWaiter(synap_events_t* events, uint64_t tag, synap_reply_t* reply, synap_token_t token)
        : events_(synap_events_retain(events)), tag_(tag), reply_(reply), token_(token) {}
    ~SubmitWaiter() override {
        synap_reply_release(reply_);
        synap_events_release(events_);
    }
    // The reply is made when the wait ends.
    void set_pending(const PendingWait& wait, const Log* log) noexcept {
        wait_ = wait;
        log_ = log;
        makes_reply_ = true;
    }
    void complete(const Status& status) noexcept override {
        synap_event event{SYNAP_EVENT_COMPLETION, tag_, nullptr, nullptr};
        if (makes_reply_ && (status || status.error().code == Code::kTimeout)) {
            try {
                Reply tape;
                Session::finish_wait(wait_, log_, tape);
                size_t at = 0;
                event.reply = build_reply(tape, at, token_);
            } catch (...) {
                event.error = no_memory_error();
            }
        } else if (status) {
            event.reply = std::exchange(reply_, nullptr);
        } else {
            event.error = make_error(status.error(), token_, !makes_reply_);
        }
        events_->push(event, true);
    }

private:
    synap_events_t* const events_;
    const uint64_t tag_;
    synap_reply_t* reply_;
    const synap_token_t token_;
    PendingWait wait_;
    const Log* log_ = nullptr;  // of the engine, which ends all waits before it goes
    bool makes_reply_ = false;
};

class NotifyWaiter final : public LogWaiter {
public:
    NotifyWaiter(synap_events_t* events, uint64_t tag)
        : events_(synap_events_retain(events)), tag_(tag) {}
    ~NotifyWaiter() override { synap_events_release(events_); }
    void complete(const Status& status) noexcept override {
        synap_error_t* error = status ? nullptr : make_error(status.error());
        events_->push({SYNAP_EVENT_LOG, tag_, error, nullptr}, true);
    }

private:
    synap_events_t* const events_;
    const uint64_t tag_;
};

Error queue_full() {
    return {Code::kBackpressure, "the event queue is full; take events before submitting more"};
}

}  // namespace

synap_status_t synap_submit(synap_session_t* s, const synap_arg_t* argv, size_t argc,
                            const synap_exec_options_t* options, synap_events_t* q, uint64_t tag,
                            synap_reply_t** reply_out, uint64_t* op_out,
                            synap_error_t** err) noexcept {
    if (reply_out != nullptr) *reply_out = nullptr;
    if (op_out != nullptr) *op_out = 0;
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "session"));
        SYNAP_TRY(check(q, "events"));
        if (reply_out == nullptr || op_out == nullptr) return invalid("an output is NULL");
        const InUse in_use(*s);
        SYNAP_TRY(in_use.check());
        auto read = read_options(*s, options);
        if (!read) return read.take_error();
        const synap_call_t call{argv, argc};
        SYNAP_TRY(read_calls(*s, &call, 1));
        if (!q->reserve()) return queue_full();
        Engine& engine = s->session->engine();
        read->nowait = true;
        s->session->reply().clear();
        auto outcome = drive(*s, *read, false);
        const auto finished = [&](synap_status_t status) -> Result<synap_status_t> {
            q->unreserve();
            return status;
        };
        if (!outcome) {
            q->unreserve();
            return outcome.take_error();
        }
        if (outcome->status == SYNAP_HOST) return finished(SYNAP_HOST);
        const synap_token_t token = token_of(engine, outcome->depends_on);
        if (outcome->status == SYNAP_PENDING) {
            const PendingWait& wait = s->session->pending_wait();
            auto waiter = std::make_unique<SubmitWaiter>(q, tag, nullptr, token);
            waiter->set_pending(wait, engine.log());
            const uint64_t deadline =
                wait.timeout_ms == 0 ? 0
                                     : engine.clock().monotonic_us() + wait.timeout_ms * 1000;
            *op_out = engine.waits().start(wait.ended_by(engine.log()), wait.position,
                                           Durability::kDisk, deadline, std::move(waiter));
            return SYNAP_PENDING;
        }
        size_t at = 0;
        synap_reply_t* reply = build_reply(s->session->reply(), at, token);
        Log* log = engine.log();
        const uint64_t position = outcome->depends_on;
        if (log == nullptr || position == 0 || log->reached(read->level) >= position) {
            *reply_out = reply;
            return finished(SYNAP_OK);
        }
        auto waiter = std::make_unique<SubmitWaiter>(q, tag, reply, token);
        const uint64_t deadline =
            read->timeout_ms == UINT32_MAX
                ? 0
                : engine.clock().monotonic_us() + uint64_t{read->timeout_ms} * 1000;
        *op_out = engine.waits().start(log, position, read->level, deadline, std::move(waiter));
        return SYNAP_PENDING;
    });
}

synap_status_t synap_op_cancel(synap_store_t* s, uint64_t op, synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        return s->engine->waits().cancel(op) ? SYNAP_OK : SYNAP_EMPTY;
    });
}

uint32_t synap_log_default_level(const synap_store_t* s) noexcept {
    if (s == nullptr || s->magic != synap_store::kMagic) return SYNAP_DURABILITY_MEMORY;
    return static_cast<uint32_t>(s->engine->default_level());
}

synap_status_t synap_log_wait(synap_store_t* s, synap_token_t token, uint32_t level,
                              uint32_t timeout_ms, synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        if (level < SYNAP_DURABILITY_MEMORY || level > SYNAP_DURABILITY_DISK) {
            return invalid("level: expected MEMORY, OS or DISK");
        }
        const auto wanted = static_cast<Durability>(level);
        Log* log = s->engine->log();
        if (token.position > (log == nullptr ? 0 : log->appended())) {
            return invalid("token is not one of this store");
        }
        if (timeout_ms == 0 && log != nullptr && log->reached(wanted) < token.position) {
            return Error{Code::kTimeout, "the level is not reached yet"};
        }
        SYNAP_TRY(wait_for_log(*s->engine, token.position, wanted, true, timeout_ms));
        return SYNAP_OK;
    });
}

synap_status_t synap_log_notify(synap_store_t* s, synap_token_t token, uint32_t level,
                                synap_events_t* events, uint64_t tag,
                                synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "store"));
        SYNAP_TRY(check(events, "events"));
        if (level < SYNAP_DURABILITY_MEMORY || level > SYNAP_DURABILITY_DISK) {
            return invalid("level: expected MEMORY, OS or DISK");
        }
        Log* log = s->engine->log();
        if (log == nullptr || log->reached(static_cast<Durability>(level)) >= token.position) {
            return SYNAP_OK;
        }
        if (!events->reserve()) return queue_full();
        std::unique_ptr<LogWaiter> waiter;
        try {
            waiter = std::make_unique<NotifyWaiter>(events, tag);
            if (log->notify(token.position, static_cast<Durability>(level), waiter)) {
                return SYNAP_PENDING;
            }
        } catch (...) {
            events->unreserve();
            throw;
        }
        events->unreserve();
        return SYNAP_OK;
    });
}
