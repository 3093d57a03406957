// Patterns of names, as Redis reads them: * ? [a-z] [^a] and backslash. Nothing matches an empty
// text but an empty pattern.
//
// Cost: linear in the text and the pattern where what stands between two stars is plain text or
// fails early. Between stars, ? and classes can cost their product: after limits::kGlobSteps steps
// the text counts as one that does not match.
#pragma once

#include <cstdint>
#include <string_view>

namespace synap {

// Adds to `steps`, if any, the bytes of text and pattern that were looked at.
bool glob_match(std::string_view pattern, std::string_view text, bool ignore_case,
                uint64_t* steps = nullptr) noexcept;

}  // namespace synap
