#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class StringNumbersTest : public CommandTest {};

constexpr const char* kOverflow = "-ERR increment or decrement would overflow";
constexpr const char* kNotAFloat = "-ERR value is not a valid float";

TEST_F(StringNumbersTest, CountsFromNothing) {
    EXPECT_EQ(run("INCR n"), ":1");
    EXPECT_EQ(run("INCRBY n 41"), ":42");
    EXPECT_EQ(run("DECR n"), ":41");
    EXPECT_EQ(run("DECRBY n 50"), ":-9");
    EXPECT_EQ(run("INCRBY n -1"), ":-10");
    EXPECT_EQ(run("DECRBY n -10"), ":0");
    EXPECT_EQ(run("DECR m"), ":-1");
    EXPECT_EQ(run("GET n"), "$0");
    EXPECT_EQ(run("OBJECT ENCODING n"), "$int");
}

TEST_F(StringNumbersTest, StopsAtTheLimitsOfIntegers) {
    run("SET n 9223372036854775806");
    EXPECT_EQ(run("INCR n"), ":9223372036854775807");
    EXPECT_EQ(run("INCR n"), kOverflow);
    EXPECT_EQ(run("INCRBY n 9223372036854775807"), kOverflow);
    EXPECT_EQ(run("GET n"), "$9223372036854775807");
    run("SET n -9223372036854775808");
    EXPECT_EQ(run("DECR n"), kOverflow);
    EXPECT_EQ(run("INCRBY n -1"), kOverflow);
    EXPECT_EQ(run("DECRBY n -9223372036854775808"), "-ERR decrement would overflow");
    EXPECT_EQ(run("INCRBY n 9223372036854775807"), ":-1");
    EXPECT_EQ(run("INCRBY missing -9223372036854775808"), ":-9223372036854775808");
}

TEST_F(StringNumbersTest, RefusesWhatIsNoInteger) {
    for (const char* text : {"abc", "1.5", "''", "+1", "01", "1x", "9223372036854775808", "-0"}) {
        run(std::string("SET n ") + text);
        EXPECT_EQ(run("INCR n"), kNotAnInteger) << text;
        EXPECT_EQ(run(std::string("INCRBY m ") + text), kNotAnInteger) << text;
        EXPECT_EQ(run(std::string("DECRBY m ") + text), kNotAnInteger) << text;
    }
    run_words({"SET", "n", " 1"});
    EXPECT_EQ(run("INCR n"), kNotAnInteger);
    EXPECT_EQ(run("EXISTS m"), ":0");
}

TEST_F(StringNumbersTest, KeepsTheDeadline) {
    run("SET n 5 PX 1000");
    EXPECT_EQ(run("INCR n"), ":6");
    EXPECT_EQ(run("INCRBYFLOAT n 0.5"), "$6.5");
    EXPECT_EQ(run("PTTL n"), ":1000");
    advance_ms(1000);
    EXPECT_EQ(run("INCR n"), ":1");
    EXPECT_EQ(run("PTTL n"), ":-1");
}

TEST_F(StringNumbersTest, ACounterWithADeadlineTakesNoMoreMemoryEachTime) {
    run("SET n 1000 EX 1000");
    const uint64_t before = engine->used_memory();
    for (int i = 0; i < 1000; ++i) run("INCR n");
    EXPECT_EQ(engine->used_memory(), before);
    EXPECT_EQ(run("GET n"), "$2000");
    advance_ms(1'000'000);
    engine->maintain();
    EXPECT_EQ(run("DBSIZE"), ":0");
}

TEST_F(StringNumbersTest, CountsInTextThatReadsAsAnInteger) {
    run("SET n 1");
    run("APPEND n 2");
    EXPECT_EQ(run("OBJECT ENCODING n"), "$raw");
    EXPECT_EQ(run("INCR n"), ":13");
    EXPECT_EQ(run("OBJECT ENCODING n"), "$int");
}

TEST_F(StringNumbersTest, FloatsPrintAsRedisPrintsThem) {
    EXPECT_EQ(run("INCRBYFLOAT f 10.50"), "$10.5");
    EXPECT_EQ(run("INCRBYFLOAT f 0.1"), "$10.6");
    EXPECT_EQ(run("INCRBYFLOAT f -5"), "$5.6");
    run("SET f 5.0e3");
    EXPECT_EQ(run("INCRBYFLOAT f 2.0e2"), "$5200");
    EXPECT_EQ(run("OBJECT ENCODING f"), "$embstr");
    EXPECT_EQ(run("INCR f"), ":5201");
    run("SET f 3.0");
    EXPECT_EQ(run("INCRBYFLOAT f 1.000000000000000005"), "$4.00000000000000001");
    EXPECT_EQ(run("INCRBYFLOAT g 0"), "$0");
    EXPECT_EQ(run("INCRBYFLOAT g -0.0"), "$0");
    EXPECT_EQ(run("INCRBYFLOAT g 1e-18"), "$0");
}

TEST_F(StringNumbersTest, FloatsReadBackWhatTheyWrote) {
    run("SET f 1e300");
    const std::string sum = run("INCRBYFLOAT f 0");
    EXPECT_EQ(sum.size(), 302u);
    EXPECT_EQ(run("INCRBYFLOAT f 0"), sum);
    EXPECT_EQ(run("INCRBYFLOAT f -1e300"), "$0");
}

TEST_F(StringNumbersTest, FloatsRefuseWhatIsNoNumber) {
    run("SET f abc");
    EXPECT_EQ(run("INCRBYFLOAT f 1"), kNotAFloat);
    for (const char* text : {"abc", "''", "1x", "nan", "1e5000", "--1"}) {
        EXPECT_EQ(run(std::string("INCRBYFLOAT g ") + text), kNotAFloat) << text;
    }
    EXPECT_EQ(run_words({"INCRBYFLOAT", "g", " 1"}), kNotAFloat);
    EXPECT_EQ(run("INCRBYFLOAT g inf"), "-ERR increment would produce NaN or Infinity");
    EXPECT_EQ(run("INCRBYFLOAT g -inf"), "-ERR increment would produce NaN or Infinity");
    run("SET g 1e4932");
    EXPECT_EQ(run("INCRBYFLOAT g 1e4932"), "-ERR increment would produce NaN or Infinity");
    EXPECT_EQ(run("GET g"), "$1e4932");
}

}  // namespace
}  // namespace synap
