// How a command is run: holding the interpreter lock where nothing can wait, else without it.
#pragma once

#include <Python.h>
#include <synap/synap.h>

#include "arguments.h"
#include "sessions.h"

namespace synap_python {

// What a caller has asked of its calls.
struct Preferences {
    uint32_t durability = SYNAP_DURABILITY_DEFAULT;
    uint32_t timeout_ms = 10'000;  // of durability waits; UINT32_MAX is for ever
    bool decode = false;           // stored values become str
};

// How long a command may keep others from running.
enum class Pace {
    kShort,     // answered at once: the lock is kept, since handing it over would cost far more
    kLong,      // takes time: the lock is given up while the engine works
    kBlocking,  // waits for another party: in slices, so that signals are seen
};

// One way to name a command: its own name, or (subcommands) its id.
struct CommandWord {
    synap_arg_t arg{};
    Pace pace = Pace::kShort;
};

// By permanent number; any number is accepted, the engine refuses unknown ones.
CommandWord command_by_id(uint32_t id);
// By the name that a caller gave as its first argument.
Pace pace_of(synap_bytes_t name);

// A store, the session to use and what is asked of the call. The session stays the caller's.
struct Caller {
    SharedStore& store;
    Session& session;
    const Preferences& preferences;

    // The reply, or NULL with an exception set. `argv` outlives the call; `byte_count` is its size.
    PyObject* run(Pace pace, const synap_arg_t* argv, size_t argc, size_t byte_count) const;

    // Appends the replies of calls to `replies`, a list; error replies as objects. Long and
    // blocking ones are run by run(). False with an exception set.
    struct Queued {
        size_t first;
        size_t size;
        Pace pace;
    };
    bool run_many(const Arguments& words, const std::vector<Queued>& calls,
                  PyObject* replies) const;

private:
    PyObject* run_short(const synap_arg_t* argv, size_t argc) const;
    PyObject* run_long(const synap_arg_t* argv, size_t argc) const;
    PyObject* run_blocking(const synap_arg_t* argv, size_t argc) const;
    bool run_batch(const synap_call_t* calls, size_t count, PyObject* replies) const;
    bool append_single(const synap_arg_t* argv, const Queued& call, PyObject* replies) const;
    PyObject* convert(synap_reply_t* reply) const;
    synap_exec_options_t options(bool nowait) const noexcept;
    // What the call must reach, with the default and the end of the process looked at.
    uint32_t level() const noexcept;
    // True once `token` is as durable as was asked for; false with an exception set.
    bool wait_for(synap_token_t token) const {
        return token.position == 0 || wait_for_position(token);
    }
    bool wait_for_position(synap_token_t token) const;
};

}  // namespace synap_python
