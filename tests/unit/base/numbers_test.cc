#include "core/base/numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace synap {
namespace {

constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
constexpr int64_t kHighest = std::numeric_limits<int64_t>::max();

std::string printed(int64_t value) {
    char buffer[kIntegerCharsMax];
    return {buffer, print_integer(buffer, value)};
}

std::string printed(double value) {
    char buffer[32];
    return {buffer, print_double(buffer, value)};
}

std::string printed(long double value) {
    char buffer[kDoubleCharsMax];
    return {buffer, print_long_double(buffer, value)};
}

TEST(ParseInteger, AcceptsWhatPrintIntegerWrites) {
    for (const int64_t value : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{9}, int64_t{10},
                                int64_t{-10}, kHighest, kHighest - 1, kLowest, kLowest + 1}) {
        int64_t read = 77;
        ASSERT_TRUE(parse_integer(printed(value), read)) << value;
        EXPECT_EQ(read, value);
    }
}

TEST(ParseInteger, BoundsAreExact) {
    int64_t value = 77;
    EXPECT_TRUE(parse_integer("9223372036854775807", value));
    EXPECT_TRUE(parse_integer("-9223372036854775808", value));
    for (const char* text :
         {"9223372036854775808", "-9223372036854775809", "18446744073709551615",
          "18446744073709551616", "-18446744073709551616", "99999999999999999999",
          "100000000000000000000", "-99999999999999999999"}) {
        value = 77;
        EXPECT_FALSE(parse_integer(text, value)) << text;
        EXPECT_EQ(value, 77);
    }
}

// Each of these would change when printed again, so INCR must refuse it and SET must keep it.
TEST(ParseInteger, RefusesWhatWouldNotPrintTheSame) {
    for (const std::string& text :
         {std::string(),      std::string("-"),   std::string("+1"),     std::string("-0"),
          std::string("00"),  std::string("01"),  std::string("-01"),    std::string(" 1"),
          std::string("1 "),  std::string("1\n"), std::string("1\0", 2), std::string("\0", 1),
          std::string("1.0"), std::string("1e3"), std::string("0x10"),   std::string("--1"),
          std::string("1-"),  std::string("a"),   std::string("/"),      std::string(":"),
          std::string("\xb1")}) {
        int64_t value = 77;
        EXPECT_FALSE(parse_integer(text, value)) << text;
        EXPECT_EQ(value, 77);
    }
}

TEST(ParseDouble, AcceptsDecimalsExponentsAndInfinities) {
    double value = 0;
    ASSERT_TRUE(parse_double("3.0e3", value));
    EXPECT_EQ(value, 3000.0);
    ASSERT_TRUE(parse_double("-.5", value));
    EXPECT_EQ(value, -0.5);
    ASSERT_TRUE(parse_double("+inf", value));
    EXPECT_TRUE(std::isinf(value));
    ASSERT_TRUE(parse_double("5e-324", value));
    EXPECT_GT(value, 0.0);
}

TEST(ParseDouble, RefusesBlanksRestsNansAndOverflow) {
    for (const std::string& text :
         {std::string(), std::string(" 1"), std::string("1 "), std::string("\t1"),
          std::string("1\0", 2), std::string("1x"), std::string("nan"), std::string("-nan"),
          std::string("nan(1)"), std::string("1e400"), std::string("-1e400"), std::string("1e-400"),
          std::string("."), std::string("e1"), std::string("1e"), std::string("--1"),
          std::string(kDoubleCharsMax, '1')}) {
        double value = 77;
        EXPECT_FALSE(parse_double(text, value)) << text;
        EXPECT_EQ(value, 77);
        long double wide = 77;
        if (text.find("400") == std::string::npos) {
            EXPECT_FALSE(parse_long_double(text, wide)) << text;
        }
    }
}

TEST(PrintDouble, IsShortestAndReadsBack) {
    EXPECT_EQ(printed(0.1), "0.1");
    EXPECT_EQ(printed(3.0), "3");
    EXPECT_EQ(printed(1e100), "1e+100");
    EXPECT_EQ(printed(-2.5), "-2.5");
    EXPECT_EQ(printed(std::numeric_limits<double>::infinity()), "inf");
    EXPECT_EQ(printed(-std::numeric_limits<double>::infinity()), "-inf");
    for (const double value : {0.1 + 0.2, 1.0 / 3, 1e-310, std::numeric_limits<double>::max(),
                               std::numeric_limits<double>::min()}) {
        double read = 0;
        ASSERT_TRUE(parse_double(printed(value), read));
        EXPECT_EQ(read, value);
    }
}

TEST(PrintLongDouble, HasNoExponentAndNoTrailingZeros) {
    EXPECT_EQ(printed(0.0L), "0");
    EXPECT_EQ(printed(-0.0L), "0");
    EXPECT_EQ(printed(3.0L), "3");
    EXPECT_EQ(printed(-3.5L), "-3.5");
    EXPECT_EQ(printed(100.0L), "100");
    EXPECT_EQ(printed(5.0e3L), "5000");
    EXPECT_EQ(printed(1e20L), "100000000000000000000");
    EXPECT_EQ(printed(-1e-30L), "0");
}

// The sums of Redis' documentation of INCRBYFLOAT.
TEST(PrintLongDouble, SumsLookAsPeopleExpect) {
    long double a = 0;
    long double b = 0;
    ASSERT_TRUE(parse_long_double("10.50", a) && parse_long_double("0.1", b));
    EXPECT_EQ(printed(a + b), "10.6");
    ASSERT_TRUE(parse_long_double("5.0e3", a) && parse_long_double("2.0e2", b));
    EXPECT_EQ(printed(a + b), "5200");
    ASSERT_TRUE(parse_long_double("3.0", a) && parse_long_double("1.000000000000000001", b));
    EXPECT_EQ(printed(a + b), "4");
}

TEST(PrintLongDouble, TheLargestFits) {
    const long double largest = std::numeric_limits<long double>::max();
    const std::string text = printed(largest);
    EXPECT_GT(text.size(), 4900u);
    EXPECT_LE(text.size(), kDoubleCharsMax);
    long double read = 0;
    ASSERT_TRUE(parse_long_double(text, read));
    EXPECT_EQ(read, largest);
}

}  // namespace
}  // namespace synap
