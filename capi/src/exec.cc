#include "capi/src/exec.h"

#include "core/base/exhaustion.h"

using namespace synap;
using namespace synap::capi;

namespace synap::capi {

synap_token_t token_of(Engine& engine, uint64_t position) noexcept {
    if (position == 0) return {0, 0};
    return {engine.epoch_word_at(position), position};
}

namespace {

constexpr uint64_t kNoOwner = 0;  // sessions count from 1

// Lets a thread wait for what otherwise becomes an event.
struct Parked {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    Error error{Code::kOk, {}};
};

class ParkedWaiter final : public LogWaiter {
public:
    explicit ParkedWaiter(std::shared_ptr<Parked> parked) : parked_(std::move(parked)) {}
    void complete(Code code, std::string_view why) noexcept override {
        {
            const std::lock_guard<std::mutex> lock(parked_->mutex);
            parked_->done = true;
            parked_->error.code = code;
            say(parked_->error.message, why);
        }
        parked_->changed.notify_all();
    }

private:
    std::shared_ptr<Parked> parked_;
};

Status outcome_of(Parked& parked) {
    std::unique_lock<std::mutex> lock(parked.mutex);
    parked.changed.wait(lock, [&] { return parked.done; });
    if (parked.error.code != Code::kOk) return std::move(parked.error);
    return {};
}

Status park(Engine& engine, Log* log, uint64_t position, Durability level, uint64_t timeout_ms) {
    const uint64_t deadline =
        timeout_ms == 0 ? 0 : engine.clock().monotonic_us() + timeout_ms * 1000;
    auto parked = std::make_shared<Parked>();
    engine.waits().start(log, position, level, deadline, kNoOwner,
                         std::make_unique<ParkedWaiter>(parked));
    return outcome_of(*parked);
}

// A call that waits for another party, on a thread that may wait: appends its reply.
Status sit_out(Session& session) {
    const PendingWait wait = session.pending_wait();
    Engine& engine = session.engine();
    auto parked = std::make_shared<Parked>();
    begin_wait(engine, wait, kNoOwner, std::make_unique<ParkedWaiter>(parked));
    const Status ended = outcome_of(*parked);
    const Code code = ended ? Code::kOk : ended.error().code;
    if (!is_answered(wait, code)) return ended.error();
    answer_wait(engine, wait, code, ended ? std::string_view() : ended.error().message,
                session.reply());
    return {};
}

// Without memory for its words a failure is still the same.
Error copy_of(const Error& error) noexcept {
    Error copy{error.code, {}};
    say(copy.message, error.message);
    return copy;
}

std::optional<Error> failure_of_wait(Session& session) noexcept {
    std::optional<Error> failure;
    const bool could = attempt([&] {
        if (Status waited = sit_out(session); !waited) failure = waited.take_error();
    });
    return could ? std::move(failure) : Error{Code::kNoMemory, {}};
}

}  // namespace

Status wait_for_log(Engine& engine, uint64_t position, Durability level, bool timed,
                    uint32_t timeout_ms) {
    Log* log = engine.log();
    if (log == nullptr || position == 0 || log->reached(level) >= position) {
        return log != nullptr && log->failed() ? log->failure() : Status{};
    }
    if (!timed || timeout_ms == UINT32_MAX || level != Durability::kDisk) {
        return log->reach(position, level);
    }
    return park(engine, log, position, level, timeout_ms);
}

namespace {

// The rest of the calls after a run that ended so.
Outcome drive_on(synap_session& handle, const CallOptions& options, bool until_budget,
                 BatchResult result) {
    Session& session = *handle.session;
    Outcome outcome;
    std::span<const Call> calls = handle.calls;
    for (;; result = session.run(calls.subspan(outcome.done))) {
        outcome.done += result.done;
        outcome.depends_on = std::max(outcome.depends_on, result.depends_on);
        switch (result.stop) {
            case Stop::kDone:
                return outcome;
            case Stop::kBudget:
                if (until_budget || outcome.done == calls.size()) return outcome;
                continue;
            case Stop::kHost:
                outcome.status = SYNAP_HOST;
                return outcome;
            case Stop::kLong:
                outcome.status = SYNAP_LONG;
                return outcome;
            case Stop::kPending:
                if (options.nowait) {
                    outcome.status = SYNAP_PENDING;
                    return outcome;
                }
                outcome.failure = failure_of_wait(session);
                if (outcome.failure) return outcome;
                if (++outcome.done == calls.size()) return outcome;
                continue;
            case Stop::kFailed:
                outcome.failure = copy_of(session.failure());
                return outcome;
        }
    }
}

}  // namespace

Outcome drive(synap_session& handle, const CallOptions& options, bool until_budget) {
    handle.session->set_call_level(options.level);
    handle.session->set_brief(options.brief);
    return drive_on(handle, options, until_budget, handle.session->run(handle.calls));
}

namespace {

Status wait_if_asked(synap_session& handle, const CallOptions& options, uint64_t position) {
    if (options.level == Durability::kMemory || position == 0) return {};
    return wait_for_log(handle.session->engine(), position, options.level, options.timed,
                        options.timeout_ms);
}

// The call that was read, up to the point where its reply may be shown. Reports its failure.
synap_status_t run_single(synap_session_t* s, const synap_exec_options_t* options,
                          synap_token_t& token, synap_error_t** err) {
    CallOptions read;
    if (const Status good = read_options(*s, options, read); !good) {
        return report(err, good.error());
    }
    Session& session = *s->session;
    if (read.pauses || read.brief) {
        return report(err, invalid("exec options: only exec_many pauses, or is brief"));
    }
    session.set_call_level(read.level);
    session.set_brief(false);
    const BatchResult result = session.run(s->calls);
    uint64_t depends_on = result.depends_on;
    if (result.stop != Stop::kDone) {
        const Outcome outcome = drive_on(*s, read, false, result);
        if (outcome.failure) return report(err, *outcome.failure);
        if (outcome.status == SYNAP_PENDING) {
            return report(err, Code::kBackpressure, "the command would wait and NOWAIT was given");
        }
        if (outcome.status == SYNAP_HOST) return SYNAP_HOST;
        depends_on = outcome.depends_on;
    }
    if (depends_on == 0) return SYNAP_OK;
    token = token_of(session.engine(), depends_on);
    return after_effects(err, token, [&]() -> synap_status_t {
        if (read.nowait) return SYNAP_OK;
        const Status waited = wait_if_asked(*s, read, depends_on);
        if (waited) return SYNAP_OK;
        return report(err, waited.error().code, waited.error().message, token, true);
    });
}

// Gives the sink what it has not seen of the replies. Whatever ends this but a pause ends it.
synap_status_t deliver_on(synap_session& s, SinkVisitor& visitor, synap_error_t** err) {
    Rollback forget([&]() noexcept { s.answered = 0; });
    const bool whole = s.session->reply().replay(s.shown, s.answered, visitor);
    if (!whole && !visitor.paused()) return report(err, visitor.stopped());
    forget.done();
    if (whole) return SYNAP_OK;
    s.session->drop_replayed(s.shown);
    return s.owes_replies() ? synap_status_t{SYNAP_PAUSED} : SYNAP_OK;
}

synap_status_t deliver(synap_session& s, size_t answered, SinkVisitor& visitor,
                       synap_error_t** err) {
    s.shown.clear();
    s.answered = answered;
    return deliver_on(s, visitor, err);
}

}  // namespace
}  // namespace synap::capi

synap_status_t synap_exec(synap_session_t* s, const synap_arg_t* argv, size_t argc,
                          const synap_exec_options_t* options, synap_reply_t** reply_out,
                          synap_error_t** err) noexcept {
    if (reply_out != nullptr) *reply_out = nullptr;
    return guard(err, [&]() -> Result<synap_status_t> {
        if (reply_out == nullptr) return invalid("reply_out is NULL");
        SYNAP_TRY(check(s, "session"));
        const InUse in_use(*s);
        SYNAP_TRY(in_use.check());
        SYNAP_TRY(read_call(*s, argv, argc));
        synap_token_t token{0, 0};
        const synap_status_t status = run_single(s, options, token, err);
        if (status != SYNAP_OK) return status;
        return after_effects(err, token, [&]() -> synap_status_t {
            auto built = build_reply(s->session->reply(), token);
            if (!built) {
                const Error& why = built.error();
                return report(err, why.code, why.message, token, true);
            }
            *reply_out = *built;
            return SYNAP_OK;
        });
    });
}

synap_status_t synap_exec_sink(synap_session_t* s, const synap_arg_t* argv, size_t argc,
                               const synap_exec_options_t* options, const synap_sink_t* sink,
                               synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "session"));
        const InUse in_use(*s);
        SYNAP_TRY(in_use.check());
        // First of all: it asks for the memory that the call will touch.
        SYNAP_TRY(read_call(*s, argv, argc));
        GivenSink given;
        SYNAP_TRY(given.read(sink));
        synap_token_t token{0, 0};
        const synap_status_t status = run_single(s, options, token, err);
        if (status != SYNAP_OK) return status;
        return after_effects(err, token, [&]() -> synap_status_t {
            const Status shown = replay_one(s->session->reply(), *given);
            return shown ? synap_status_t{SYNAP_OK} : report(err, shown.error());
        });
    });
}

synap_status_t synap_exec_many(synap_session_t* s, const synap_call_t* calls, size_t n,
                               const synap_exec_options_t* options, const synap_sink_t* sink,
                               size_t* done_out, synap_token_t* token_out,
                               synap_error_t** err) noexcept {
    if (done_out != nullptr) *done_out = 0;
    if (token_out != nullptr) *token_out = {0, 0};
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "session"));
        if (done_out == nullptr || token_out == nullptr) {
            return invalid("done_out or token_out is NULL");
        }
        GivenSink given;
        SYNAP_TRY(given.read(sink));
        const InUse in_use(*s);
        SYNAP_TRY(in_use.check());
        SYNAP_TRY(read_calls(*s, calls, n));
        CallOptions read;
        SYNAP_TRY(read_options(*s, options, read));
        Outcome outcome = drive(*s, read, true);
        const auto& failure = outcome.failure;
        if (failure && outcome.done == 0) return report(err, *failure);
        const uint64_t position = outcome.depends_on;
        if (read.level != Durability::kMemory) {
            *token_out = token_of(s->session->engine(), position);
        }
        return after_effects(err, *token_out, [&]() -> synap_status_t {
            if (!read.nowait) {
                const Status waited = wait_if_asked(*s, read, position);
                if (!waited) {
                    return report(err, waited.error().code, waited.error().message, *token_out,
                                  true);
                }
            }
            SinkVisitor::Pause pause = SinkVisitor::Pause::kStop;
            if (read.pauses) {
                pause = failure ? SinkVisitor::Pause::kGoOn : SinkVisitor::Pause::kPause;
            }
            SinkVisitor visitor(*given, pause);
            const synap_status_t shown = deliver(*s, outcome.done, visitor, err);
            if (shown < 0) return shown;
            *done_out = outcome.done;
            if (shown != SYNAP_OK) return shown;
            if (failure) return report(err, *failure);
            return outcome.status;
        });
    });
}

synap_status_t synap_exec_resume(synap_session_t* s, const synap_sink_t* sink,
                                 synap_error_t** err) noexcept {
    return guard(err, [&]() -> Result<synap_status_t> {
        SYNAP_TRY(check(s, "session"));
        GivenSink given;
        SYNAP_TRY(given.read(sink));
        const InUse in_use(*s);
        SYNAP_TRY(in_use.check_resumed());
        SinkVisitor visitor(*given, SinkVisitor::Pause::kPause);
        return after_effects(err, {0, 0}, [&] { return deliver_on(*s, visitor, err); });
    });
}

size_t synap_exec_held(const synap_session_t* s) noexcept {
    return alive(s) && s->owes_replies() ? s->session->reply().held_alone(s->shown) : 0;
}
