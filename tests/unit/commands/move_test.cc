#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class MoveTest : public CommandTest {};

constexpr const char* kSameObject = "-ERR source and destination objects are the same";
constexpr const char* kNoDatabase = "-ERR DB index is out of range";

TEST_F(MoveTest, RenameTakesValueAndDeadline) {
    EXPECT_EQ(run("RENAME k l"), "-ERR no such key");
    EXPECT_EQ(run("RENAME k k"), "-ERR no such key");
    run("SET k v PX 500");
    run("SET l old");
    EXPECT_EQ(run("RENAME k k"), "+OK");
    EXPECT_EQ(run("RENAME k l"), "+OK");
    EXPECT_EQ(run("MGET k l"), "[_ $v]");
    EXPECT_EQ(run("PTTL l"), ":500");
    run("SET k w");
    EXPECT_EQ(run("RENAME k l"), "+OK");
    EXPECT_EQ(run("PTTL l"), ":-1");
    const std::string large(50'000, 'x');
    run_words({"SET", "k", large});
    EXPECT_EQ(run("RENAME k l"), "+OK");
    EXPECT_EQ(run("GET l"), "$" + large);
}

TEST_F(MoveTest, RenamenxNeedsAFreeName) {
    EXPECT_EQ(run("RENAMENX k l"), "-ERR no such key");
    run("MSET k v l w");
    EXPECT_EQ(run("RENAMENX k l"), ":0");
    EXPECT_EQ(run("RENAMENX k k"), ":0");
    EXPECT_EQ(run("RENAMENX k m"), ":1");
    EXPECT_EQ(run("MGET k l m"), "[_ $w $v]");
    run("PEXPIRE l 5");
    advance_ms(5);
    EXPECT_EQ(run("RENAMENX m l"), ":1");
    EXPECT_EQ(run("TTL l"), ":-1");
}

TEST_F(MoveTest, RenameOfAnExpiredKeyFindsNothing) {
    run("SET k v PX 5");
    run("SET l w");
    advance_ms(5);
    EXPECT_EQ(run("RENAME k l"), "-ERR no such key");
    EXPECT_EQ(run("GET l"), "$w");
}

TEST_F(MoveTest, CopyKeepsTheSource) {
    EXPECT_EQ(run("COPY k l"), ":0");
    run("SET k 12 PX 500");
    EXPECT_EQ(run("COPY k l"), ":1");
    EXPECT_EQ(run("MGET k l"), "[$12 $12]");
    EXPECT_EQ(run("PTTL l"), ":500");
    EXPECT_EQ(run("OBJECT ENCODING l"), "$int");
    run("SET k text");
    EXPECT_EQ(run("COPY k l"), ":0");
    EXPECT_EQ(run("COPY k l replace"), ":1");
    EXPECT_EQ(run("GET l"), "$text");
    EXPECT_EQ(run("PTTL l"), ":-1");
    run("APPEND k s");
    EXPECT_EQ(run("COPY k l REPLACE"), ":1");
    EXPECT_EQ(run("OBJECT ENCODING l"), "$raw");
    run("PEXPIRE l 5");
    advance_ms(5);
    EXPECT_EQ(run("COPY k l"), ":1");
}

TEST_F(MoveTest, CopiesOfALargeValueChangeApart) {
    const std::string large(50'000, 'x');
    run_words({"SET", "k", large});
    const uint64_t before = engine->used_memory();
    EXPECT_EQ(run("COPY k l"), ":1");
    EXPECT_LT(engine->used_memory() - before, 60'000u);
    run("SETRANGE k 0 y");
    EXPECT_EQ(run("GET l"), "$" + large);
    EXPECT_EQ(run("GETRANGE k 0 1"), "$yx");
}

TEST_F(MoveTest, CopyToAnotherDatabase) {
    run("SET k v");
    EXPECT_EQ(run("COPY k k"), kSameObject);
    EXPECT_EQ(run("COPY k k DB 0"), kSameObject);
    EXPECT_EQ(run("COPY k k DB 1"), ":1");
    EXPECT_EQ(run("COPY k k DB 1"), ":0");
    EXPECT_EQ(run("COPY k l REPLACE DB 1"), ":1");
    EXPECT_EQ(run("EXISTS l"), ":0");
    run("SELECT 1");
    EXPECT_EQ(run("MGET k l"), "[$v $v]");
}

TEST_F(MoveTest, CopyRefusesWrongOptions) {
    run("SET k v");
    EXPECT_EQ(run("COPY k l nosuch"), kSyntaxError);
    EXPECT_EQ(run("COPY k l DB"), kSyntaxError);
    EXPECT_EQ(run("COPY k l DB abc"), kNotAnInteger);
    EXPECT_EQ(run("COPY k l DB 16"), kNoDatabase);
    EXPECT_EQ(run("COPY k l DB -1"), kNoDatabase);
    EXPECT_EQ(run("COPY k l DB 2147483648"),
              "-ERR value is out of range, value must between -2147483648 and 2147483647");
    // In the order of the words.
    EXPECT_EQ(run("COPY k l DB 16 nosuch"), kNoDatabase);
    EXPECT_EQ(run("COPY k l nosuch DB 16"), kSyntaxError);
}

TEST_F(MoveTest, MoveTakesTheKeyAlong) {
    run("SET k v PX 500");
    EXPECT_EQ(run("MOVE k 0"), kSameObject);
    EXPECT_EQ(run("MOVE nosuch 0"), kSameObject);
    EXPECT_EQ(run("MOVE nosuch 1"), ":0");
    EXPECT_EQ(run("MOVE k 16"), kNoDatabase);
    EXPECT_EQ(run("MOVE k -1"), kNoDatabase);
    EXPECT_EQ(run("MOVE k abc"), kNotAnInteger);
    EXPECT_EQ(run("MOVE k -2147483649"),
              "-ERR value is out of range, value must between -2147483648 and 2147483647");
    EXPECT_EQ(run("MOVE k 3"), ":1");
    EXPECT_EQ(run("EXISTS k"), ":0");
    run("SET k other");
    EXPECT_EQ(run("MOVE k 3"), ":0");
    run("SELECT 3");
    EXPECT_EQ(run("GET k"), "$v");
    EXPECT_EQ(run("PTTL k"), ":500");
    advance_ms(500);
    run("SELECT 0");
    EXPECT_EQ(run("MOVE k 3"), ":1");
    run("SELECT 3");
    EXPECT_EQ(run("GET k"), "$other");
    EXPECT_EQ(run("TTL k"), ":-1");
}

}  // namespace
}  // namespace synap
