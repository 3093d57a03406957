#include "server/config/value.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace synap::server::config {

namespace {

struct Unit {
    std::string_view name;
    int64_t factor;
};

// As in redis.conf: k is 1000 and kb is 1024, so that a line copied from there keeps its meaning;
// ki and kib are what Kubernetes and Docker users write.
constexpr int64_t kKi = 1024;
constexpr std::array<Unit, 17> kByteUnits = {{
    {"b", 1},
    {"k", 1000},
    {"kb", kKi},
    {"ki", kKi},
    {"kib", kKi},
    {"m", 1000 * 1000},
    {"mb", kKi* kKi},
    {"mi", kKi* kKi},
    {"mib", kKi* kKi},
    {"g", 1000 * 1000 * 1000},
    {"gb", kKi* kKi* kKi},
    {"gi", kKi* kKi* kKi},
    {"gib", kKi* kKi* kKi},
    {"t", 1000ll * 1000 * 1000 * 1000},
    {"tb", kKi* kKi* kKi* kKi},
    {"ti", kKi* kKi* kKi* kKi},
    {"tib", kKi* kKi* kKi* kKi},
}};

constexpr std::array<Unit, 5> kTimeUnits = {{
    {"ms", 1},
    {"s", 1000},
    {"m", 60 * 1000},
    {"h", 60 * 60 * 1000},
    {"d", 24 * 60 * 60 * 1000},
}};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const auto first = text.find_first_not_of(kBlank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// "64kb", "64 kb" or "64": the number times its unit's factor. False when it is none, or overflows.
template <size_t N>
bool parse_scaled(std::string_view text, const std::array<Unit, N>& units, int64_t bare,
                  int64_t& out) {
    int64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, code] = std::from_chars(text.data(), end, number);
    if (code != std::errc{}) return false;
    int64_t factor = bare;
    const std::string name = lower(trim({rest, static_cast<size_t>(end - rest)}));
    if (!name.empty()) {
        const auto unit =
            std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
        if (unit == units.end()) return false;
        factor = unit->factor;
    }
    return !__builtin_mul_overflow(number, factor, &out);
}

std::string format_milliseconds(int64_t ms) {
    for (auto unit = kTimeUnits.rbegin(); unit != kTimeUnits.rend(); ++unit) {
        if (ms != 0 && ms % unit->factor == 0) {
            return std::to_string(ms / unit->factor) + std::string(unit->name);
        }
    }
    return std::to_string(ms) + (ms == 0 ? "" : "ms");
}

// One number of the shape, for people.
std::string format_number(const Shape& shape, int64_t number) {
    switch (shape.kind) {
        case Kind::kBytes:
            return format_bytes(number);
        case Kind::kDuration:
            return format_milliseconds(number);
        default:
            return std::to_string(number);
    }
}

std::string join(const std::vector<std::string>& words, std::string_view between,
                 std::string_view before_last) {
    std::string out;
    for (size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? before_last : between;
        out += words[i];
    }
    return out;
}

std::string describe_expected(const Shape& shape) {
    std::string text;
    switch (shape.kind) {
        case Kind::kBool:
            text = "true or false";
            break;
        case Kind::kInt:
            text = "a whole number";
            break;
        case Kind::kBytes:
            text = "a size such as 512mb or 2gb";
            break;
        case Kind::kDuration:
            text = "a duration such as 500ms, 10s or 5m";
            break;
        case Kind::kChoice:
            text = join(shape.choices, ", ", " or ");
            break;
        case Kind::kText:
            text = "text on one line";
            break;
        case Kind::kList:
            text = "a list of texts";
            break;
    }
    if (shape.kind == Kind::kInt || shape.kind == Kind::kBytes || shape.kind == Kind::kDuration) {
        if (shape.max != kIntMax) {
            text += " from " + format_number(shape, shape.min) + " to " +
                    format_number(shape, shape.max);
        } else {
            text += ", at least " + format_number(shape, shape.min);
        }
    }
    return shape.allows_auto ? text + ", or auto" : text;
}

bool parse_bool(std::string_view text, bool& out) {
    const std::string word = lower(text);
    if (word == "true" || word == "yes" || word == "on" || word == "1") {
        out = true;
        return true;
    }
    out = false;
    return word == "false" || word == "no" || word == "off" || word == "0";
}

bool is_one_line(std::string_view text) {
    return text.size() <= kTextBytesMax && std::none_of(text.begin(), text.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte < 0x20 || byte == 0x7f;
           });
}

bool parse_number(const Shape& shape, std::string_view text, int64_t& out) {
    bool ok = false;
    if (shape.kind == Kind::kBytes) {
        ok = parse_scaled(text, kByteUnits, shape.unit, out);
    } else if (shape.kind == Kind::kDuration) {
        ok = parse_scaled(text, kTimeUnits, shape.unit, out);
    } else {
        const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), out);
        ok = code == std::errc{} && rest == text.data() + text.size();
    }
    return ok && out >= shape.min && out <= shape.max;
}

std::vector<std::string> split_items(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const auto item = trim(text.substr(0, comma));
        if (!item.empty()) items.emplace_back(item);
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    }
    return items;
}

bool parse_word(const Shape& shape, std::string_view text, Value& out) {
    switch (shape.kind) {
        case Kind::kBool: {
            bool value = false;
            const bool ok = parse_bool(text, value);
            out = value;
            return ok;
        }
        case Kind::kInt:
        case Kind::kBytes:
        case Kind::kDuration: {
            int64_t value = 0;
            const bool ok = parse_number(shape, text, value);
            out = value;
            return ok;
        }
        case Kind::kChoice: {
            std::string word = lower(text);
            const bool ok =
                std::find(shape.choices.begin(), shape.choices.end(), word) != shape.choices.end();
            out = std::move(word);
            return ok;
        }
        case Kind::kText:
            out = std::string(text);
            return is_one_line(text);
        case Kind::kList:
            break;
    }
    return false;
}

}  // namespace

bool parse_items(const Shape& shape, const std::vector<std::string>& items, Value& out,
                 std::string& expected) {
    if (shape.kind != Kind::kList) {
        expected = describe_expected(shape) + ", not a list";
        return false;
    }
    if (items.size() > kListItemsMax || !std::all_of(items.begin(), items.end(), is_one_line)) {
        expected = "at most " + std::to_string(kListItemsMax) + " texts on one line each";
        return false;
    }
    out = items;
    return true;
}

bool parse_value(const Shape& shape, std::string_view text, Value& out, std::string& expected) {
    const std::string_view word = trim(text);
    if (shape.kind == Kind::kList) return parse_items(shape, split_items(word), out, expected);
    if (shape.allows_auto && lower(word) == "auto") {
        out = Auto{};
        return true;
    }
    if (!parse_word(shape, word, out)) {
        expected = describe_expected(shape);
        return false;
    }
    return true;
}

std::string format_bytes(int64_t bytes) {
    constexpr std::array<Unit, 4> kShown = {
        {{"tb", kKi * kKi * kKi * kKi}, {"gb", kKi * kKi * kKi}, {"mb", kKi * kKi}, {"kb", kKi}}};
    for (const Unit& unit : kShown) {
        if (bytes != 0 && bytes % unit.factor == 0) {
            return std::to_string(bytes / unit.factor) + std::string(unit.name);
        }
    }
    return std::to_string(bytes);
}

std::string format_value(const Shape& shape, const Value& value) {
    if (std::holds_alternative<Auto>(value)) return "auto";
    if (const bool* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
    if (const auto* items = std::get_if<std::vector<std::string>>(&value)) {
        return join(*items, ",", ",");
    }
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    const int64_t number = std::get<int64_t>(value);
    if (shape.kind == Kind::kDuration) {
        return number % shape.unit == 0 ? std::to_string(number / shape.unit)
                                        : std::to_string(number) + "ms";
    }
    if (shape.kind == Kind::kBytes && number % 1024 != 0 && shape.unit != 1) {
        return std::to_string(number) + "b";
    }
    return format_number(shape, number);
}

std::string_view kind_name(Kind kind) {
    switch (kind) {
        case Kind::kBool:
            return "true or false";
        case Kind::kInt:
            return "whole number";
        case Kind::kBytes:
            return "size";
        case Kind::kDuration:
            return "duration";
        case Kind::kChoice:
            return "choice";
        case Kind::kText:
            return "text";
        case Kind::kList:
            return "list";
    }
    return "text";
}

std::string describe_range(const Shape& shape) {
    std::string text;
    switch (shape.kind) {
        case Kind::kChoice:
            text = join(shape.choices, "|", "|");
            break;
        case Kind::kInt:
        case Kind::kBytes:
        case Kind::kDuration:
            if (shape.max != kIntMax) {
                text = format_number(shape, shape.min) + ".." + format_number(shape, shape.max);
            } else if (shape.min > 0) {
                text = "at least " + format_number(shape, shape.min);
            }
            break;
        default:
            break;
    }
    if (shape.allows_auto) text += text.empty() ? "or auto" : ", or auto";
    return text;
}

}  // namespace synap::server::config
