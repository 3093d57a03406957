// What the native functions of one JavaScript store share.
//
// Each function carries the handle as its data pointer, which costs nothing to reach in a call, and
// counts as one user of it; the garbage collector lets go of functions in any order.
#pragma once

#include <node_api.h>
#include <synap/synap.h>

#include <memory>

#include "connection.h"

namespace synap_js {

struct Preferences {
    uint32_t durability = SYNAP_DURABILITY_DEFAULT;
    uint32_t timeout_ms = 0;
    Encoding encoding = Encoding::kUtf8;
};

struct Handle {
    Handle(std::shared_ptr<Connection> connection_, std::shared_ptr<Session> session_,
           Preferences preferences_)
        : connection(std::move(connection_)),
          session(std::move(session_)),
          preferences(preferences_) {
        ++connection->handles;
        options.durability = preferences.durability;
        options.timeout_ms = preferences.timeout_ms;
    }
    // The last one to show a store closes it: nothing that was written is lost.
    ~Handle() {
        if (--connection->handles != 0) return;
        if (connection->closed()) return;
        const std::string path = connection->path();
        synap_error_t* error = nullptr;
        connection->close(&error);
        report_loss(path, error);
    }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

    const std::shared_ptr<Connection> connection;
    const std::shared_ptr<Session> session;
    const Preferences preferences;
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;  // of each call
    size_t functions = 0;
};

// An object with the functions of a store; NULL with an exception pending. Takes over `handle`.
napi_value make_store(napi_env env, std::unique_ptr<Handle> handle);

// The functions that run commands, in calls.cc.
napi_value store_get(napi_env env, napi_callback_info info);
napi_value store_set(napi_env env, napi_callback_info info);
napi_value store_call(napi_env env, napi_callback_info info);
napi_value store_many(napi_env env, napi_callback_info info);
napi_value store_submit(napi_env env, napi_callback_info info);

}  // namespace synap_js
