#include "core/platform/openssl.h"

#include <openssl/err.h>

namespace synap {

void begin_openssl() noexcept {
    static_cast<void>(OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr));
}

std::string take_openssl_error() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) return "no reason given";
    if (ERR_SYSTEM_ERROR(code)) {
        char text[256];
        ERR_error_string_n(code, text, sizeof text);
        return text;
    }
    const char* reason = ERR_reason_error_string(code);
    return reason != nullptr ? reason : "error " + std::to_string(code);
}

}  // namespace synap
