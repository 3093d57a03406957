// Failures as HTTP clients see them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/http/capture.h"

namespace synap::server::http {

// Display text and the status that REST routes answer it with. The command endpoint puts the
// same text into its envelope.
struct ApiError {
    unsigned status = 400;
    std::string text;
    // The body is the bare text instead of the JSON error object: requests that could not be
    // read at all.
    bool plain = false;
};

// Nothing: the handler has written its result.
using Failure = std::optional<ApiError>;

inline ApiError invalid_request(std::string_view message) {
    return {400, "Invalid request: " + std::string(message)};
}
inline ApiError invalid_value(std::string_view message) {
    return {400, "Invalid value: " + std::string(message)};
}
inline ApiError key_not_found(std::string_view key) {
    return {404, "Key not found: " + std::string(key)};
}
// A body that is JSON but has a field that is missing or wrong: `text` names it.
inline ApiError unprocessable(std::string_view text) {
    return {422, std::string(text) + "\n", true};
}

// What an error reply of the engine means to an HTTP client.
ApiError from_reply(const Value& error);

}  // namespace synap::server::http
