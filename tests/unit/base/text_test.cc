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

}  // namespace
}  // namespace synap
