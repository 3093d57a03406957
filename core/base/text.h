// Text of commands and options: names are compared and shown without regard to case. ASCII only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace synap {

// `upper` is in upper case already.
bool equals_ignoring_case(std::string_view text, std::string_view upper) noexcept;
std::string to_lower(std::string_view text);
// 16 digits.
std::string hexadecimal(uint64_t value);

}  // namespace synap
