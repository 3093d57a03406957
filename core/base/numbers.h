// Numbers as Redis reads and writes them: the one parser and printer of integers and doubles.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synap {

inline constexpr size_t kIntegerCharsMax = 20;
inline constexpr size_t kDoubleCharsMax = 5 * 1024;  // of a long double printed without exponent

// Accepts exactly what print_integer writes: no blanks, no plus sign, no leading zeros, no "-0".
bool parse_integer(std::string_view text, int64_t& value) noexcept;

// Finite or infinite decimal numbers without blanks around them; never NaN, never empty.
bool parse_double(std::string_view text, double& value) noexcept;
bool parse_long_double(std::string_view text, long double& value) noexcept;

// Returns the number of characters written; `out` holds kIntegerCharsMax.
size_t print_integer(char* out, int64_t value) noexcept;

// Shortest form that reads back to the same double ("0.1", "3", "1e+100"); `out` holds 32.
size_t print_double(char* out, double value) noexcept;

// Seventeen digits behind the point without trailing zeros and without an exponent, as the replies
// of INCRBYFLOAT; `out` holds kDoubleCharsMax. 0 when it does not fit.
size_t print_long_double(char* out, long double value) noexcept;

// "3.14" for two digits: for people to read, in any locale.
std::string fixed(double value, int digits);

}  // namespace synap
