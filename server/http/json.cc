#include "server/http/json.h"

#include <simdjson.h>

#include <array>
#include <charconv>
#include <cmath>

namespace synap::server::http {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Length of the well-formed UTF-8 sequence at the front of `text`, or 0.
size_t sequence_length(std::string_view text) noexcept {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto tail = [&](size_t i) { return i < text.size() && (at(i) & 0xC0) == 0x80; };
    const unsigned char first = at(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        if (!tail(1) || !tail(2)) return 0;
        const bool overlong = first == 0xE0 && at(1) < 0xA0;
        const bool surrogate = first == 0xED && at(1) > 0x9F;
        return overlong || surrogate ? 0 : 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!tail(1) || !tail(2) || !tail(3)) return 0;
        const bool overlong = first == 0xF0 && at(1) < 0x90;
        const bool beyond = first == 0xF4 && at(1) > 0x8F;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

std::string replace_invalid(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const size_t length = sequence_length(text);
        result += length == 0 ? kReplacement : text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return result;
}

}  // namespace

void JsonWriter::separate() {
    if (out_.empty()) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_.push_back(',');
}

void JsonWriter::open(char bracket) {
    separate();
    out_.push_back(bracket);
}

void JsonWriter::escaped(std::string_view value) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out_.push_back('"');
    size_t plain = 0;  // start of the run that needs no escape
    for (size_t i = 0; i < value.size(); ++i) {
        const auto c = static_cast<unsigned char>(value[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out_.append(value.substr(plain, i - plain));
        plain = i + 1;
        out_.push_back('\\');
        switch (c) {
            case '\n':
                out_.push_back('n');
                break;
            case '\r':
                out_.push_back('r');
                break;
            case '\t':
                out_.push_back('t');
                break;
            case '"':
            case '\\':
                out_.push_back(static_cast<char>(c));
                break;
            default:
                out_.append("u00");
                out_.push_back(kHex[c >> 4]);
                out_.push_back(kHex[c & 15]);
        }
    }
    out_.append(value.substr(plain));
    out_.push_back('"');
}

void JsonWriter::key(std::string_view name) {
    text(name);
    out_.push_back(':');
}

void JsonWriter::text(std::string_view value) {
    separate();
    if (simdjson::validate_utf8(value.data(), value.size())) {
        escaped(value);
    } else {
        escaped(replace_invalid(value));
    }
}

void JsonWriter::stored(std::string_view value) {
    separate();
    if (simdjson::validate_utf8(value.data(), value.size())) {
        escaped(value);
        return;
    }
    out_.append("\"<binary data: ");
    out_.append(std::to_string(value.size()));
    out_.append(" bytes>\"");
}

void JsonWriter::octets(std::string_view value) {
    begin_array();
    for (const char c : value) {
        integer(static_cast<uint64_t>(static_cast<unsigned char>(c)));
    }
    end_array();
}

void JsonWriter::integer(int64_t value) {
    separate();
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out_.append(digits.data(), end.ptr);
}

void JsonWriter::integer(uint64_t value) {
    separate();
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    out_.append(digits.data(), end.ptr);
}

void JsonWriter::number(double value) {
    if (!std::isfinite(value)) {
        null();
        return;
    }
    separate();
    std::array<char, 40> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
    const std::string_view written(digits.data(), static_cast<size_t>(end.ptr - digits.data()));
    out_.append(written);
    if (written.find_first_of(".e") == std::string_view::npos) out_.append(".0");
}

void JsonWriter::boolean(bool value) {
    separate();
    out_.append(value ? "true" : "false");
}

void JsonWriter::null() {
    separate();
    out_.append("null");
}

void JsonWriter::raw(std::string_view json) {
    separate();
    out_.append(json);
}

}  // namespace synap::server::http
