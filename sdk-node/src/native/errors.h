// From statuses and error replies of the C interface to JavaScript exceptions.
#pragma once

#include <node_api.h>
#include <synap/synap.h>

namespace synap_js {

// Throws what a failed call means; frees `error`, which may be NULL. Returns NULL, for callbacks.
napi_value throw_status(napi_env env, synap_status_t status, synap_error_t* error);

// The exception of a failure as a value; NULL with another exception pending.
napi_value make_error(napi_env env, synap_status_t status, const synap_error_t* error);

// The exception of an error reply as a value; NULL with another exception pending.
napi_value make_reply_error(napi_env env, synap_bytes_t message);

// The exception for bytes that are no UTF-8 text as a value; NULL with another exception pending.
napi_value make_encoding_error(napi_env env, synap_bytes_t bytes);

// Returns NULL, for callbacks.
napi_value throw_type_error(napi_env env, const char* message);
napi_value throw_closed(napi_env env);

}  // namespace synap_js
