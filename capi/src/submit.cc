#include "capi/src/exec.h"

#include "core/base/exhaustion.h"

using namespace synap;
using namespace synap::capi;

namespace {

// A submitted call that ends later, as one event.
class SubmitWaiter final : public LogWaiter {
public:
    SubmitWaiter(Place place, uint64_t tag, synap_token_t token)
        : place_(std::move(place)), tag_(tag), token_(token) {}
    ~SubmitWaiter() override { synap_reply_release(reply_); }
    // The reply is there already.
    void set_reply(synap_reply_t* reply) noexcept { reply_ = reply; }
    // The reply is made when the wait ends.
    void set_pending(const PendingWait& wait, Engine& engine) {
        wait_ = wait;
        engine_ = &engine;
    }
    void complete(Code code, std::string_view why) noexcept override {
        synap_event event{SYNAP_EVENT_COMPLETION, tag_, nullptr, nullptr};
        if (engine_ != nullptr && is_answered(wait_, code)) {
            const bool could = attempt([&] {
                Reply tape;
                answer_wait(*engine_, wait_, code, why, tape);
                event.reply = build_small(tape, token_);
            });
            if (!could) event.error = make_error(Code::kNoMemory, {});
        } else if (code == Code::kOk) {
            event.reply = std::exchange(reply_, nullptr);
        } else {
            event.error = make_error(code, why, token_, engine_ == nullptr);
        }
        place_.fill(event);
    }

private:
    Place place_;
    const uint64_t tag_;
    const synap_token_t token_;
    synap_reply_t* reply_ = nullptr;
    PendingWait wait_;
    Engine* engine_ = nullptr;  // which ends all waits before it goes; null: the reply is there
};

class NotifyWaiter final : public LogWaiter {
public:
    NotifyWaiter(Place place, uint64_t tag) : place_(std::move(place)), tag_(tag) {}
    void complete(Code code, std::string_view why) noexcept override {
        synap_error_t* error = code == Code::kOk ? nullptr : make_error(code, why);
        place_.fill({SYNAP_EVENT_LOG, tag_, error, nullptr});
    }

private:
    Place place_;
    const uint64_t tag_;
};

Error queue_full() {
    return {Code::kBackpressure, "the event queue is full; take events before submitting more"};
}

uint64_t deadline_of(Engine& engine, uint64_t timeout_ms) {
    return engine.clock().monotonic_us() + timeout_ms * 1000;
}

// The command itself must wait: nothing of it is done yet.
Result<synap_status_t> park_command(synap_session& s, Place place, uint64_t tag,
                                    synap_token_t token, uint64_t* op_out) {
    Engine& engine = s.session->engine();
    const PendingWait& wait = s.session->pending_wait();
    auto waiter = std::make_unique<SubmitWaiter>(std::move(place), tag, token);
    waiter->set_pending(wait, engine);
    *op_out = wait.id;
    begin_wait(engine, wait, s.session->id(), std::move(waiter));
    return SYNAP_PENDING;
}

// The command is done; its reply waits until the log has reached the level.
Result<synap_status_t> finish_or_park(synap_session& s, const CallOptions& options,
                                      uint64_t position, synap_token_t token, Place place,
                                      uint64_t tag, synap_reply_t** reply_out, uint64_t* op_out,
                                      synap_error_t** err) {
    Engine& engine = s.session->engine();
    auto built = build_reply(s.session->reply(), token);
    if (!built) return report(err, built.error().code, built.error().message, token, true);
    ReplyRef reply(*built);
    Log* log = engine.log();
    if (log == nullptr || position == 0 || log->reached(options.level) >= position) {
        *reply_out = reply.release();
        return SYNAP_OK;
    }
    auto waiter = std::make_unique<SubmitWaiter>(std::move(place), tag, token);
    waiter->set_reply(reply.release());
    const uint64_t deadline =
        options.timeout_ms == UINT32_MAX ? 0 : deadline_of(engine, options.timeout_ms);
    *op_out = engine.waits().start(log, position, options.level, deadline, s.session->id(),
                                   std::move(waiter));
    return SYNAP_PENDING;
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
        CallOptions read;
        SYNAP_TRY(read_options(*s, options, read));
        SYNAP_TRY(read_call(*s, argv, argc));
        Place place(q, Place::For::kOperation);
        if (place.full()) return queue_full();
        read.nowait = true;
        if (read.pauses || read.brief) {
            return invalid("exec options: only exec_many pauses, or is brief");
        }
        Outcome outcome = drive(*s, read, false);
        if (outcome.failure) return report(err, *outcome.failure);
        if (outcome.status == SYNAP_HOST) return SYNAP_HOST;
        const synap_token_t token = token_of(s->session->engine(), outcome.depends_on);
        if (outcome.status == SYNAP_PENDING) {
            return park_command(*s, std::move(place), tag, token, op_out);
        }
        return after_effects(err, token, [&] {
            return finish_or_park(*s, read, outcome.depends_on, token, std::move(place), tag,
                                  reply_out, op_out, err);
        });
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
        SYNAP_TRY(s->engine->check_token(token.epoch, token.position));
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
        const auto wanted = static_cast<Durability>(level);
        Log* log = s->engine->log();
        SYNAP_TRY(s->engine->check_token(token.epoch, token.position));
        if (log == nullptr || log->reached(wanted) >= token.position) return SYNAP_OK;
        Place place(events, Place::For::kOperation);
        if (place.full()) return queue_full();
        std::unique_ptr<LogWaiter> waiter = std::make_unique<NotifyWaiter>(std::move(place), tag);
        return log->notify(token.position, wanted, waiter) ? SYNAP_PENDING : SYNAP_OK;
    });
}
