#include "core/commands/context.h"
#include "core/base/glob.h"
#include "core/base/limits.h"

#include <gtest/gtest.h>

#include <string>

namespace synap {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
    return glob_match(pattern, text, false);
}

TEST(GlobMatch, LiteralsAndWildcards) {
    EXPECT_TRUE(matches("", ""));
    EXPECT_FALSE(matches("", "a"));
    EXPECT_FALSE(matches("a", ""));
    EXPECT_FALSE(matches("*", ""));  // so does Redis, whose commands know "*" by itself
    EXPECT_TRUE(matches("*", "anything"));
    EXPECT_TRUE(matches("h?llo", "hello"));
    EXPECT_FALSE(matches("h?llo", "hllo"));
    EXPECT_TRUE(matches("h*llo", "heeeello"));
    EXPECT_TRUE(matches("h**llo", "hllo"));
    EXPECT_TRUE(matches("*a*b*", "xxaxxbxx"));
    EXPECT_FALSE(matches("*a*b", "xxaxxbx"));
    EXPECT_TRUE(matches("*ab", "aab"));
    EXPECT_FALSE(matches("a?", "a"));
}

TEST(GlobMatch, Classes) {
    EXPECT_TRUE(matches("h[ae]llo", "hallo"));
    EXPECT_FALSE(matches("h[ae]llo", "hillo"));
    EXPECT_TRUE(matches("h[^e]llo", "hallo"));
    EXPECT_FALSE(matches("h[^e]llo", "hello"));
    EXPECT_TRUE(matches("h[a-b]llo", "hbllo"));
    EXPECT_TRUE(matches("h[b-a]llo", "hbllo"));
    EXPECT_FALSE(matches("h[a-b]llo", "hcllo"));
    EXPECT_TRUE(matches("[\\]]", "]"));
    EXPECT_TRUE(matches("[a-]", "a"));
    // A class that never ends reaches the end of the pattern.
    EXPECT_TRUE(matches("[abc", "c"));
    EXPECT_FALSE(matches("[abc", "d"));
    EXPECT_FALSE(matches("[", "["));
}

TEST(GlobMatch, Escapes) {
    EXPECT_TRUE(matches("h\\*llo", "h*llo"));
    EXPECT_FALSE(matches("h\\*llo", "hello"));
    EXPECT_TRUE(matches("\\[a]", "[a]"));
    EXPECT_TRUE(matches("a\\", "a\\"));
}

TEST(GlobMatch, Cases) {
    EXPECT_FALSE(matches("HELLO", "hello"));
    EXPECT_TRUE(glob_match("HE[L-M]*", "hello", true));
    EXPECT_TRUE(glob_match("he*", "HELLO", true));
}

TEST(GlobMatch, SegmentsAreTakenWhereTheyComeFirst) {
    EXPECT_TRUE(matches("a*bc*bc", "abcxbc"));
    EXPECT_FALSE(matches("a*bc*bc", "abc"));
    EXPECT_TRUE(matches("*?b*", "aab"));
    EXPECT_FALSE(matches("*?a*", "abb"));
    EXPECT_TRUE(matches("*[ab]c*", "xxacx"));
    EXPECT_TRUE(matches("**", "x"));
    EXPECT_FALSE(matches("*", ""));
    EXPECT_TRUE(matches("*a", "a"));
    EXPECT_FALSE(matches("a*a", "a"));
    EXPECT_TRUE(glob_match("*BC*", "aabcc", true));
}

// Fault case 17: 8.4 s on the way to "no".
TEST(GlobMatch, ALongNameAndALongPatternTakeLinearSteps) {
    const std::string name(100'000, 'a');
    std::string stars;
    for (int i = 0; i < 50'000; ++i) stars += "*a";
    const std::string tail = std::string(50'000, 'a') + "b";
    const uint64_t linear = 4 * (name.size() + 2 * tail.size());
    for (const std::string& pattern : {"*" + tail, "*" + tail + "*", stars + "b", stars + "*b*",
                                       "*a*" + tail + "*", "*a" + tail + "*a" + tail}) {
        uint64_t steps = 0;
        EXPECT_FALSE(glob_match(pattern, name, false, &steps)) << pattern.substr(0, 20);
        EXPECT_LE(steps, linear) << pattern.substr(0, 20);
    }
    uint64_t steps = 0;
    EXPECT_TRUE(glob_match(stars + "*", name, false, &steps));
    EXPECT_LE(steps, linear);
}

// What can not be linear has an end.
TEST(GlobMatch, WildcardsBetweenStarsHaveALimit) {
    const std::string name(100'000, 'a');
    for (const std::string& segment :
         {"?" + std::string(50'000, 'a') + "b", "[" + std::string(50'000, 'b') + "]",
          std::string(50'000, 'a') + "[b]"}) {
        uint64_t steps = 0;
        EXPECT_FALSE(glob_match("*" + segment + "*", name, false, &steps));
        EXPECT_LE(steps, limits::kGlobSteps + 200'000);
    }
}

TEST(GlobMatch, ManyStarsTakeNoExponentialTime) {
    std::string pattern;
    for (int i = 0; i < 50; ++i) pattern += "a*";
    EXPECT_FALSE(matches(pattern + "b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace synap
