#include "server/http/base64.h"

#include <algorithm>
#include <cstdint>

namespace synap::server::http {

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t group = 0;
        for (size_t j = 0; j < 3; ++j) {
            const auto byte = i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u;
            group = group << 8 | byte;
        }
        const size_t digits = std::min<size_t>(bytes.size() - i, 3) + 1;
        for (size_t j = 0; j < 4; ++j) {
            text += j < digits ? kDigits[group >> (18 - 6 * j) & 63] : '=';
        }
    }
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size() / 4 * 3);
    for (size_t i = 0; i + 4 <= text.size(); i += 4) {
        uint32_t group = 0;
        size_t digits = 0;
        for (size_t j = 0; j < 4; ++j) {
            const auto digit = kDigits.find(text[i + j]);
            if (digit != std::string_view::npos && digits == j) ++digits;
            group = group << 6 | (digits == j + 1 ? static_cast<uint32_t>(digit) : 0u);
        }
        for (size_t j = 0; j + 1 < digits; ++j) {
            bytes += static_cast<char>(group >> (16 - 8 * j) & 0xff);
        }
    }
    // Encoding again tells every wrong digit, length and padding.
    if (to_base64(bytes) != text) return std::nullopt;
    return bytes;
}

}  // namespace synap::server::http
