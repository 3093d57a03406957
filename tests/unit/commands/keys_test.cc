#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class KeysTest : public CommandTest {};

TEST_F(KeysTest, DelAndUnlinkCountWhatTheyRemoved) {
    run("MSET a 1 b 2 c 3");
    EXPECT_EQ(run("DEL a nosuch a b"), ":2");
    EXPECT_EQ(run("UNLINK c c"), ":1");
    EXPECT_EQ(run("DBSIZE"), ":0");
    run("SET k v PX 5");
    advance_ms(5);
    EXPECT_EQ(run("DEL k"), ":0");
}

TEST_F(KeysTest, ExistsAndTouchCountRepetitions) {
    run("MSET a 1 b 2");
    EXPECT_EQ(run("EXISTS a b a nosuch"), ":3");
    EXPECT_EQ(run("TOUCH a nosuch a"), ":2");
    EXPECT_EQ(run("EXISTS"), wrong_arguments("exists"));
}

TEST_F(KeysTest, TypeIsAStatus) {
    run("SET k v");
    EXPECT_EQ(run("TYPE k"), "+string");
    EXPECT_EQ(run("TYPE nosuch"), "+none");
}

TEST_F(KeysTest, ObjectEncoding) {
    const auto encoding = [&](const std::string& value) {
        run_words({"SET", "k", value});
        return run("OBJECT ENCODING k");
    };
    EXPECT_EQ(encoding("0"), "$int");
    EXPECT_EQ(encoding("-9223372036854775808"), "$int");
    EXPECT_EQ(encoding("9223372036854775807"), "$int");
    EXPECT_EQ(encoding("9223372036854775808"), "$embstr");
    EXPECT_EQ(encoding("007"), "$embstr");
    EXPECT_EQ(encoding(""), "$embstr");
    EXPECT_EQ(encoding(std::string(44, 'x')), "$embstr");
    EXPECT_EQ(encoding(std::string(45, 'x')), "$raw");
    EXPECT_EQ(encoding(std::string(20'000, 'x')), "$raw");
    EXPECT_EQ(run("OBJECT ENCODING nosuch"), "_");
    run("SET k short");
    run("APPEND k er");
    EXPECT_EQ(run("OBJECT ENCODING k"), "$raw");
    run("RENAME k l");
    EXPECT_EQ(run("OBJECT ENCODING l"), "$raw");
    run("EXPIRE l 10");
    EXPECT_EQ(run("OBJECT ENCODING l"), "$raw");
    run("SET l short");
    EXPECT_EQ(run("OBJECT ENCODING l"), "$embstr");
}

TEST_F(KeysTest, ObjectRefcountOfSharedIntegers) {
    run("MSET a 0 b 9999 c 10000 d -1 e text");
    EXPECT_EQ(run("OBJECT REFCOUNT a"), ":2147483647");
    EXPECT_EQ(run("OBJECT REFCOUNT b"), ":2147483647");
    EXPECT_EQ(run("OBJECT REFCOUNT c"), ":1");
    EXPECT_EQ(run("OBJECT REFCOUNT d"), ":1");
    EXPECT_EQ(run("OBJECT REFCOUNT e"), ":1");
    EXPECT_EQ(run("OBJECT REFCOUNT nosuch"), "_");
}

TEST_F(KeysTest, ObjectIdletimeIsResetByUse) {
    const auto idle_after = [&](const std::string& use) {
        run("SET k 1");
        advance_ms(30'000);
        engine->maintain();
        run(use);
        return run("OBJECT IDLETIME k");
    };
    EXPECT_EQ(idle_after("PING"), ":30");
    for (const char* looks : {"EXISTS k", "TTL k", "TYPE k", "OBJECT ENCODING k"}) {
        EXPECT_EQ(idle_after(looks), ":30") << looks;
    }
    for (const char* uses : {"GET k", "TOUCH k", "SET k 2", "INCR k", "APPEND k x", "STRLEN k",
                             "SETRANGE k 0 x", "EXPIRE k 100", "SETNX k 3"}) {
        EXPECT_EQ(idle_after(uses), ":0") << uses;
    }
    EXPECT_EQ(run("OBJECT IDLETIME nosuch"), "_");
}

TEST_F(KeysTest, NoTouchLeavesIdleTimesExceptForTouch) {
    run("SET k 1");
    advance_ms(9000);
    engine->maintain();
    run("CLIENT NO-TOUCH ON");
    run("GET k");
    EXPECT_EQ(run("OBJECT IDLETIME k"), ":9");
    run("TOUCH k");
    EXPECT_EQ(run("OBJECT IDLETIME k"), ":0");
}

TEST_F(KeysTest, FrequencyNeedsLfuAndIdleTimeTheOthers) {
    run("SET k v");
    EXPECT_EQ(run("OBJECT FREQ nosuch"), "_");
    EXPECT_EQ(run("OBJECT FREQ k"),
              "-ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please "
              "note that when switching between policies at runtime LRU and LFU data will take "
              "some time to adjust.");
    Options options;
    ASSERT_TRUE(options.set(OptionId::kMaxMemoryPolicy, "allkeys-lfu"));
    start(options);
    run("SET k v");
    EXPECT_EQ(run("OBJECT FREQ k"), ":5");
    EXPECT_EQ(run("OBJECT IDLETIME k"),
              "-ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that "
              "when switching between policies at runtime LRU and LFU data will take some time to "
              "adjust.");
    for (int i = 0; i < 5000; ++i) run(i % 2 == 0 ? "GET k" : "SET k v");
    const std::string often = run("OBJECT FREQ k");
    EXPECT_GT(std::stoi(often.substr(1)), 10) << often;
    advance_ms(60 * 60 * 1000);
    engine->maintain();
    EXPECT_LT(std::stoi(run("OBJECT FREQ k").substr(1)), std::stoi(often.substr(1)));
}

}  // namespace
}  // namespace synap
