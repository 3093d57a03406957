#include "errors.h"

#include "environment.h"

namespace synap_js {
namespace {

napi_value string_of(napi_env env, synap_bytes_t bytes) {
    napi_value value = nullptr;
    napi_create_string_utf8(env, static_cast<const char*>(bytes.data), bytes.size, &value);
    return value;
}

napi_value number_of(napi_env env, double number) {
    napi_value value = nullptr;
    napi_create_double(env, number, &value);
    return value;
}

napi_value make(napi_env env, synap_status_t status, synap_bytes_t message, uint32_t traits) {
    const napi_value arguments[] = {number_of(env, status), string_of(env, message),
                                    number_of(env, traits)};
    return Environment::of(env).call(Environment::kMakeError, 3, arguments);
}

}  // namespace

napi_value make_error(napi_env env, synap_status_t status, const synap_error_t* error) {
    if (status == SYNAP_HOST) {
        static constexpr char kText[] = "the command belongs to a server, not to a store";
        return make(env, status, {kText, sizeof kText - 1}, SYNAP_TRAIT_NOT_APPLIED);
    }
    return make(env, status, synap_error_message(error), synap_error_traits(error));
}

napi_value throw_status(napi_env env, synap_status_t status, synap_error_t* error) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) {  // else a sink stopped because JavaScript failed
        const napi_value exception = make_error(env, status, error);
        if (exception != nullptr) napi_throw(env, exception);
    }
    synap_error_free(error);
    return nullptr;
}

napi_value make_reply_error(napi_env env, synap_bytes_t message) {
    const napi_value text = string_of(env, message);
    return Environment::of(env).call(Environment::kMakeReplyError, 1, &text);
}

napi_value make_encoding_error(napi_env env, synap_bytes_t bytes) {
    napi_value buffer = nullptr;
    if (napi_create_buffer_copy(env, bytes.size, bytes.data, nullptr, &buffer) != napi_ok) {
        return nullptr;
    }
    return Environment::of(env).call(Environment::kMakeEncodingError, 1, &buffer);
}

napi_value throw_type_error(napi_env env, const char* message) {
    napi_throw_type_error(env, nullptr, message);
    return nullptr;
}

napi_value throw_closed(napi_env env) {
    static constexpr char kText[] = "the store is closed";
    const napi_value exception = make(env, SYNAP_E_SHUTDOWN, {kText, sizeof kText - 1},
                                      SYNAP_TRAIT_NOT_APPLIED | SYNAP_TRAIT_FATAL);
    if (exception != nullptr) napi_throw(env, exception);
    return nullptr;
}

}  // namespace synap_js
