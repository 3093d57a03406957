// What the addon exports about stores.
#pragma once

#include <node_api.h>

#include <new>

namespace synap_js {

// open(path, options, durability, timeoutMs, encoding)
napi_value open(napi_env env, napi_callback_info info);

// A callback as Node-API gets it: no C++ exception leaves it.
template <napi_callback callback>
napi_value guarded(napi_env env, napi_callback_info info) noexcept {
    try {
        return callback(env, info);
    } catch (const std::bad_alloc&) {
        napi_throw_error(env, nullptr, "out of memory");
        return nullptr;
    }
}

}  // namespace synap_js
