// The longest common subsequence of two byte strings, one bit for each pair of bytes.
//
// Along a row of the classic table of lengths each cell equals its left neighbour or exceeds it by
// one. Only that step is kept: 64 cells are computed by a few word operations, and a bit is enough
// to find the way back. Of several longest subsequences the choice is the one Redis makes.
// Thread safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace synap {

// A run of equal bytes that belongs to the subsequence; places are inclusive.
struct LcsMatch {
    uint32_t a_first;
    uint32_t a_last;
    uint32_t b_first;
    uint32_t b_last;

    uint32_t length() const noexcept { return a_last - a_first + 1; }
};

class Lcs {
public:
    // Bytes of the classic table, by which Redis refuses inputs; this one takes no more than twice
    // that, and a sixteenth of it for inputs of like length.
    static constexpr uint64_t table_bytes(uint64_t a, uint64_t b) noexcept {
        return (a + 1) * (b + 1) * sizeof(uint32_t);
    }

    // Refers to both texts, each shorter than 2^32 - 1 bytes. Without `with_path` only length() can
    // be asked for, and memory is that of a single row. Throws std::bad_alloc.
    Lcs(std::string_view a, std::string_view b, bool with_path);

    uint32_t length() const noexcept;
    std::string text() const;
    // Last match first.
    std::vector<LcsMatch> matches() const;

private:
    // Visits the common pairs of places, last first.
    template <typename Visit>
    void walk_back(Visit&& visit) const;

    const std::string_view a_;
    const std::string_view b_;
    const size_t words_;  // of one row
    const bool with_path_;
    std::vector<uint64_t> flat_;  // rows; a bit is set where the length does not step up
};

}  // namespace synap
