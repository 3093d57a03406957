// Sessions: one client's state, and the way to run commands.
//
// Commands<Session> comes from commands.hpp, which is generated from the command table: one typed
// method for each command, made of exec().
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include <synap/commands.hpp>
#include <synap/error.hpp>
#include <synap/events.hpp>
#include <synap/reply.hpp>
#include <synap/store.hpp>

namespace synap {

// Per-call options; a default one changes nothing.
struct ExecOptions {
    uint32_t durability = SYNAP_DURABILITY_DEFAULT;
    uint32_t timeout_ms = 0;
    uint32_t replicas = 0;
    uint32_t max_stale_ms = 0;
    synap_token_t after{0, 0};
    bool nowait = false;

    synap_exec_options_t raw() const noexcept {
        synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
        options.flags = nowait ? SYNAP_EXEC_NOWAIT : 0;
        options.durability = durability;
        options.timeout_ms = timeout_ms;
        options.replicas = replicas;
        options.max_stale_ms = max_stale_ms;
        options.after = after;
        return options;
    }
};

// What a session is opened with.
struct SessionOptions {
    uint32_t protocol = SYNAP_PROTOCOL_NATIVE;
    std::string_view peer = {};
    std::string_view transport = "embedded";
    // Receives host events (kills) with `tag`; may be NULL.
    const Events* events = nullptr;
    uint64_t tag = 0;
};

// What became of a submitted command: its reply, or the promise of a completion event.
struct Submitted {
    Reply reply;      // empty when pending
    uint64_t op = 0;  // for synap_op_cancel when pending
    bool pending = false;
};

// Database, name, transaction and watched keys of one client. One thread at a time; may move
// between threads. Keeps the store alive.
class Session : public Commands<Session> {
public:
    // Takes over the session; the store is closed by whoever opened it.
    explicit Session(synap_session_t* raw) noexcept : handle_(raw) {}

    static Result<Session> try_open(const Store& store, const SessionOptions& options = {}) {
        synap_session_options_t raw_options = SYNAP_SESSION_OPTIONS_INIT;
        raw_options.protocol = options.protocol;
        raw_options.peer = to_bytes(options.peer);
        raw_options.transport = to_bytes(options.transport);
        raw_options.events = options.events != nullptr ? options.events->raw() : nullptr;
        raw_options.tag = options.tag;
        synap_session_t* raw = nullptr;
        synap_error_t* error = nullptr;
        const auto status = synap_session_open(store.raw(), &raw_options, &raw, &error);
        if (status < 0) return Error::take(status, error);
        Session session(raw);
        session.store_ = store.handle_;
        return session;
    }
    static Session open(const Store& store, const SessionOptions& options = {}) {
        return try_open(store, options).value();
    }

    // Runs one command; argv[0] is its name. An error reply of the command is a Reply: use
    // Reply::or_throw() where it should be an exception.
    Result<Reply> try_exec(std::span<const Arg> argv, const ExecOptions& options = {}) {
        const auto raw_options = options.raw();
        synap_reply_t* reply = nullptr;
        synap_error_t* error = nullptr;
        const auto status =
            synap_exec(raw(), raw_args(argv), argv.size(), &raw_options, &reply, &error);
        if (status == SYNAP_HOST) {
            return Error(status, "the command belongs to the program that embeds the store");
        }
        if (status < 0) return Error::take(status, error);
        return Reply(reply);
    }
    Result<Reply> try_exec(std::initializer_list<Arg> argv, const ExecOptions& options = {}) {
        return try_exec(std::span(argv.begin(), argv.size()), options);
    }
    Reply exec(std::span<const Arg> argv, const ExecOptions& options = {}) {
        return try_exec(argv, options).value();
    }
    Reply exec(std::initializer_list<Arg> argv, const ExecOptions& options = {}) {
        return try_exec(argv, options).value();
    }

    // Starts one command without waiting. When the result is pending, one SYNAP_EVENT_COMPLETION
    // with `tag` follows on `events`.
    Result<Submitted> try_submit(std::span<const Arg> argv, const Events& events, uint64_t tag,
                                 const ExecOptions& options = {}) {
        const auto raw_options = options.raw();
        synap_reply_t* reply = nullptr;
        synap_error_t* error = nullptr;
        Submitted result;
        const auto status = synap_submit(raw(), raw_args(argv), argv.size(), &raw_options,
                                         events.raw(), tag, &reply, &result.op, &error);
        if (status == SYNAP_HOST) {
            return Error(status, "the command belongs to the program that embeds the store");
        }
        if (status < 0) return Error::take(status, error);
        result.pending = status == SYNAP_PENDING;
        result.reply = Reply(reply);
        return result;
    }
    Submitted submit(std::span<const Arg> argv, const Events& events, uint64_t tag,
                     const ExecOptions& options = {}) {
        return try_submit(argv, events, tag, options).value();
    }

    // SYNAP_PROTOCOL_* now in force.
    uint32_t protocol() const noexcept { return synap_session_protocol(raw()); }
    synap_session_t* raw() const noexcept { return handle_.get(); }

private:
    static const synap_arg_t* raw_args(std::span<const Arg> argv) noexcept {
        return argv.empty() ? nullptr : &argv.data()->raw();
    }

    std::shared_ptr<synap_store_t> store_;  // before handle_: it goes after it
    detail::Handle<synap_session_t, synap_session_release> handle_;
};

}  // namespace synap
