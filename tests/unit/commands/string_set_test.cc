#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class StringSetTest : public CommandTest {};

TEST_F(StringSetTest, SetReplacesValueAndDeadline) {
    EXPECT_EQ(run("SET k v"), "+OK");
    EXPECT_EQ(run("SET k w EX 100"), "+OK");
    EXPECT_EQ(run("TTL k"), ":100");
    EXPECT_EQ(run("SET k x"), "+OK");
    EXPECT_EQ(run("TTL k"), ":-1");
    EXPECT_EQ(run("GET k"), "$x");
}

TEST_F(StringSetTest, SetTakesTimesInFourForms) {
    run("SET k v EX 10");
    EXPECT_EQ(run("PTTL k"), ":10000");
    run("SET k v px 1234");
    EXPECT_EQ(run("PTTL k"), ":1234");
    run("SET k v EXAT 4102444800");
    EXPECT_EQ(run("PEXPIRETIME k"), ":4102444800000");
    run("SET k v pxat 4102444800123");
    EXPECT_EQ(run("PEXPIRETIME k"), ":4102444800123");
    // The same option again replaces the first.
    run("SET k v EX 10 EX 20");
    EXPECT_EQ(run("TTL k"), ":20");
}

TEST_F(StringSetTest, SetWithAPastAbsoluteTimeLeavesNoKey) {
    run("SET k v");
    EXPECT_EQ(run("SET k w EXAT 1"), "+OK");
    EXPECT_EQ(run("GET k"), "_");
}

TEST_F(StringSetTest, SetKeepsTheDeadlineOnlyWhenTold) {
    run("SET k v EX 10");
    EXPECT_EQ(run("SET k w KEEPTTL"), "+OK");
    EXPECT_EQ(run("TTL k"), ":10");
    EXPECT_EQ(run("SET nosuch w KEEPTTL"), "+OK");
    EXPECT_EQ(run("TTL nosuch"), ":-1");
    advance_ms(10'000);
    EXPECT_EQ(run("SET k x KEEPTTL"), "+OK");
    EXPECT_EQ(run("TTL k"), ":-1");
}

TEST_F(StringSetTest, SetConditions) {
    EXPECT_EQ(run("SET k v XX"), "_");
    EXPECT_EQ(run("EXISTS k"), ":0");
    EXPECT_EQ(run("SET k v nx"), "+OK");
    EXPECT_EQ(run("SET k w NX"), "_");
    EXPECT_EQ(run("GET k"), "$v");
    EXPECT_EQ(run("SET k w XX EX 5"), "+OK");
    EXPECT_EQ(run("TTL k"), ":5");
    advance_ms(5000);
    EXPECT_EQ(run("SET k x XX"), "_");
    EXPECT_EQ(run("SET k x NX"), "+OK");
}

TEST_F(StringSetTest, SetGetAnswersTheOldValue) {
    EXPECT_EQ(run("SET k 1 GET"), "_");
    EXPECT_EQ(run("SET k two GET"), "$1");
    EXPECT_EQ(run("SET k three NX GET"), "$two");
    EXPECT_EQ(run("GET k"), "$two");
    EXPECT_EQ(run("SET k three XX GET EX 10"), "$two");
    EXPECT_EQ(run("TTL k"), ":10");
    EXPECT_EQ(run("SET nosuch v XX GET"), "_");
    EXPECT_EQ(run("EXISTS nosuch"), ":0");
    const std::string large(100'000, 'x');
    run_words({"SET", "k", large});
    EXPECT_EQ(run("SET k small GET"), "$" + large);
    EXPECT_EQ(run_words({"SET", "k", large, "GET"}), "$small");
}

TEST_F(StringSetTest, SetRefusesContradictions) {
    for (const char* wrong : {"SET k v NX XX", "SET k v XX NX", "SET k v EX", "SET k v EX 10 PX 10",
                              "SET k v PX 1 EX 1", "SET k v EX 10 KEEPTTL", "SET k v KEEPTTL EX 10",
                              "SET k v EXAT 1 PXAT 1", "SET k v PERSIST", "SET k v nosuch",
                              "SET k v ''", "SET k v EX 10 NX nosuch"}) {
        EXPECT_EQ(run(wrong), kSyntaxError) << wrong;
    }
    EXPECT_EQ(run("SET k"), wrong_arguments("set"));
    EXPECT_EQ(run("EXISTS k"), ":0");
}

TEST_F(StringSetTest, SetRefusesTimesInThisOrder) {
    // Syntax before numbers, numbers before ranges.
    EXPECT_EQ(run("SET k v EX abc nosuch"), kSyntaxError);
    for (const char* wrong :
         {"SET k v EX abc", "SET k v PX 1.5", "SET k v EX ''", "SET k v EX 9223372036854775808"}) {
        EXPECT_EQ(run(wrong), kNotAnInteger) << wrong;
    }
    for (const char* wrong : {"SET k v EX 0", "SET k v EX -1", "SET k v PX 0", "SET k v PXAT -5",
                              "SET k v EX 9223372036854775807", "SET k v EX 9223372036854776",
                              "SET k v EX 9223372036854775", "SET k v PX 9223372036854775807",
                              "SET k v EXAT 9223372036854776"}) {
        EXPECT_EQ(run(wrong), invalid_expiry("set")) << wrong;
    }
    EXPECT_EQ(run("EXISTS k"), ":0");
    EXPECT_EQ(run("SET k v EXAT 9223372036854775"), "+OK");
    EXPECT_EQ(run("SET k v PXAT 9223372036854775807"), "+OK");
    EXPECT_EQ(run("PEXPIRETIME k"), ":9223372036854775807");
    EXPECT_EQ(run("EXPIRETIME k"), ":9223372036854776");
}

TEST_F(StringSetTest, Setnx) {
    EXPECT_EQ(run("SETNX k v"), ":1");
    EXPECT_EQ(run("SETNX k w"), ":0");
    EXPECT_EQ(run("GET k"), "$v");
    run("PEXPIRE k 10");
    advance_ms(10);
    EXPECT_EQ(run("SETNX k w"), ":1");
    EXPECT_EQ(run("TTL k"), ":-1");
}

TEST_F(StringSetTest, SetexAndPsetex) {
    EXPECT_EQ(run("SETEX k 10 v"), "+OK");
    EXPECT_EQ(run("PTTL k"), ":10000");
    EXPECT_EQ(run("PSETEX k 10 w"), "+OK");
    EXPECT_EQ(run("PTTL k"), ":10");
    EXPECT_EQ(run("SETEX k 0 v"), invalid_expiry("setex"));
    EXPECT_EQ(run("PSETEX k -1 v"), invalid_expiry("psetex"));
    EXPECT_EQ(run("SETEX k 9223372036854775807 v"), invalid_expiry("setex"));
    EXPECT_EQ(run("PSETEX k 9223372036854775807 v"), invalid_expiry("psetex"));
    EXPECT_EQ(run("SETEX k abc v"), kNotAnInteger);
    EXPECT_EQ(run("GET k"), "$w");
}

TEST_F(StringSetTest, GetsetDropsTheDeadline) {
    EXPECT_EQ(run("GETSET k v"), "_");
    run("EXPIRE k 10");
    EXPECT_EQ(run("GETSET k 7"), "$v");
    EXPECT_EQ(run("TTL k"), ":-1");
    EXPECT_EQ(run("GETSET k x"), "$7");
}

TEST_F(StringSetTest, MsetTakesPairsAndTheLastOneWins) {
    EXPECT_EQ(run("MSET a 1 b 2 a 3"), "+OK");
    EXPECT_EQ(run("MGET a b"), "[$3 $2]");
    EXPECT_EQ(run("MSET a 1 b"), wrong_arguments("mset"));
    EXPECT_EQ(run("MSET a"), wrong_arguments("mset"));
    run("EXPIRE a 10");
    run("MSET a 4");
    EXPECT_EQ(run("TTL a"), ":-1");
}

TEST_F(StringSetTest, MsetnxIsAllOrNothing) {
    EXPECT_EQ(run("MSETNX a 1 b 2"), ":1");
    EXPECT_EQ(run("MSETNX c 3 b 4"), ":0");
    EXPECT_EQ(run("EXISTS c"), ":0");
    EXPECT_EQ(run("MSETNX d 1 d 2"), ":1");
    EXPECT_EQ(run("GET d"), "$2");
    EXPECT_EQ(run("MSETNX a 1 b"), wrong_arguments("msetnx"));
    run("PEXPIRE a 1");
    advance_ms(1);
    EXPECT_EQ(run("MSETNX a 9"), ":1");
}

TEST_F(StringSetTest, CasReplacesTheExpectedValue) {
    EXPECT_EQ(run("SYNAP.CAS k v EXPECT x"), ":0");
    EXPECT_EQ(run("EXISTS k"), ":0");
    EXPECT_EQ(run("SYNAP.CAS k v ABSENT"), ":1");
    EXPECT_EQ(run("SYNAP.CAS k w ABSENT"), ":0");
    EXPECT_EQ(run("SYNAP.CAS k w EXPECT V"), ":0");
    EXPECT_EQ(run("SYNAP.CAS k 1 expect v"), ":1");
    EXPECT_EQ(run("SYNAP.CAS k 2 EXPECT 1 EX 10"), ":1");
    EXPECT_EQ(run("TTL k"), ":10");
    EXPECT_EQ(run("SYNAP.CAS k 3 KEEPTTL EXPECT 2"), ":1");
    EXPECT_EQ(run("TTL k"), ":10");
    EXPECT_EQ(run("SYNAP.CAS k 4 PX 500 EXPECT 3"), ":1");
    EXPECT_EQ(run("PTTL k"), ":500");
    EXPECT_EQ(run("SYNAP.CAS k 5 EXPECT 4"), ":1");
    EXPECT_EQ(run("TTL k"), ":-1");
    EXPECT_EQ(run("SYNAP.CAS k 6 EXPECT ''"), ":0");
    EXPECT_EQ(run("GET k"), "$5");
}

TEST_F(StringSetTest, CasComparesLargeValuesAndSeesExpiry) {
    const std::string large(40'000, 'x');
    run_words({"SET", "k", large, "PX", "10"});
    EXPECT_EQ(run_words({"SYNAP.CAS", "k", large, "EXPECT", large + "y"}), ":0");
    EXPECT_EQ(run_words({"SYNAP.CAS", "k", large + "y", "EXPECT", large, "KEEPTTL"}), ":1");
    EXPECT_EQ(run("STRLEN k"), ":40001");
    advance_ms(10);
    EXPECT_EQ(run("SYNAP.CAS k v ABSENT KEEPTTL"), ":1");
    EXPECT_EQ(run("TTL k"), ":-1");
}

TEST_F(StringSetTest, CasRefusesWrongOptions) {
    for (const char* wrong :
         {"SYNAP.CAS k v EX 10", "SYNAP.CAS k v EXPECT", "SYNAP.CAS k v ABSENT EXPECT v",
          "SYNAP.CAS k v ABSENT ABSENT", "SYNAP.CAS k v ABSENT EXAT 4102444800",
          "SYNAP.CAS k v ABSENT NX", "SYNAP.CAS k v ABSENT EX 10 KEEPTTL"}) {
        EXPECT_EQ(run(wrong), kSyntaxError) << wrong;
    }
    EXPECT_EQ(run("SYNAP.CAS k v"), wrong_arguments("synap.cas"));
    EXPECT_EQ(run("SYNAP.CAS k v ABSENT EX abc"), kNotAnInteger);
    EXPECT_EQ(run("SYNAP.CAS k v ABSENT EX 0"), invalid_expiry("synap.cas"));
    EXPECT_EQ(run("EXISTS k"), ":0");
}

}  // namespace
}  // namespace synap
