#include "core/base/glob.h"

#include <cstddef>
#include <utility>

namespace synap {
namespace {

char fold(char c, Case match) noexcept {
    const bool is_upper = c >= 'A' && c <= 'Z';
    return match == Case::kIgnore && is_upper ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool in_range(char first, char last, char c, Case match) noexcept {
    auto low = static_cast<unsigned char>(first);
    auto high = static_cast<unsigned char>(last);
    if (low > high) {
        std::swap(low, high);
    }
    const auto byte = static_cast<unsigned char>(fold(c, match));
    return byte >= static_cast<unsigned char>(fold(static_cast<char>(low), match)) &&
           byte <= static_cast<unsigned char>(fold(static_cast<char>(high), match));
}

// Matches `c` with the set that starts at pattern[at] == '[' and moves `at` behind the set.
bool match_set(std::string_view pattern, size_t& at, char c, Case match) noexcept {
    ++at;
    const bool negated = at < pattern.size() && pattern[at] == '^';
    at += negated ? 1 : 0;
    bool found = false;
    while (at < pattern.size() && pattern[at] != ']') {
        if (pattern[at] == '\\' && at + 1 < pattern.size()) {
            found |= pattern[at + 1] == c;
            at += 2;
        } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
            found |= in_range(pattern[at], pattern[at + 2], c, match);
            at += 3;
        } else {
            found |= fold(pattern[at], match) == fold(c, match);
            at += 1;
        }
    }
    at += at < pattern.size() ? 1 : 0;
    return found != negated;
}

// Matches one byte with the element at pattern[at], which is not '*', and moves `at` behind it.
bool match_one(std::string_view pattern, size_t& at, char c, Case match) noexcept {
    switch (pattern[at]) {
        case '?':
            ++at;
            return true;
        case '[':
            return match_set(pattern, at, c, match);
        case '\\':
            at += at + 1 < pattern.size() ? 1 : 0;
            [[fallthrough]];
        default:
            return fold(pattern[at++], match) == fold(c, match);
    }
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text, Case match) noexcept {
    // Only the last '*' needs to be tried again: what an earlier one could take in addition, the
    // last one can take as well.
    size_t after_star = std::string_view::npos;
    size_t retry_text = 0;
    size_t at = 0;
    size_t i = 0;
    while (i < text.size()) {
        if (at < pattern.size() && pattern[at] == '*') {
            after_star = ++at;
            retry_text = i;
            continue;
        }
        if (at < pattern.size() && match_one(pattern, at, text[i], match)) {
            ++i;
            continue;
        }
        if (after_star == std::string_view::npos) {
            return false;
        }
        at = after_star;
        i = ++retry_text;
    }
    while (at < pattern.size() && pattern[at] == '*') {
        ++at;
    }
    return at == pattern.size();
}

}  // namespace synap
