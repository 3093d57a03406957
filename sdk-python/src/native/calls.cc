#include "calls.h"

#include <algorithm>
#include <chrono>

#include "ending.h"
#include "errors.h"
#include "interpreter.h"
#include "replies.h"

namespace synap_python {
namespace {

constexpr size_t kLongBytes = 64 * 1024;  // arguments that take a while to copy
constexpr uint32_t kSliceMs = 100;        // how often a wait looks for signals
constexpr size_t kBatchCalls = 512;       // of a pipeline, before other threads get a turn

Pace pace_of(const synap_command_t* command) {
    if (command == nullptr) return Pace::kShort;
    const uint32_t flags = synap_command_flags(command);
    if ((flags & SYNAP_COMMAND_BLOCKING) != 0) return Pace::kBlocking;
    if ((flags & (SYNAP_COMMAND_LINEAR | SYNAP_COMMAND_ADMIN)) != 0) return Pace::kLong;
    // EXEC does all that was queued.
    static const synap_command_t* const exec = synap_command_find({"EXEC", 4});
    return command == exec ? Pace::kLong : Pace::kShort;
}

std::vector<CommandWord> table_of_commands() {
    std::vector<CommandWord> table;
    const synap_command_t* command = nullptr;
    for (uint32_t i = 0; (command = synap_command_at(i)) != nullptr; ++i) {
        const uint32_t id = synap_command_id(command);
        if (table.size() <= id) table.resize(id + 1);
        table[id].arg.type = SYNAP_TYPE_BYTES;
        table[id].arg.as.b = synap_command_name(command);
        table[id].pace = pace_of(command);
    }
    return table;
}

// Counts a call, so that closing leaves its session alone: another thread may close the store while
// the interpreter lock is given up, which making an exception does too.
class Running {
public:
    Running(SharedStore& store, Session& session) noexcept : store_(store), session_(session) {
        ++session_.running;
    }
    ~Running() { store_.leave(session_); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

private:
    SharedStore& store_;
    Session& session_;
};

uint64_t now_ms() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

}  // namespace

CommandWord command_by_id(uint32_t id) {
    static const std::vector<CommandWord> table = table_of_commands();
    if (id < table.size() && table[id].arg.as.b.size != 0) return table[id];
    CommandWord word;
    word.arg.type = SYNAP_TYPE_INT;
    word.arg.as.i = id;
    return word;
}

Pace pace_of(synap_bytes_t name) { return pace_of(synap_command_find(name)); }

synap_exec_options_t Caller::options(bool nowait) const noexcept {
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.flags = nowait ? uint32_t{SYNAP_EXEC_NOWAIT} : 0;
    options.durability = is_ending() ? level() : preferences.durability;
    options.timeout_ms = preferences.timeout_ms;
    return options;
}

PyObject* Caller::run(Pace pace, const synap_arg_t* argv, size_t argc, size_t byte_count) const {
    const Running running(store, session);
    if (pace == Pace::kBlocking) return run_blocking(argv, argc);
    if (pace == Pace::kLong || byte_count > kLongBytes) return run_long(argv, argc);
    return run_short(argv, argc);
}

// Executes with the lock held and waits for durability, where that was asked for, without it.
PyObject* Caller::run_short(const synap_arg_t* argv, size_t argc) const {
    ReplyBuilder builder(preferences.decode);
    const synap_sink_t sink = builder.sink();
    const synap_exec_options_t wanted = options(true);
    const synap_call_t call{argv, argc};
    size_t done = 0;
    synap_token_t token{0, 0};
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_exec_many(session.handle, &call, 1, &wanted, &sink, &done, &token, &error);
    if (status != SYNAP_OK) {
        // A subcommand that waits: only its container's flags were known.
        if (status == SYNAP_PENDING) return run_blocking(argv, argc);
        return raise_status(status, error);
    }
    PyObject* reply = builder.take();
    if (reply == nullptr || wait_for(token)) return reply;
    Py_DECREF(reply);
    return nullptr;
}

PyObject* Caller::run_long(const synap_arg_t* argv, size_t argc) const {
    const synap_exec_options_t wanted = options(true);
    synap_reply_t* reply = nullptr;
    synap_error_t* error = nullptr;
    synap_status_t status = SYNAP_OK;
    {
        const Unlocked unlocked;
        status = synap_exec(session.handle, argv, argc, &wanted, &reply, &error);
    }
    if (status != SYNAP_OK) return raise_status(status, error);
    PyObject* result = wait_for(synap_reply_token(reply)) ? convert(reply) : nullptr;
    synap_reply_release(reply);
    return result;
}

PyObject* Caller::convert(synap_reply_t* reply) const {
    ReplyBuilder builder(preferences.decode);
    const synap_sink_t sink = builder.sink();
    synap_error_t* error = nullptr;
    const synap_status_t status = synap_reply_walk(reply, &sink, &error);
    if (status != SYNAP_OK) return raise_status(status, error);
    return builder.take();
}

namespace {

// Waits for the one event of a pending call. After a signal handler has raised, asks the call to
// end and takes the event all the same; false then.
bool wait_for_event(synap_store_t* store, synap_events_t* events, uint64_t operation) {
    for (;;) {
        synap_status_t status = SYNAP_OK;
        {
            const Unlocked unlocked;
            status = synap_events_wait(events, kSliceMs, nullptr);
        }
        if (status == SYNAP_OK) return true;
        if (PyErr_CheckSignals() == 0) continue;
        synap_status_t ended = synap_op_cancel(store, operation, nullptr);
        {
            const Unlocked unlocked;
            ended = synap_events_wait(events, UINT32_MAX, nullptr);
        }
        static_cast<void>(ended);  // the exception of the signal is what the caller sees
        return false;
    }
}

}  // namespace

PyObject* Caller::run_blocking(const synap_arg_t* argv, size_t argc) const {
    const synap_exec_options_t wanted = options(false);
    synap_events_t* events = nullptr;
    synap_error_t* error = nullptr;
    synap_status_t status = synap_events_open(store.handle(), 1, &events, &error);
    if (status != SYNAP_OK) return raise_status(status, error);
    synap_reply_t* reply = nullptr;
    uint64_t operation = 0;
    status =
        synap_submit(session.handle, argv, argc, &wanted, events, 1, &reply, &operation, &error);
    PyObject* result = nullptr;
    if (status == SYNAP_PENDING) {
        synap_batch_t* batch = nullptr;
        const bool ended = wait_for_event(store.handle(), events, operation);
        if (ended && synap_events_take(events, 1, &batch, &error) == SYNAP_OK) {
            const synap_error_t* failure = synap_batch_error(batch, 0);
            if (failure != nullptr) {
                raise_error(synap_error_status(failure), failure);
            } else {
                reply = synap_batch_take_reply(batch, 0);
            }
            synap_batch_free(batch);
        }
    } else if (status != SYNAP_OK) {
        raise_status(status, error);
    }
    // It has waited as its options said, but the end of the process may have begun meanwhile.
    if (reply != nullptr && wait_for(synap_reply_token(reply))) result = convert(reply);
    synap_reply_release(reply);
    synap_events_release(events);
    return result;
}

uint32_t Caller::level() const noexcept {
    const uint32_t level = preferences.durability != SYNAP_DURABILITY_DEFAULT
                               ? preferences.durability
                               : synap_session_durability(session.handle);
    return level == SYNAP_DURABILITY_MEMORY && is_ending() ? uint32_t{SYNAP_DURABILITY_OS} : level;
}

bool Caller::wait_for_position(synap_token_t token) const {
    const uint32_t level = this->level();
    if (level == SYNAP_DURABILITY_MEMORY) return true;
    if (synap_log_wait(store.handle(), token, level, 0, nullptr) == SYNAP_OK) return true;
    const uint64_t began = now_ms();
    for (;;) {
        uint32_t slice = kSliceMs;
        if (preferences.timeout_ms != UINT32_MAX) {
            const uint64_t waited = now_ms() - began;
            const uint64_t left =
                preferences.timeout_ms - std::min<uint64_t>(waited, preferences.timeout_ms);
            slice = static_cast<uint32_t>(std::min<uint64_t>(left, kSliceMs));
        }
        synap_error_t* error = nullptr;
        synap_status_t status = SYNAP_OK;
        {
            const Unlocked unlocked;
            status = synap_log_wait(store.handle(), token, level, slice, &error);
        }
        if (status == SYNAP_OK) return true;
        if (status != SYNAP_E_TIMEOUT || slice < kSliceMs) {
            raise_status(status, error, true);
            return false;
        }
        synap_error_free(error);
        if (PyErr_CheckSignals() != 0) return false;
    }
}

// One after the other: a run of short calls as a batch, others by themselves.
bool Caller::run_many(const Arguments& words, const std::vector<Queued>& calls,
                      PyObject* replies) const {
    const Running running(store, session);
    std::vector<synap_call_t> batch;
    batch.reserve(std::min(calls.size(), kBatchCalls));
    for (const Queued& call : calls) {
        const synap_arg_t* argv = words.data() + call.first;
        if (call.pace == Pace::kShort) batch.push_back({argv, call.size});
        const bool full = batch.size() == kBatchCalls;
        if (full || (call.pace != Pace::kShort && !batch.empty())) {
            if (!run_batch(batch.data(), batch.size(), replies)) return false;
            batch.clear();
        }
        if (full) {
            { const Unlocked unlocked; }
        }
        if (call.pace != Pace::kShort && !append_single(argv, call, replies)) return false;
    }
    return batch.empty() || run_batch(batch.data(), batch.size(), replies);
}

bool Caller::run_batch(const synap_call_t* calls, size_t count, PyObject* replies) const {
    const synap_exec_options_t wanted = options(true);
    synap_token_t last{0, 0};
    while (count > 0) {
        ReplyBuilder builder(preferences.decode, replies);
        const synap_sink_t sink = builder.sink();
        size_t done = 0;
        synap_token_t token{0, 0};
        synap_error_t* error = nullptr;
        const synap_status_t status =
            synap_exec_many(session.handle, calls, count, &wanted, &sink, &done, &token, &error);
        if (status != SYNAP_OK && status != SYNAP_PENDING) {
            raise_status(status, error);
            return false;
        }
        if (token.position > last.position) last = token;
        calls += done;
        count -= done;
        if (status != SYNAP_PENDING) continue;
        if (!append_single(calls->argv, {0, calls->argc, Pace::kBlocking}, replies)) return false;
        ++calls;
        --count;
    }
    return wait_for(last);
}

bool Caller::append_single(const synap_arg_t* argv, const Queued& call, PyObject* replies) const {
    PyObject* reply = run(call.pace, argv, call.size, 0);
    if (reply == nullptr) reply = take_reply_error();
    if (reply == nullptr) return false;
    const int status = PyList_Append(replies, reply);
    Py_DECREF(reply);
    return status == 0;
}

}  // namespace synap_python
