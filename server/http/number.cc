#include "server/http/number.h"

#include <charconv>
#include <cmath>

namespace synap::server::http {

namespace dom = simdjson::dom;

namespace {

// Up to here every whole number is a double of its own, so that none was rounded to another.
constexpr double kExactDouble = 9007199254740992.0;
constexpr size_t kShownBytes = 40;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

size_t skip_digits(std::string_view text, size_t at) noexcept {
    while (at < text.size() && is_digit(text[at])) {
        ++at;
    }
    return at;
}

// By JSON's grammar.
bool is_json_number(std::string_view text) noexcept {
    size_t at = text.starts_with('-') ? 1 : 0;
    const size_t digits = at;
    at = skip_digits(text, at);
    if (at == digits || (text[digits] == '0' && at > digits + 1)) return false;
    if (at < text.size() && text[at] == '.') {
        const size_t fraction = ++at;
        at = skip_digits(text, at);
        if (at == fraction) return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        at += at < text.size() && (text[at] == '+' || text[at] == '-') ? 1 : 0;
        const size_t exponent = at;
        at = skip_digits(text, at);
        if (at == exponent) return false;
    }
    return at == text.size();
}

bool fits(std::string_view number) noexcept {
    const char* const end = number.data() + number.size();
    if (number.find_first_of(".eE") == std::string_view::npos) {
        int64_t integer = 0;
        uint64_t natural = 0;
        return std::from_chars(number.data(), end, integer).ec == std::errc() ||
               std::from_chars(number.data(), end, natural).ec == std::errc();
    }
    double real = 0;
    return std::from_chars(number.data(), end, real).ec == std::errc() && std::isfinite(real);
}

// Index behind the string whose opening quote is at `at`.
size_t skip_string(std::string_view json, size_t at) noexcept {
    for (++at; at < json.size() && json[at] != '"'; ++at) {
        at += json[at] == '\\' ? 1 : 0;
    }
    return at + 1;
}

}  // namespace

bool parse_integer(std::string_view text, int64_t& value) noexcept {
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    return read.ec == std::errc() && read.ptr == end;
}

bool read_integer(dom::element value, int64_t& integer) noexcept {
    std::string_view text;
    double number = 0;
    switch (value.type()) {
        case dom::element_type::INT64:
            return value.get(integer) == simdjson::SUCCESS;
        case dom::element_type::STRING:
            return value.get(text) == simdjson::SUCCESS && parse_integer(text, integer);
        case dom::element_type::DOUBLE:
            if (value.get(number) != simdjson::SUCCESS || std::abs(number) > kExactDouble ||
                std::trunc(number) != number) {
                return false;
            }
            integer = static_cast<int64_t>(number);
            return true;
        default:  // UINT64 is what INT64 does not hold
            return false;
    }
}

std::optional<std::string> oversized_number(std::string_view json) {
    std::string_view last;  // string
    std::string_view name;  // the last string with a colon behind it
    for (size_t at = 0; at < json.size();) {
        const char c = json[at];
        if (c == '"') {
            const size_t end = skip_string(json, at);
            last = json.substr(at + 1, end < at + 2 ? 0 : end - at - 2);
            at = end;
        } else if (c == '-' || is_digit(c)) {
            const size_t end = json.find_first_not_of("+-0123456789.eE", at);
            const std::string_view number = json.substr(at, end - at);
            if (!is_json_number(number)) return std::nullopt;
            if (!fits(number)) {
                const std::string_view shown = number.substr(0, kShownBytes);
                return "'" + std::string(name.substr(0, kShownBytes)) + "': the number " +
                       std::string(shown) + (shown.size() < number.size() ? "..." : "") +
                       " does not fit into 64 bits; a value may be written as a string";
            }
            at += number.size();
        } else {
            name = c == ':' ? last : name;
            ++at;
        }
    }
    return std::nullopt;
}

}  // namespace synap::server::http
