#include "server/log/formatter.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <iterator>
#include <memory>
#include <span>

namespace synap::server::log {

namespace {

// Empty between two messages.
thread_local std::span<const Field> current_fields;

using Line = spdlog::memory_buf_t;

void append(Line& line, std::string_view text) {
    line.append(text.data(), text.data() + text.size());
}

// "2026-01-31T12:00:00.123Z"
void append_time(Line& line, std::chrono::system_clock::time_point time) {
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
    const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(ms).count();
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    fmt::format_to(std::back_inserter(line), "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                   parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour,
                   parts.tm_min, parts.tm_sec, ms.count() - seconds * 1000);
}

std::string_view level_name(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::trace:
            return "trace";
        case spdlog::level::debug:
            return "debug";
        case spdlog::level::info:
            return "info";
        case spdlog::level::warn:
            return "warn";
        default:
            return "error";
    }
}

std::string_view padded_level_name(spdlog::level::level_enum level) {
    switch (level) {
        case spdlog::level::trace:
            return "TRACE";
        case spdlog::level::debug:
            return "DEBUG";
        case spdlog::level::info:
            return "INFO ";
        case spdlog::level::warn:
            return "WARN ";
        default:
            return "ERROR";
    }
}

// Length of the well-formed UTF-8 sequence that begins the text; 0 when it is none.
size_t utf8_length(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const size_t length = first < 0x80                     ? 1
                          : first >= 0xc2 && first <= 0xdf ? 2
                          : first >= 0xe0 && first <= 0xef ? 3
                          : first >= 0xf0 && first <= 0xf4 ? 4
                                                           : 0;
    if (length == 0 || length > text.size()) return 0;
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    // Over-long forms, surrogates, and what lies above U+10FFFF.
    const bool wrong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
                       (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
    return wrong ? 0 : length;
}

// As the inside of a JSON string: everything that is not printable UTF-8 is escaped, so that a line
// stays one line whatever a client sent. A byte that is no UTF-8 becomes the code point U+00XX.
void append_escaped(Line& line, std::string_view text) {
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text.front());
        const size_t length = utf8_length(text);
        if (c == '"' || c == '\\') {
            line.push_back('\\');
            line.push_back(static_cast<char>(c));
        } else if (c == '\n') {
            append(line, "\\n");
        } else if (length == 0 || c < 0x20 || c == 0x7f) {
            fmt::format_to(std::back_inserter(line), "\\u{:04x}", c);
        } else {
            append(line, text.substr(0, length));
        }
        text.remove_prefix(std::max<size_t>(length, 1));
    }
}

// A message for people: quotes and backslashes stay as they are.
void append_message(Line& line, std::string_view text) {
    while (!text.empty()) {
        const auto plain = std::min(text.find_first_of("\"\\"), text.size());
        append_escaped(line, text.substr(0, plain));
        text.remove_prefix(plain);
        if (!text.empty()) {
            line.push_back(text.front());
            text.remove_prefix(1);
        }
    }
}

void append_quoted(Line& line, std::string_view text) {
    line.push_back('"');
    append_escaped(line, text);
    line.push_back('"');
}

// A value that needs no quotes in key=value text.
bool is_plain(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '=';
    });
}

void append_value(Line& line, const Field::Value& value, bool json) {
    if (const auto* text = std::get_if<std::string_view>(&value)) {
        if (!json && is_plain(*text)) {
            append(line, *text);
        } else {
            append_quoted(line, *text);
        }
    } else if (const auto* number = std::get_if<double>(&value)) {
        // JSON has no infinity and no NaN.
        if (json && !std::isfinite(*number)) {
            append(line, "null");
        } else {
            fmt::format_to(std::back_inserter(line), "{}", *number);
        }
    } else {
        std::visit(
            [&](const auto& other) { fmt::format_to(std::back_inserter(line), "{}", other); },
            value);
    }
}

void append_text(Line& line, const spdlog::details::log_msg& message) {
    append_time(line, message.time);
    line.push_back(' ');
    append(line, padded_level_name(message.level));
    line.push_back(' ');
    append_message(line, {message.payload.data(), message.payload.size()});
    for (const Field& field : current_fields) {
        line.push_back(' ');
        append(line, field.key);
        line.push_back('=');
        append_value(line, field.value, false);
    }
}

void append_json(Line& line, const spdlog::details::log_msg& message) {
    append(line, "{\"time\":\"");
    append_time(line, message.time);
    append(line, "\",\"level\":\"");
    append(line, level_name(message.level));
    append(line, "\",\"message\":");
    append_quoted(line, {message.payload.data(), message.payload.size()});
    for (const Field& field : current_fields) {
        line.push_back(',');
        append_quoted(line, field.key);
        line.push_back(':');
        append_value(line, field.value, true);
    }
    line.push_back('}');
}

}  // namespace

CurrentFields::CurrentFields(Fields fields) { current_fields = {fields.begin(), fields.size()}; }

CurrentFields::~CurrentFields() { current_fields = {}; }

void LineFormatter::format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) {
    if (json_) {
        append_json(line, message);
    } else {
        append_text(line, message);
    }
    line.push_back('\n');
}

std::unique_ptr<spdlog::formatter> LineFormatter::clone() const {
    return std::make_unique<LineFormatter>(json_);
}

}  // namespace synap::server::log
