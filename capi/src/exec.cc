#include "capi/src/exec.h"

#include "core/base/numbers.h"
#include "core/commands/generated/ids.h"

using namespace synap;
using namespace synap::capi;

namespace synap::capi {
namespace {

constexpr uint32_t kTimeoutDefaultMs = 10'000;

// Fills session.words, which has room, one word after the other.
class Words {
public:
    explicit Words(synap_session& session) noexcept
        : session_(session), next_(session.words.data()) {}

    [[gnu::always_inline]] Status call(const synap_arg_t* argv, size_t argc, Call& call) {
        const std::string_view* const first = next_;
        const CommandRecord* command = nullptr;
        if (argv[0].type == SYNAP_TYPE_INT) {
            command = command_of(argv[0].as.i);
            if (command == nullptr) return no_such_command(argv[0].as.i);
            put_name(*command);
        } else {
            SYNAP_TRY(word(argv[0]));
        }
        for (size_t i = 1; i < argc; ++i) SYNAP_TRY(word(argv[i]));
        call = {first, static_cast<size_t>(next_ - first), command};
        return {};
    }

private:
    // The id of a command instead of its name spares the look-up.
    static const CommandRecord* command_of(int64_t id) noexcept {
        return id > 0 && id <= UINT16_MAX ? command_by_id(static_cast<uint16_t>(id)) : nullptr;
    }
    [[gnu::cold]] static Error no_such_command(int64_t id) {
        return invalid("there is no command with id " + std::to_string(id));
    }
    void put_name(const CommandRecord& command) noexcept {
        if (is_top_level(command)) {
            *next_++ = command.name;
            return;
        }
        const size_t bar = command.name.find('|');
        *next_++ = command.name.substr(0, bar);
        *next_++ = command.name.substr(bar + 1);
    }

    [[gnu::always_inline]] Status word(const synap_arg_t& arg) {
        const bool bytes = arg.type == SYNAP_TYPE_BYTES || arg.type == SYNAP_TYPE_TEXT;
        if (!bytes || !valid(arg.as.b)) return number_or_error(arg);
        *next_++ = view_of(arg.as.b);
        return {};
    }

    [[gnu::noinline]] Status number_or_error(const synap_arg_t& arg) {
        switch (arg.type) {
            case SYNAP_TYPE_BYTES:
            case SYNAP_TYPE_TEXT:
                return invalid("an argument has size but no data");
            case SYNAP_TYPE_INT:
                *next_++ = number([&](char* text) { return print_integer(text, arg.as.i); });
                return {};
            case SYNAP_TYPE_DOUBLE:
                *next_++ = number([&](char* text) { return print_double(text, arg.as.d); });
                return {};
            default:
                return invalid("an argument is none of INT, DOUBLE, TEXT and BYTES");
        }
    }

    template <typename Print>
    std::string_view number(Print&& print) {
        std::string& text = session_.numbers.emplace_back(size_t{32}, '\0');
        text.resize(print(text.data()));
        return text;
    }

    synap_session& session_;
    std::string_view* next_;
};

bool is_call(const synap_arg_t* argv, size_t argc) noexcept {
    // One comparison: 0 - 1 is the largest number.
    return argv != nullptr && argc - 1 < limits::kArguments;
}

[[gnu::cold]] Error why_not_a_call(const synap_arg_t* argv, size_t argc) {
    if (argv == nullptr || argc == 0) return invalid("a call has no words");
    return invalid("a call has more than " + std::to_string(limits::kArguments) + " words");
}

[[gnu::always_inline]] inline void make_room(synap_session& session, size_t calls, size_t words) {
    if (!session.numbers.empty()) session.numbers.clear();
    if (session.words.size() < words) session.words.resize(words);
    if (session.calls.size() != calls) session.calls.resize(calls);
}

}  // namespace

Status read_call(synap_session& session, const synap_arg_t* argv, size_t argc) {
    if (!is_call(argv, argc)) return why_not_a_call(argv, argc);
    make_room(session, 1, argc + 1);  // a command by its id may be two words
    SYNAP_TRY(Words(session).call(argv, argc, session.calls[0]));
    session.session->expect(session.calls);
    return {};
}

Status read_calls(synap_session& session, const synap_call_t* calls, size_t n) {
    if (calls == nullptr && n != 0) return invalid("calls is NULL");
    size_t words = 0;
    for (size_t i = 0; i < n; ++i) {
        if (!is_call(calls[i].argv, calls[i].argc)) {
            return why_not_a_call(calls[i].argv, calls[i].argc);
        }
        words += calls[i].argc + 1;
    }
    make_room(session, n, words);
    Words to(session);
    for (size_t i = 0; i < n; ++i) {
        SYNAP_TRY(to.call(calls[i].argv, calls[i].argc, session.calls[i]));
    }
    session.session->expect(session.calls);
    return {};
}

namespace {

Status read_given_options(synap_session& session, const synap_exec_options_t* options,
                          CallOptions& read) {
    synap_exec_options_t given = SYNAP_EXEC_OPTIONS_INIT;
    SYNAP_TRY(read_struct(options, "exec options", given));
    if ((given.flags & ~uint32_t{SYNAP_EXEC_NOWAIT}) != 0) {
        return invalid("exec options: flags has unknown bits");
    }
    read.nowait = (given.flags & SYNAP_EXEC_NOWAIT) != 0;
    read.timed = given.timeout_ms != 0;
    read.timeout_ms = read.timed ? given.timeout_ms : kTimeoutDefaultMs;
    switch (given.durability) {
        case SYNAP_DURABILITY_DEFAULT:
            read.level = session.session->default_level();
            break;
        case SYNAP_DURABILITY_MEMORY:
        case SYNAP_DURABILITY_OS:
        case SYNAP_DURABILITY_DISK:
            read.level = static_cast<Durability>(given.durability);
            break;
        case SYNAP_DURABILITY_REPLICA:
            return Error{Code::kUnsupported, "this version has no replication"};
        default:
            return invalid("exec options: durability is none of SYNAP_DURABILITY_*");
    }
    if (given.replicas != 0) {
        return Error{Code::kUnsupported, "this version has no replication"};
    }
    Engine& engine = session.session->engine();
    Log* log = engine.log();
    if (given.after.position > (log == nullptr ? 0 : log->appended())) {
        return invalid("exec options: `after` is not a token of this store");
    }
    return {};
}

}  // namespace

Status read_options(synap_session& session, const synap_exec_options_t* options,
                    CallOptions& read) {
    if (options != nullptr) return read_given_options(session, options, read);
    read.level = session.session->default_level();
    read.timeout_ms = kTimeoutDefaultMs;
    return {};
}

synap_token_t token_of(Engine& engine, uint64_t position) noexcept {
    return position == 0 ? synap_token_t{0, 0} : synap_token_t{engine.epoch(), position};
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
            try {
                parked_->error.message = why;
            } catch (...) {
                parked_->error.message.clear();  // the code is what matters
            }
        }
        parked_->changed.notify_all();
    }

private:
    std::shared_ptr<Parked> parked_;
};

Status park(Engine& engine, Log* log, uint64_t position, Durability level, uint64_t timeout_ms) {
    const uint64_t deadline =
        timeout_ms == 0 ? 0 : engine.clock().monotonic_us() + timeout_ms * 1000;
    auto parked = std::make_shared<Parked>();
    engine.waits().start(log, position, level, deadline, kNoOwner,
                         std::make_unique<ParkedWaiter>(parked));
    std::unique_lock<std::mutex> lock(parked->mutex);
    parked->changed.wait(lock, [&] { return parked->done; });
    if (parked->error.code != Code::kOk) return std::move(parked->error);
    return {};
}

// A call that waits for another party, on a thread that may wait: appends its reply.
Status sit_out(Session& session) {
    const PendingWait wait = session.pending_wait();
    Engine& engine = session.engine();
    Log* log = engine.log();
    const Status status =
        park(engine, wait.ended_by(log), wait.position, Durability::kDisk, wait.timeout_ms);
    if (!status && status.error().code != Code::kTimeout) return status.error();
    Session::finish_wait(wait, log, session.reply());
    return {};
}

// Without memory for its words a failure is still the same.
Error copy_of(const Error& error) noexcept {
    Error copy{error.code, {}};
    try {
        copy.message = error.message;
    } catch (const std::bad_alloc&) {
    }
    return copy;
}

std::optional<Error> failure_of_wait(Session& session) noexcept {
    try {
        Status waited = sit_out(session);
        if (waited) return std::nullopt;
        return waited.take_error();
    } catch (const std::bad_alloc&) {
        return Error{Code::kNoMemory, {}};
    }
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
    session.reply().clear();
    session.set_call_level(read.level);
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
            size_t at = 0;
            *reply_out = build_reply(s->session->reply(), at, token);
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
            const Status shown = replay(s->session->reply(), 1, *given);
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
        s->session->reply().clear();
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
            const Status shown = replay(s->session->reply(), outcome.done, *given);
            if (!shown) return report(err, shown.error());
            *done_out = outcome.done;
            if (failure) return report(err, *failure);
            return outcome.status;
        });
    });
}
