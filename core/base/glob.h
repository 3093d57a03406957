// Glob patterns as KEYS, SCAN and CONFIG GET understand them.
#pragma once

#include <string_view>

namespace synap {

enum class Case : bool { kExact, kIgnore };

// Whether `pattern` matches all of `text`: '*' any bytes, '?' one byte, "[a-z]" and "[^a-z]" one
// byte of a set, '\' takes the next byte literally. A set without its ']' ends with the pattern.
// Takes at most pattern.size() * text.size() steps and no memory, whatever the pattern.
bool glob_match(std::string_view pattern, std::string_view text, Case match = Case::kExact) noexcept;

}  // namespace synap
