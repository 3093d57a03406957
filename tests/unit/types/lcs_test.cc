#include "core/types/lcs.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace synap {
namespace {

// The classic table, and the way back that Redis takes through it.
struct Reference {
    uint32_t length = 0;
    std::string text;
    std::vector<LcsMatch> matches;
};

Reference reference(const std::string& a, const std::string& b) {
    std::vector<std::vector<uint32_t>> table(a.size() + 1, std::vector<uint32_t>(b.size() + 1));
    for (size_t i = 1; i <= a.size(); ++i) {
        for (size_t j = 1; j <= b.size(); ++j) {
            table[i][j] = a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1
                                               : std::max(table[i - 1][j], table[i][j - 1]);
        }
    }
    Reference result;
    result.length = table[a.size()][b.size()];
    auto i = static_cast<uint32_t>(a.size());
    auto j = static_cast<uint32_t>(b.size());
    bool contiguous = false;
    while (i > 0 && j > 0) {
        if (a[i - 1] == b[j - 1]) {
            --i, --j;
            result.text.insert(result.text.begin(), a[i]);
            if (contiguous) {
                result.matches.back().a_first = i;
                result.matches.back().b_first = j;
            } else {
                result.matches.push_back({i, i, j, j});
            }
            contiguous = true;
        } else {
            contiguous = false;
            --(table[i - 1][j] > table[i][j - 1] ? i : j);
        }
    }
    return result;
}

void expect_like_reference(const std::string& a, const std::string& b) {
    const Reference expected = reference(a, b);
    EXPECT_EQ(Lcs(a, b, false).length(), expected.length);
    const Lcs lcs(a, b, true);
    EXPECT_EQ(lcs.length(), expected.length);
    EXPECT_EQ(lcs.text(), expected.text);
    const auto matches = lcs.matches();
    ASSERT_EQ(matches.size(), expected.matches.size());
    for (size_t i = 0; i < matches.size(); ++i) {
        EXPECT_EQ(matches[i].a_first, expected.matches[i].a_first);
        EXPECT_EQ(matches[i].a_last, expected.matches[i].a_last);
        EXPECT_EQ(matches[i].b_first, expected.matches[i].b_first);
        EXPECT_EQ(matches[i].b_last, expected.matches[i].b_last);
        EXPECT_EQ(matches[i].length(), matches[i].b_last - matches[i].b_first + 1);
    }
}

TEST(Lcs, OfRedisExample) {
    const Lcs lcs("ohmytext", "mynewtext", true);
    EXPECT_EQ(lcs.text(), "mytext");
    EXPECT_EQ(lcs.length(), 6u);
    ASSERT_EQ(lcs.matches().size(), 2u);
    EXPECT_EQ(lcs.matches()[0].a_first, 4u);
    EXPECT_EQ(lcs.matches()[0].b_last, 8u);
}

TEST(Lcs, OfNothing) {
    expect_like_reference("", "");
    expect_like_reference("abc", "");
    expect_like_reference("", "abc");
    expect_like_reference("abc", "xyz");
}

TEST(Lcs, CrossesWordBoundaries) {
    for (const size_t size : {63u, 64u, 65u, 127u, 128u, 129u, 200u}) {
        const std::string same(size, 'a');
        expect_like_reference(same, same);
        expect_like_reference("a", same);
        expect_like_reference(same, "a");
        expect_like_reference(same, "b" + same);
        expect_like_reference(same + "b", same);
    }
}

TEST(Lcs, ChoosesAsTheClassicTableDoes) {
    std::mt19937 random(1);
    for (int round = 0; round < 400; ++round) {
        const auto letters = static_cast<unsigned>(1 + round % 7);
        const auto text = [&] {
            std::string made(random() % 150, '\0');
            for (char& c : made) c = static_cast<char>(250 + random() % letters);
            return made;
        };
        const std::string a = text();
        expect_like_reference(a, text());
    }
}

TEST(Lcs, StatesTheBytesOfTheClassicTable) {
    EXPECT_EQ(Lcs::table_bytes(0, 0), 4u);
    EXPECT_EQ(Lcs::table_bytes(3, 4), 80u);
    const uint64_t largest = (512ull << 20) + 1;
    EXPECT_EQ(Lcs::table_bytes(largest - 1, largest - 1), largest * largest * 4);
}

}  // namespace
}  // namespace synap
