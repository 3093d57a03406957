#include "core/base/text.h"

#include <gtest/gtest.h>

namespace synap {
namespace {

TEST(Text, CompareAndFoldAsciiOnly) {
    EXPECT_TRUE(equals_ignoring_case("keepTTL", "KEEPTTL"));
    EXPECT_FALSE(equals_ignoring_case("KEEPTT", "KEEPTTL"));
    EXPECT_FALSE(equals_ignoring_case("`", "@"));
    EXPECT_EQ(to_lower("SYNAP.CAS|\xC4"), "synap.cas|\xC4");
}

TEST(Text, Hexadecimal) {
    EXPECT_EQ(hexadecimal(0), "0000000000000000");
    EXPECT_EQ(hexadecimal(0x0123456789abcdef), "0123456789abcdef");
    EXPECT_EQ(hexadecimal(UINT64_MAX), "ffffffffffffffff");
}

}  // namespace
}  // namespace synap
