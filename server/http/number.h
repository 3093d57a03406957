// Whole numbers as clients write them: exactly, or not at all.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synap::server::http {

// Decimal digits, with a '-' in front of a negative number, and nothing else.
[[nodiscard]] bool parse_integer(std::string_view text, int64_t& value) noexcept;

// 60, 60.0, 6e1 or "60"; false for all else: fractions, numbers beyond 64 bits, and numbers with
// a point or an exponent that are so large that they may have been rounded.
[[nodiscard]] bool read_integer(simdjson::dom::element value, int64_t& integer) noexcept;

// Why simdjson refuses the numbers of a text that is valid JSON: the first number that 64 bits do
// not hold, and the member name before it, as a sentence. Nothing when there is no such number.
// Linear in the text.
std::optional<std::string> oversized_number(std::string_view json);

}  // namespace synap::server::http
