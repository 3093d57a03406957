// Commands, run on the JavaScript thread or submitted from it.
#include <vector>

#include "arguments.h"
#include "environment.h"
#include "errors.h"
#include "handle.h"
#include "replies.h"

namespace synap_js {
namespace {

constexpr synap_arg_t word(const char* name, size_t size) {
    synap_arg_t arg{};
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b = {name, size};
    return arg;
}

const synap_arg_t kGet = word("GET", 3);
const synap_arg_t kSet = word("SET", 3);

struct CommandWord {
    synap_arg_t arg{};
    bool blocks = false;
};

bool blocks(const synap_command_t* command) {
    return command != nullptr && (synap_command_flags(command) & SYNAP_COMMAND_BLOCKING) != 0;
}

// Commands by permanent number. Subcommands are not listed: the engine knows their numbers.
const std::vector<CommandWord>& commands() {
    static const std::vector<CommandWord> table = [] {
        std::vector<CommandWord> made;
        const synap_command_t* command = nullptr;
        for (uint32_t i = 0; (command = synap_command_at(i)) != nullptr; ++i) {
            const uint32_t id = synap_command_id(command);
            if (made.size() <= id) made.resize(id + 1);
            const synap_bytes_t name = synap_command_name(command);
            made[id] = {word(static_cast<const char*>(name.data), name.size), blocks(command)};
        }
        return made;
    }();
    return table;
}

// Throws for the argument at `place` of the words of `command`, a number or name.
napi_value throw_argument(napi_env env, napi_value command, size_t place, napi_value given) {
    napi_value number = nullptr;
    napi_create_uint32(env, static_cast<uint32_t>(place), &number);
    const napi_value arguments[] = {command, number, given};
    const napi_value error =
        Environment::of(env).call(Environment::kMakeArgumentError, 3, arguments);
    if (error != nullptr) napi_throw(env, error);
    return nullptr;
}

napi_value throw_argument(napi_env env, const synap_arg_t& name, size_t place, napi_value given) {
    napi_value command = nullptr;
    napi_create_uint32(env, synap_command_id(synap_command_find(name.as.b)), &command);
    return throw_argument(env, command, place, given);
}

// Adds argv[0], given as a number or a name. False with an exception pending.
bool add_name(napi_env env, napi_value name, Arguments& words, bool& waits) {
    uint32_t id = 0;
    if (napi_get_value_uint32(env, name, &id) != napi_ok) {
        if (!words.add(env, name)) {
            throw_argument(env, name, 0, name);
            return false;
        }
        const synap_arg_t& given = words.data()[words.size() - 1];
        waits = given.type == SYNAP_TYPE_BYTES && blocks(synap_command_find(given.as.b));
        return true;
    }
    const auto& table = commands();
    waits = id < table.size() && table[id].blocks;
    if (id < table.size() && table[id].arg.as.b.size != 0) {
        words.add(table[id].arg);
    } else {
        synap_arg_t number{};
        number.type = SYNAP_TYPE_INT;
        number.as.i = id;
        words.add(number);
    }
    return true;
}

// Adds the elements of an array: a name and its arguments. False with an exception pending.
bool add_call(napi_env env, napi_value call, Arguments& words, bool& waits) {
    uint32_t size = 0;
    if (napi_get_array_length(env, call, &size) != napi_ok || size == 0) {
        throw_type_error(env, "a call is an array of a command's name and its arguments");
        return false;
    }
    napi_value name = nullptr;
    if (napi_get_element(env, call, 0, &name) != napi_ok) return false;
    if (!add_name(env, name, words, waits)) return false;
    for (uint32_t i = 1; i < size; ++i) {
        napi_value value = nullptr;
        if (napi_get_element(env, call, i, &value) != napi_ok) return false;
        if (words.add(env, value)) continue;
        throw_argument(env, name, i, value);
        return false;
    }
    return true;
}

// Whether a reply holds those of other commands, so that an error within is one of theirs.
bool holds_replies(const Arguments& words) {
    static const synap_command_t* const exec = synap_command_find({"EXEC", 4});
    const synap_arg_t& name = words.data()[0];
    return name.type == SYNAP_TYPE_BYTES && name.as.b.size == 4 &&
           synap_command_find(name.as.b) == exec;
}

// The reply; NULL with an exception pending.
napi_value run(napi_env env, const Handle& handle, const Arguments& words) {
    synap_session_t* const session = handle.session->handle;
    if (session == nullptr) return throw_closed(env);
    ReplyBuilder builder(env, {handle.preferences.encoding, holds_replies(words)});
    const synap_sink_t sink = builder.sink();
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_exec_sink(session, words.data(), words.size(), &handle.options, &sink, &error);
    if (status != SYNAP_OK) return throw_status(env, status, error);
    return builder.take();
}

// The handle, and up to `count` arguments; those not given are undefined.
const Handle& arguments_of(napi_env env, napi_callback_info info, size_t count,
                           napi_value* values) {
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
    return *static_cast<const Handle*>(data);
}

napi_value throw_waits(napi_env env) {
    return throw_type_error(env,
                            "the command waits, which would stop the event loop; "
                            "use its promise: store.async");
}

}  // namespace

// get(key)
napi_value store_get(napi_env env, napi_callback_info info) {
    napi_value key = nullptr;
    const Handle& handle = arguments_of(env, info, 1, &key);
    Arguments words;
    words.add(kGet);
    if (!words.add(env, key)) return throw_argument(env, kGet, 1, key);
    return run(env, handle, words);
}

// set(key, value): nothing; the one reply without options is OK.
napi_value store_set(napi_env env, napi_callback_info info) {
    napi_value values[2];
    const Handle& handle = arguments_of(env, info, 2, values);
    Arguments words;
    words.add(kSet);
    if (!words.add(env, values[0])) return throw_argument(env, kSet, 1, values[0]);
    if (!words.add(env, values[1])) return throw_argument(env, kSet, 2, values[1]);
    run(env, handle, words);
    return nullptr;
}

// call(id or name, ...args)
napi_value store_call(napi_env env, napi_callback_info info) {
    constexpr size_t kInline = 16;
    napi_value few[kInline];
    size_t count = kInline;
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, few, nullptr, &data);
    std::vector<napi_value> many(count > kInline ? count : 0);
    if (count > kInline) napi_get_cb_info(env, info, &count, many.data(), nullptr, nullptr);
    const napi_value* const values = count > kInline ? many.data() : few;
    if (count == 0) return throw_type_error(env, "the name of a command is missing");
    Arguments words;
    bool waits = false;
    if (!add_name(env, values[0], words, waits)) return nullptr;
    if (waits) return throw_waits(env);
    for (size_t i = 1; i < count; ++i) {
        if (!words.add(env, values[i])) return throw_argument(env, values[0], i, values[i]);
    }
    return run(env, *static_cast<const Handle*>(data), words);
}

// many(calls): the replies in an array, error replies among them.
napi_value store_many(napi_env env, napi_callback_info info) {
    napi_value list = nullptr;
    const Handle& handle = arguments_of(env, info, 1, &list);
    uint32_t count = 0;
    if (napi_get_array_length(env, list, &count) != napi_ok) {
        return throw_type_error(env, "calls are an array of arrays");
    }
    Arguments words;
    std::vector<size_t> ends;
    ends.reserve(count);
    for (uint32_t i = 0; i < count; ++i) {
        napi_value call = nullptr;
        bool waits = false;  // nothing does inside a transaction
        if (napi_get_element(env, list, i, &call) != napi_ok) return nullptr;
        if (!add_call(env, call, words, waits)) return nullptr;
        ends.push_back(words.size());
    }
    std::vector<synap_call_t> calls;
    calls.reserve(count);
    size_t first = 0;
    for (const size_t end : ends) {
        calls.push_back({words.data() + first, end - first});
        first = end;
    }
    napi_value replies = nullptr;
    if (napi_create_array(env, &replies) != napi_ok) return nullptr;
    for (size_t done = 0; done < calls.size();) {
        synap_session_t* const session = handle.session->handle;
        if (session == nullptr) return throw_closed(env);
        ReplyBuilder builder(env, {handle.preferences.encoding, true}, replies);
        const synap_sink_t sink = builder.sink();
        size_t ran = 0;
        synap_token_t token{0, 0};
        synap_error_t* error = nullptr;
        const synap_status_t status = synap_exec_many(session, &calls[done], calls.size() - done,
                                                      &handle.options, &sink, &ran, &token, &error);
        if (status != SYNAP_OK) return throw_status(env, status, error);
        done += ran;
    }
    return replies;
}

// submit(tag, id or name, args): the reply, or undefined when it will come with `tag`.
napi_value store_submit(napi_env env, napi_callback_info info) {
    napi_value values[3];
    const Handle& handle = arguments_of(env, info, 3, values);
    synap_session_t* const session = handle.session->handle;
    if (session == nullptr) return throw_closed(env);
    double tag = 0;
    uint32_t count = 0;
    Arguments words;
    bool waits = false;  // welcome here
    if (napi_get_value_double(env, values[0], &tag) != napi_ok ||
        napi_get_array_length(env, values[2], &count) != napi_ok) {
        return throw_type_error(env, "submit(tag, name, args)");
    }
    if (!add_name(env, values[1], words, waits)) return nullptr;
    for (uint32_t i = 0; i < count; ++i) {
        napi_value value = nullptr;
        if (napi_get_element(env, values[2], i, &value) != napi_ok) return nullptr;
        if (!words.add(env, value)) return throw_argument(env, values[1], i + 1, value);
    }
    synap_events_t* events = nullptr;
    synap_error_t* error = nullptr;
    synap_status_t status = handle.connection->events(&events, &error);
    if (status != SYNAP_OK) return throw_status(env, status, error);
    synap_reply_t* reply = nullptr;
    uint64_t operation = 0;
    status = synap_submit(session, words.data(), words.size(), &handle.options, events,
                          static_cast<uint64_t>(tag), &reply, &operation, &error);
    const ReplyForm form{handle.preferences.encoding, holds_replies(words)};
    if (status == SYNAP_PENDING) {
        handle.connection->started(static_cast<uint64_t>(tag), operation, form);
        return nullptr;
    }
    if (status != SYNAP_OK) return throw_status(env, status, error);
    ReplyBuilder builder(env, form);
    const synap_sink_t sink = builder.sink();
    status = synap_reply_walk(reply, &sink, &error);
    synap_reply_release(reply);
    return status == SYNAP_OK ? builder.take() : throw_status(env, status, error);
}

}  // namespace synap_js
