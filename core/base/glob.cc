#include "core/base/glob.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/limits.h"

namespace synap {
namespace {

char fold(char c, bool ignore_case) noexcept {
    return ignore_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Matches one character against the class that starts behind '['; `at` moves behind the class.
bool class_match(std::string_view pattern, size_t& at, char c, bool ignore_case) noexcept {
    const bool negated = at < pattern.size() && pattern[at] == '^';
    if (negated) ++at;
    bool matched = false;
    for (;; ++at) {
        if (at >= pattern.size()) break;
        if (pattern[at] == '\\' && at + 1 < pattern.size()) {
            ++at;
            matched = matched || pattern[at] == c;
        } else if (pattern[at] == ']') {
            ++at;
            break;
        } else if (at + 2 < pattern.size() && pattern[at + 1] == '-') {
            char low = fold(pattern[at], ignore_case);
            char high = fold(pattern[at + 2], ignore_case);
            if (low > high) std::swap(low, high);
            const char folded = fold(c, ignore_case);
            matched = matched || (folded >= low && folded <= high);
            at += 2;
        } else {
            matched = matched || fold(pattern[at], ignore_case) == fold(c, ignore_case);
        }
    }
    return matched != negated;
}

// Matches one character against the element at `at`, which moves behind it.
bool element_match(std::string_view pattern, size_t& at, char c, bool ignore_case) noexcept {
    if (pattern[at] == '[') return class_match(pattern, ++at, c, ignore_case);
    if (pattern[at] == '?') {
        ++at;
        return true;
    }
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    return fold(pattern[at++], ignore_case) == fold(c, ignore_case);
}

// What stands between two stars: elements that match one character each.
struct Segment {
    std::string_view pattern;
    size_t length = 0;  // characters that it matches
    bool is_plain = true;
};

class Matcher {
public:
    Matcher(std::string_view text, bool ignore_case) noexcept
        : text_(text), ignore_case_(ignore_case) {}

    uint64_t steps() const noexcept { return steps_; }

    // Takes the segment that `pattern` begins with.
    Segment take(std::string_view& pattern) noexcept {
        Segment segment;
        size_t at = 0;
        while (at < pattern.size() && pattern[at] != '*') {
            const char c = pattern[at];
            segment.is_plain = segment.is_plain && c != '?' && c != '[' && c != '\\';
            element_match(pattern, at, 0, ignore_case_);
            ++segment.length;
        }
        segment.pattern = pattern.substr(0, at);
        pattern.remove_prefix(at);
        steps_ += at;
        return segment;
    }

    bool matches_at(const Segment& segment, size_t from) noexcept {
        if (segment.length > text_.size() - from) return false;
        size_t at = 0;
        bool matched = true;
        for (size_t i = from; matched && at < segment.pattern.size(); ++i) {
            matched = element_match(segment.pattern, at, text_[i], ignore_case_);
        }
        steps_ += at;
        return matched;
    }

    // The first place from `from` on where the segment matches; npos for none.
    size_t find(const Segment& segment, size_t from) noexcept {
        const bool plain = segment.is_plain && !ignore_case_;
        if (plain) return find_plain(segment.pattern, from);
        for (; segment.length <= text_.size() - from; ++from) {
            if (matches_at(segment, from)) return from;
            if (steps_ > limits::kGlobSteps || from == text_.size()) break;
        }
        return std::string_view::npos;
    }

private:
    // memmem is linear, which std::string_view::find is not.
    size_t find_plain(std::string_view wanted, size_t from) noexcept {
        const void* found =
            memmem(text_.data() + from, text_.size() - from, wanted.data(), wanted.size());
        const size_t at = found == nullptr
                              ? std::string_view::npos
                              : static_cast<size_t>(static_cast<const char*>(found) - text_.data());
        steps_ += wanted.size() + (found == nullptr ? text_.size() : at) - from;
        return at;
    }

    const std::string_view text_;
    const bool ignore_case_;
    uint64_t steps_ = 0;
};

// The first segment stands at the beginning, the last at the end; each other is taken where it
// comes first, which leaves the most for those behind it.
bool match(std::string_view pattern, std::string_view text, Matcher& matcher) noexcept {
    if (text.empty()) return pattern.empty();
    const Segment first = matcher.take(pattern);
    if (pattern.empty()) return first.length == text.size() && matcher.matches_at(first, 0);
    if (!matcher.matches_at(first, 0)) return false;
    size_t at = first.length;
    for (;;) {
        pattern.remove_prefix(std::min(pattern.find_first_not_of('*'), pattern.size()));
        if (pattern.empty()) return true;
        const Segment segment = matcher.take(pattern);
        if (segment.length > text.size() - at) return false;
        if (pattern.empty()) return matcher.matches_at(segment, text.size() - segment.length);
        at = matcher.find(segment, at);
        if (at == std::string_view::npos) return false;
        at += segment.length;
    }
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text, bool ignore_case,
                uint64_t* steps) noexcept {
    Matcher matcher(text, ignore_case);
    const bool matched = match(pattern, text, matcher);
    if (steps != nullptr) *steps += matcher.steps();
    return matched;
}

}  // namespace synap
