#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class StringRangesTest : public CommandTest {};

TEST_F(StringRangesTest, AppendStartsExtendsAndCounts) {
    EXPECT_EQ(run("APPEND k 12"), ":2");
    EXPECT_EQ(run("OBJECT ENCODING k"), "$int");
    EXPECT_EQ(run("APPEND k x"), ":3");
    EXPECT_EQ(run("OBJECT ENCODING k"), "$raw");
    EXPECT_EQ(run("GET k"), "$12x");
    EXPECT_EQ(run("APPEND empty ''"), ":0");
    EXPECT_EQ(run("EXISTS empty"), ":1");
    run("SET k v EX 10");
    EXPECT_EQ(run("APPEND k ''"), ":1");
    EXPECT_EQ(run("OBJECT ENCODING k"), "$raw");
    EXPECT_EQ(run("TTL k"), ":10");
}

TEST_F(StringRangesTest, AppendGrowsThroughEveryStorage) {
    std::string expected;
    for (int i = 0; i < 300; ++i) {
        const std::string part(static_cast<size_t>(i), static_cast<char>('a' + i % 26));
        expected += part;
        ASSERT_EQ(run_words({"APPEND", "k", part}), ":" + std::to_string(expected.size()));
    }
    EXPECT_EQ(run("GET k"), "$" + expected);
    const std::string large(70'000, 'z');
    EXPECT_EQ(run_words({"APPEND", "new", large}), ":70000");
    EXPECT_EQ(run("APPEND new !"), ":70001");
    EXPECT_EQ(run("GET new"), "$" + large + "!");
}

TEST_F(StringRangesTest, AppendToAValueThatAReplyHoldsLeavesTheReply) {
    const std::string large(70'000, 'z');
    run_words({"SET", "k", large});
    run("APPEND k 1");
    EXPECT_EQ(run("COPY k other"), ":1");
    EXPECT_EQ(run("APPEND k 2"), ":70002");
    EXPECT_EQ(run("GET other"), "$" + large + "1");
    EXPECT_EQ(run("GET k"), "$" + large + "12");
}

TEST_F(StringRangesTest, SetrangeWritesInsideAndBeyond) {
    run_words({"SET", "k", "Hello World"});
    EXPECT_EQ(run("SETRANGE k 6 Redis"), ":11");
    EXPECT_EQ(run("GET k"), "$Hello Redis");
    EXPECT_EQ(run("SETRANGE k 10 long"), ":14");
    EXPECT_EQ(run("GET k"), "$Hello Redilong");
    EXPECT_EQ(run("SETRANGE missing 3 x"), ":4");
    EXPECT_EQ(run("GET missing"), "$" + std::string("\0\0\0x", 4));
    EXPECT_EQ(run("OBJECT ENCODING missing"), "$raw");
    run("SET n 123 EX 10");
    EXPECT_EQ(run("SETRANGE n 1 9"), ":3");
    EXPECT_EQ(run("GET n"), "$193");
    EXPECT_EQ(run("TTL n"), ":10");
}

TEST_F(StringRangesTest, SetrangeOfNothingChangesNothing) {
    EXPECT_EQ(run("SETRANGE k 5 ''"), ":0");
    EXPECT_EQ(run("EXISTS k"), ":0");
    run("SET k 123");
    EXPECT_EQ(run("SETRANGE k 99999999999 ''"), ":3");
    EXPECT_EQ(run("OBJECT ENCODING k"), "$int");
}

TEST_F(StringRangesTest, SetrangeRefusesOffsets) {
    EXPECT_EQ(run("SETRANGE k -1 x"), "-ERR offset is out of range");
    EXPECT_EQ(run("SETRANGE k -1 ''"), "-ERR offset is out of range");
    EXPECT_EQ(run("SETRANGE k abc x"), kNotAnInteger);
    EXPECT_EQ(run("SETRANGE k 536870912 x"), kTooLong);
    EXPECT_EQ(run("SETRANGE k 9223372036854775807 x"), kTooLong);
    EXPECT_EQ(run("EXISTS k"), ":0");
}

TEST_F(StringRangesTest, LengthIsLimitedByConfiguration) {
    Options options;
    ASSERT_TRUE(options.set(OptionId::kValueBytes, "10"));
    start(options);
    EXPECT_EQ(run("SETRANGE k 9 x"), ":10");
    EXPECT_EQ(run("SETRANGE k 9 xy"), kTooLong);
    EXPECT_EQ(run("APPEND k x"), kTooLong);
    EXPECT_EQ(run("APPEND k ''"), ":10");
    EXPECT_EQ(run("STRLEN k"), ":10");
}

TEST_F(StringRangesTest, GetrangeIndexRules) {
    run_words({"SET", "k", "This is a string"});
    const auto range = [&](int64_t start, int64_t end) {
        return run("GETRANGE k " + std::to_string(start) + " " + std::to_string(end));
    };
    EXPECT_EQ(range(0, 3), "$This");
    EXPECT_EQ(range(-3, -1), "$ing");
    EXPECT_EQ(range(0, -1), "$This is a string");
    EXPECT_EQ(range(10, 100), "$string");
    EXPECT_EQ(range(5, 4), "$");
    EXPECT_EQ(range(16, 20), "$");
    EXPECT_EQ(range(-1, -3), "$");
    EXPECT_EQ(range(-100, -90), "$T");
    EXPECT_EQ(range(-90, -100), "$");
    EXPECT_EQ(range(-100, 2), "$Thi");
    EXPECT_EQ(range(3, -100), "$");
    EXPECT_EQ(range(INT64_MIN, INT64_MAX), "$This is a string");
    EXPECT_EQ(range(INT64_MAX, INT64_MIN), "$");
    EXPECT_EQ(run("SUBSTR k 0 3"), "$This");
}

TEST_F(StringRangesTest, GetrangeOfOtherValues) {
    EXPECT_EQ(run("GETRANGE missing 0 -1"), "$");
    EXPECT_EQ(run("GETRANGE missing a 1"), kNotAnInteger);
    EXPECT_EQ(run("GETRANGE missing 1 a"), kNotAnInteger);
    run("SET k ''");
    EXPECT_EQ(run("GETRANGE k 0 0"), "$");
    EXPECT_EQ(run("GETRANGE k -1 -1"), "$");
    run("SET k -12345");
    EXPECT_EQ(run("GETRANGE k 0 2"), "$-12");
    EXPECT_EQ(run("GETRANGE k 0 -1"), "$-12345");
    const std::string large = std::string(30'000, 'a') + std::string(30'000, 'b');
    run_words({"SET", "k", large});
    EXPECT_EQ(run("GETRANGE k 0 -1"), "$" + large);
    EXPECT_EQ(run("GETRANGE k 29998 30001"), "$aabb");
}

}  // namespace
}  // namespace synap
