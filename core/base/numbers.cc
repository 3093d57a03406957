#include "core/base/numbers.h"

#include <locale.h>

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace synap {

bool parse_integer(std::string_view text, int64_t& value) noexcept {
    if (text.empty() || text.size() > kIntegerCharsMax) return false;
    const bool negative = text[0] == '-';
    const std::string_view digits = text.substr(negative ? 1 : 0);
    if (digits.empty()) return false;
    if (digits[0] == '0') {
        if (text.size() != 1) return false;
        value = 0;
        return true;
    }
    uint64_t magnitude = 0;
    for (const char c : digits) {
        const unsigned digit = static_cast<unsigned>(c) - '0';
        if (digit > 9) return false;
        if (__builtin_mul_overflow(magnitude, uint64_t{10}, &magnitude)) return false;
        if (__builtin_add_overflow(magnitude, uint64_t{digit}, &magnitude)) return false;
    }
    const uint64_t most = static_cast<uint64_t>(INT64_MAX) + (negative ? 1 : 0);
    if (magnitude > most) return false;
    value = static_cast<int64_t>(negative ? 0 - magnitude : magnitude);
    return true;
}

namespace {

// The locale is the host program's; a number in a store is written the same everywhere.
locale_t c_locale() noexcept {
    static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
    return locale;
}

// strtold and strtod want a terminated string. What print_long_double writes must be read back;
// longer texts are not numbers.
template <typename T, typename Parse>
bool parse_floating(std::string_view text, T& value, Parse parse) noexcept {
    char buffer[kDoubleCharsMax];
    if (text.empty() || text.size() >= sizeof buffer) return false;
    if (std::isspace(static_cast<unsigned char>(text[0])) != 0) return false;
    std::memcpy(buffer, text.data(), text.size());
    buffer[text.size()] = '\0';
    char* end = nullptr;
    errno = 0;
    const T parsed = parse(buffer, &end);
    if (end != buffer + text.size() || std::isnan(parsed)) return false;
    if (errno == ERANGE && (std::isinf(parsed) || parsed == 0)) return false;
    value = parsed;
    return true;
}

}  // namespace

bool parse_double(std::string_view text, double& value) noexcept {
    return parse_floating(text, value,
                          [](const char* at, char** end) { return strtod_l(at, end, c_locale()); });
}

bool parse_long_double(std::string_view text, long double& value) noexcept {
    return parse_floating(
        text, value, [](const char* at, char** end) { return strtold_l(at, end, c_locale()); });
}

size_t print_integer(char* out, int64_t value) noexcept {
    return static_cast<size_t>(std::to_chars(out, out + kIntegerCharsMax, value).ptr - out);
}

size_t print_double(char* out, double value) noexcept {
    if (std::isinf(value)) {
        const std::string_view text = value > 0 ? "inf" : "-inf";
        std::memcpy(out, text.data(), text.size());
        return text.size();
    }
    return static_cast<size_t>(std::to_chars(out, out + 32, value).ptr - out);
}

std::string fixed(double value, int digits) {
    char text[kDoubleCharsMax];
    const auto end =
        std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, digits);
    return std::string(text, end.ec == std::errc() ? end.ptr : text);
}

size_t print_long_double(char* out, long double value) noexcept {
    if (!std::isfinite(value)) return 0;
    const auto end = std::to_chars(out, out + kDoubleCharsMax, value, std::chars_format::fixed, 17);
    if (end.ec != std::errc()) return 0;
    auto size = static_cast<size_t>(end.ptr - out);
    if (std::memchr(out, '.', size) != nullptr) {
        while (out[size - 1] == '0') --size;
        if (out[size - 1] == '.') --size;
    }
    if (size == 2 && out[0] == '-' && out[1] == '0') {
        out[0] = '0';
        size = 1;
    }
    return size;
}

}  // namespace synap
