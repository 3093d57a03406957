// Values of options: their kinds, how text becomes a value and a value becomes text.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace synap::server::config {

enum class Kind : uint8_t {
    kBool,      // true, false (yes/no, on/off, 1/0)
    kInt,       // decimal
    kBytes,     // 512, 64kb, 2gb
    kDuration,  // 500ms, 10s, 5m, 2h, 1d
    kChoice,    // one of a few words
    kText,      // any text on one line
    kList,      // texts: a YAML sequence, or separated by commas
};

// The word "auto" where a shape allows it.
struct Auto {
    bool operator==(const Auto&) const = default;
};

// Bytes are counted in bytes, durations in milliseconds.
using Value = std::variant<Auto, bool, int64_t, std::string, std::vector<std::string>>;

inline constexpr int64_t kIntMax = std::numeric_limits<int64_t>::max();
inline constexpr size_t kTextBytesMax = 4096;
inline constexpr size_t kListItemsMax = 256;

// What values an option takes.
struct Shape {
    Kind kind = Kind::kText;
    int64_t min = 0;
    int64_t max = kIntMax;
    // What a number without a unit counts: bytes, or milliseconds.
    int64_t unit = 1;
    bool allows_auto = false;
    std::vector<std::string> choices = {};
};

// Text to value. On failure returns false and puts what was expected into `expected`, as in
// "a whole number from 1 to 65535".
[[nodiscard]] bool parse_value(const Shape& shape, std::string_view text, Value& out,
                               std::string& expected);
// The same for the items of a YAML sequence; only lists take one.
[[nodiscard]] bool parse_items(const Shape& shape, const std::vector<std::string>& items,
                               Value& out, std::string& expected);

// Shortest text that parse_value reads back as the same value.
std::string format_value(const Shape& shape, const Value& value);

// "512mb" for multiples of a unit, else the plain number.
std::string format_bytes(int64_t bytes);

// "whole number", "size", "on or off" ... for tables.
std::string_view kind_name(Kind kind);

// What the shape accepts: "1..65535", "text|json"; empty when anything goes.
std::string describe_range(const Shape& shape);

}  // namespace synap::server::config
