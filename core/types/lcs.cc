#include "core/types/lcs.h"

#include <algorithm>
#include <bit>

#include "core/base/assert.h"

namespace synap {
namespace {

constexpr size_t kWordBits = 64;

// For each byte value that occurs in `a`, where it stands in `b`.
class Occurrences {
public:
    Occurrences(std::string_view a, std::string_view b, size_t words) : words_(words) {
        std::fill(std::begin(row_), std::end(row_), kAbsent);
        size_t rows = 0;
        for (const char c : a) {
            uint32_t& row = row_[static_cast<uint8_t>(c)];
            if (row == kAbsent) row = static_cast<uint32_t>(rows++);
        }
        bits_.resize(rows * words);
        for (size_t j = 0; j < b.size(); ++j) {
            const uint32_t row = row_[static_cast<uint8_t>(b[j])];
            if (row != kAbsent) {
                bits_[row * words + j / kWordBits] |= uint64_t{1} << (j % kWordBits);
            }
        }
    }
    const uint64_t* of(char c) const noexcept {
        return bits_.data() + row_[static_cast<uint8_t>(c)] * words_;
    }

private:
    static constexpr uint32_t kAbsent = 256;

    const size_t words_;
    uint32_t row_[256];
    std::vector<uint64_t> bits_;
};

// Hyyrö's step from one row to the next: an addition whose carries move each step of the length to
// the first match at or before it.
void next_row(const uint64_t* before, const uint64_t* occurs, uint64_t* after,
              size_t words) noexcept {
    uint64_t carry = 0;
    for (size_t w = 0; w < words; ++w) {
        const uint64_t flat = before[w];
        const uint64_t matched = flat & occurs[w];
        uint64_t sum = 0;
        uint64_t carry_out = __builtin_add_overflow(flat, matched, &sum) ? 1 : 0;
        carry_out |= __builtin_add_overflow(sum, carry, &sum) ? 1 : 0;
        carry = carry_out;
        after[w] = sum | (flat & ~occurs[w]);
    }
}

}  // namespace

Lcs::Lcs(std::string_view a, std::string_view b, bool with_path)
    : a_(a),
      b_(b),
      words_((b.size() + kWordBits - 1) / kWordBits),
      with_path_(with_path),
      flat_(words_ * (with_path ? a.size() + 1 : 1), ~uint64_t{0}) {
    SYNAP_ASSERT(a.size() < UINT32_MAX - 1 && b.size() < UINT32_MAX - 1);
    const Occurrences occurrences(a, b, words_);
    uint64_t* row = flat_.data();
    for (const char c : a) {
        uint64_t* next = with_path ? row + words_ : row;
        next_row(row, occurrences.of(c), next, words_);
        row = next;
    }
}

// Bits behind the end of `b` occur nowhere, so they stay set.
uint32_t Lcs::length() const noexcept {
    uint32_t steps = 0;
    for (size_t w = flat_.size() - words_; w < flat_.size(); ++w) {
        steps += static_cast<uint32_t>(std::popcount(~flat_[w]));
    }
    return steps;
}

template <typename Visit>
void Lcs::walk_back(Visit&& visit) const {
    SYNAP_ASSERT(with_path_);
    size_t i = a_.size();
    size_t j = b_.size();
    while (i > 0 && j > 0) {
        if (a_[i - 1] == b_[j - 1]) {
            visit(static_cast<uint32_t>(--i), static_cast<uint32_t>(--j));
            continue;
        }
        // Where bytes differ, a step from the left means that the length came from above.
        const uint64_t word = flat_[i * words_ + (j - 1) / kWordBits];
        const bool stepped = (word >> ((j - 1) % kWordBits) & 1) == 0;
        --(stepped ? i : j);
    }
}

std::string Lcs::text() const {
    std::string text(length(), '\0');
    size_t at = text.size();
    walk_back([&](uint32_t i, uint32_t) { text[--at] = a_[i]; });
    return text;
}

std::vector<LcsMatch> Lcs::matches() const {
    std::vector<LcsMatch> matches;
    walk_back([&](uint32_t i, uint32_t j) {
        LcsMatch* later = matches.empty() ? nullptr : &matches.back();
        if (later != nullptr && later->a_first == i + 1 && later->b_first == j + 1) {
            later->a_first = i;
            later->b_first = j;
        } else {
            matches.push_back({i, i, j, j});
        }
    });
    return matches;
}

}  // namespace synap
