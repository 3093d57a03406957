#include "server/http/api_error.h"

#include <synap/synap.h>

namespace synap::server::http {
namespace {

std::string_view without_code(std::string_view message) noexcept {
    const size_t blank = message.find(' ');
    return blank == std::string_view::npos ? message : message.substr(blank + 1);
}

}  // namespace

ApiError from_reply(const Value& error) {
    const std::string_view whole = error.bytes();
    const std::string_view message = without_code(whole);
    switch (error.integer()) {
        case SYNAP_REPLY_OOM:
            return {507, "Memory limit exceeded"};
        case SYNAP_REPLY_LOADING:
        case SYNAP_REPLY_MISCONF:
        case SYNAP_REPLY_BUSY:
            return {503, std::string(whole)};
        case SYNAP_REPLY_NOAUTH:
            return {401, "Unauthorized: " + std::string(message)};
        case SYNAP_REPLY_NOPERM:
        case SYNAP_REPLY_READONLY:
            return {403, "Forbidden: " + std::string(message)};
        case SYNAP_REPLY_ERR:
            break;
        default:
            return {400, std::string(whole)};
    }
    if (message == "value is not an integer or out of range") {
        return invalid_value("Value is not a valid integer");
    }
    if (message == "increment or decrement would overflow") {
        return invalid_value("Integer overflow on INCR");
    }
    if (message == "decrement would overflow") return invalid_value("Integer overflow on DECR");
    return invalid_request(message);
}

}  // namespace synap::server::http
