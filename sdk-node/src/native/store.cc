// Opening stores, and the functions about a store as a whole.
#include <new>

#include "errors.h"
#include "handle.h"
#include "replies.h"
#include "store.h"

namespace synap_js {
namespace {

// False with an exception pending.
bool read_text(napi_env env, napi_value value, std::string& text) {
    size_t size = 0;
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &size) != napi_ok) {
        throw_type_error(env, "expected a string");
        return false;
    }
    text.resize(size);
    return napi_get_value_string_utf8(env, value, text.data(), size + 1, &size) == napi_ok;
}

// An array [name, value, name, value, ...] of strings.
bool read_options(napi_env env, napi_value list, StoreOptions& options) {
    uint32_t size = 0;
    if (napi_get_array_length(env, list, &size) != napi_ok) {
        throw_type_error(env, "options are a flat array");
        return false;
    }
    for (uint32_t i = 0; i + 1 < size; i += 2) {
        napi_value name = nullptr, value = nullptr;
        std::string key, text;
        if (napi_get_element(env, list, i, &name) != napi_ok ||
            napi_get_element(env, list, i + 1, &value) != napi_ok || !read_text(env, name, key) ||
            !read_text(env, value, text)) {
            return false;
        }
        options[key] = text;
    }
    return true;
}

// durability, timeoutMs, encoding
bool read_preferences(napi_env env, const napi_value* values, Preferences& preferences) {
    uint32_t encoding = 0;
    if (napi_get_value_uint32(env, values[0], &preferences.durability) == napi_ok &&
        napi_get_value_uint32(env, values[1], &preferences.timeout_ms) == napi_ok &&
        napi_get_value_uint32(env, values[2], &encoding) == napi_ok) {
        preferences.encoding = static_cast<Encoding>(encoding);
        return true;
    }
    throw_type_error(env, "expected durability, timeout and encoding");
    return false;
}

Handle& handle_of(napi_env env, napi_callback_info info, size_t count, napi_value* values) {
    void* data = nullptr;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
    return *static_cast<Handle*>(data);
}

napi_value boolean(napi_env env, bool value) {
    napi_value made = nullptr;
    napi_get_boolean(env, value, &made);
    return made;
}

napi_value store_close(napi_env env, napi_callback_info info) {
    Handle& handle = handle_of(env, info, 0, nullptr);
    synap_error_t* error = nullptr;
    const synap_status_t status = handle.connection->close(&error);
    return status == SYNAP_OK ? nullptr : throw_status(env, status, error);
}

napi_value store_closed(napi_env env, napi_callback_info info) {
    return boolean(env, handle_of(env, info, 0, nullptr).connection->closed());
}

// view(durability, timeoutMs, encoding, ownSession)
napi_value store_view(napi_env env, napi_callback_info info) {
    napi_value values[4];
    Handle& handle = handle_of(env, info, 4, values);
    Preferences preferences;
    bool own_session = false;
    if (!read_preferences(env, values, preferences)) return nullptr;
    if (napi_get_value_bool(env, values[3], &own_session) != napi_ok) {
        return throw_type_error(env, "expected ownSession");
    }
    std::shared_ptr<Session> session = handle.session;
    if (own_session) {
        if (handle.connection->closed()) return throw_closed(env);
        synap_error_t* error = nullptr;
        const synap_status_t status = handle.connection->open_session(session, &error);
        if (status != SYNAP_OK) return throw_status(env, status, error);
    }
    return make_store(env,
                      std::make_unique<Handle>(handle.connection, std::move(session), preferences));
}

// state(): [state, loaded, total, usedMemory]
napi_value store_state(napi_env env, napi_callback_info info) {
    const Handle& handle = handle_of(env, info, 0, nullptr);
    synap_store_state_t state = SYNAP_STORE_STATE_INIT;
    state.state = SYNAP_STATE_CLOSED;
    if (!handle.connection->closed()) {  // here, though other environments may still use it
        synap_error_t* error = nullptr;
        const synap_status_t status =
            synap_store_get_state(handle.connection->store(), &state, &error);
        // One that waits for room serves reads.
        if (status != SYNAP_OK && state.state != SYNAP_STATE_BLOCKED) {
            return throw_status(env, status, error);
        }
        synap_error_free(error);
    }
    const double numbers[] = {static_cast<double>(state.state), static_cast<double>(state.loaded),
                              static_cast<double>(state.total),
                              static_cast<double>(state.used_memory)};
    napi_value list = nullptr;
    if (napi_create_array_with_length(env, 4, &list) != napi_ok) return nullptr;
    for (uint32_t i = 0; i < 4; ++i) {
        napi_value number = nullptr;
        napi_create_double(env, numbers[i], &number);
        napi_set_element(env, list, i, number);
    }
    return list;
}

// option(name)
napi_value store_option(napi_env env, napi_callback_info info) {
    napi_value name = nullptr;
    const Handle& handle = handle_of(env, info, 1, &name);
    std::string key;
    if (!read_text(env, name, key)) return nullptr;
    if (handle.connection->closed()) return throw_closed(env);
    synap_reply_t* reply = nullptr;
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_option_get(handle.connection->store(), {key.data(), key.size()}, &reply, &error);
    if (status != SYNAP_OK) return throw_status(env, status, error);
    const napi_value text = make_string(env, synap_node_bytes(synap_reply_root(reply)));
    synap_reply_release(reply);
    return text;
}

// setOption(name, value)
napi_value store_set_option(napi_env env, napi_callback_info info) {
    napi_value values[2];
    const Handle& handle = handle_of(env, info, 2, values);
    std::string key, text;
    if (!read_text(env, values[0], key) || !read_text(env, values[1], text)) return nullptr;
    if (handle.connection->closed()) return throw_closed(env);
    synap_error_t* error = nullptr;
    const synap_status_t status = synap_option_set(
        handle.connection->store(), {key.data(), key.size()}, {text.data(), text.size()}, &error);
    return status == SYNAP_OK ? nullptr : throw_status(env, status, error);
}

struct Function {
    const char* name;
    napi_callback callback;
};

constexpr Function kFunctions[] = {
    {"get", guarded<store_get>},
    {"set", guarded<store_set>},
    {"call", guarded<store_call>},
    {"many", guarded<store_many>},
    {"submit", guarded<store_submit>},
    {"close", guarded<store_close>},
    {"closed", guarded<store_closed>},
    {"view", guarded<store_view>},
    {"state", guarded<store_state>},
    {"option", guarded<store_option>},
    {"setOption", guarded<store_set_option>},
};

void release_function(napi_env, void* data, void*) {
    auto* handle = static_cast<Handle*>(data);
    if (--handle->functions == 0) delete handle;
}

}  // namespace

napi_value make_store(napi_env env, std::unique_ptr<Handle> handle) {
    napi_value object = nullptr;
    if (napi_create_object(env, &object) != napi_ok) return nullptr;
    Handle* const shared = handle.get();
    for (const Function& function : kFunctions) {
        napi_value value = nullptr;
        if (napi_create_function(env, function.name, NAPI_AUTO_LENGTH, function.callback, shared,
                                 &value) != napi_ok ||
            napi_add_finalizer(env, value, shared, release_function, nullptr, nullptr) != napi_ok) {
            return nullptr;
        }
        ++shared->functions;
        static_cast<void>(handle.release());  // owned by its functions from the first one on
        if (napi_set_named_property(env, object, function.name, value) != napi_ok) return nullptr;
    }
    return object;
}

napi_value open(napi_env env, napi_callback_info info) {
    napi_value values[5];
    size_t count = 5;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
    std::string path;
    StoreOptions options;
    Preferences preferences;
    if (!read_text(env, values[0], path) || !read_options(env, values[1], options) ||
        !read_preferences(env, values + 2, preferences)) {
        return nullptr;
    }
    const Opened opened = open_store(path, options);
    if (!opened.conflict.empty()) {
        return throw_type_error(env, ("this process has " + opened.conflict +
                                      " open with other options; give the same or none")
                                         .c_str());
    }
    if (opened.store == nullptr) return throw_status(env, opened.status, opened.error);
    Environment& environment = Environment::of(env);
    const auto connection = std::make_shared<Connection>(environment, opened.store);
    environment.add(connection);
    std::shared_ptr<Session> session;
    synap_error_t* error = nullptr;
    const synap_status_t status = connection->open_session(session, &error);
    if (status != SYNAP_OK) {
        synap_error_t* ignored = nullptr;
        connection->close(&ignored);
        synap_error_free(ignored);
        return throw_status(env, status, error);
    }
    return make_store(env, std::make_unique<Handle>(connection, std::move(session), preferences));
}

}  // namespace synap_js
