// Text of commands and options: names are compared and shown without regard to case. ASCII only.
#pragma once

#include <string>
#include <string_view>

namespace synap {

// `upper` is in upper case already.
bool equals_ignoring_case(std::string_view text, std::string_view upper) noexcept;
std::string to_lower(std::string_view text);

}  // namespace synap
