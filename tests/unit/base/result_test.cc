#include "core/base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace synap {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return Error{Code::kInvalidArgument, "odd"};
    return value / 2;
}

Status halves_twice(int value) {
    SYNAP_TRY(half(value));
    SYNAP_TRY(half(value / 2));
    return {};
}

TEST(Result, HoldsAValueOrAnError) {
    Result<int> good = half(4);
    ASSERT_TRUE(good);
    EXPECT_EQ(*good, 2);
    const Result<int> bad = half(3);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().code, Code::kInvalidArgument);
    EXPECT_EQ(bad.error().message, "odd");
}

TEST(Result, TryReturnsTheFirstError) {
    EXPECT_TRUE(halves_twice(4));
    EXPECT_FALSE(halves_twice(3));
    EXPECT_FALSE(halves_twice(2));
}

TEST(Result, MovesWhatCannotBeCopied) {
    Result<std::unique_ptr<std::string>> result(std::make_unique<std::string>("here"));
    const std::unique_ptr<std::string> taken = *std::move(result);
    EXPECT_EQ(*taken, "here");
}

TEST(ResultDeathTest, LookingAtWhatIsNotThereStopsTheProcess) {
    Result<int> bad = half(3);
    EXPECT_DEATH(static_cast<void>(*bad), "invariant broken");
    Status good;
    EXPECT_DEATH(static_cast<void>(good.error()), "invariant broken");
}

}  // namespace
}  // namespace synap
