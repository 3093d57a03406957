#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class FlushTest : public CommandTest {
protected:
    void SetUp() override {
        CommandTest::SetUp();
        run("MSET a 1 b 2");
        run("SELECT 7");
        run("SET c 3");
        run("SELECT 0");
    }
};

TEST_F(FlushTest, FlushdbEmptiesOneDatabase) {
    EXPECT_EQ(run("FLUSHDB"), "+OK");
    EXPECT_EQ(run("DBSIZE"), ":0");
    EXPECT_EQ(run("FLUSHDB async"), "+OK");
    run("SELECT 7");
    EXPECT_EQ(run("DBSIZE"), ":1");
    EXPECT_EQ(run("FLUSHDB SYNC"), "+OK");
    EXPECT_EQ(run("DBSIZE"), ":0");
}

TEST_F(FlushTest, FlushallEmptiesAllAndGivesMemoryBack) {
    run("FLUSHALL");
    const uint64_t empty = engine->used_memory();
    run_words({"SET", "k", std::string(100'000, 'x'), "EX", "100"});
    run("SELECT 3");
    for (int i = 0; i < 100; ++i) run("SET k" + std::to_string(i) + " v");
    EXPECT_EQ(run("FLUSHALL ASYNC"), "+OK");
    EXPECT_EQ(run("DBSIZE"), ":0");
    run("SELECT 0");
    EXPECT_EQ(run("DBSIZE"), ":0");
    // Deadlines of what was flushed may stay in the heap of a slot for a while.
    EXPECT_LT(engine->used_memory(), empty + 256);
}

TEST_F(FlushTest, FlushRefusesOtherWords) {
    for (const char* wrong : {"FLUSHDB nosuch", "FLUSHDB ''", "FLUSHDB ASYNC SYNC", "FLUSHALL 1",
                              "FLUSHALL SYNC SYNC"}) {
        EXPECT_EQ(run(wrong), kSyntaxError) << wrong;
    }
    EXPECT_EQ(run("DBSIZE"), ":2");
}

TEST_F(FlushTest, FlushFailsWatchersOfPresentKeys) {
    Client other(engine);
    run("WATCH a");
    other("FLUSHALL");
    run("MULTI");
    run("SET a 9");
    EXPECT_EQ(run("EXEC"), "_[]");
    run("WATCH a");
    other("FLUSHDB");
    run("MULTI");
    run("SET a 9");
    EXPECT_EQ(run("EXEC"), "[+OK]");
}

TEST_F(FlushTest, SwapdbExchangesContents) {
    EXPECT_EQ(run("SWAPDB 0 7"), "+OK");
    EXPECT_EQ(run("KEYS *"), "[$c]");
    EXPECT_EQ(run("DBSIZE"), ":1");
    EXPECT_EQ(run("SWAPDB 0 0"), "+OK");
    EXPECT_EQ(run("DBSIZE"), ":1");
    run("SELECT 7");
    EXPECT_EQ(run("MGET a b c"), "[$1 $2 _]");
    EXPECT_EQ(run("SWAPDB 7 3"), "+OK");
    EXPECT_EQ(run("DBSIZE"), ":0");
    EXPECT_EQ(run("COPY c c2 DB 0"), ":0");
    run("SELECT 3");
    EXPECT_EQ(run("COPY a a DB 0"), ":1");
    run("SELECT 0");
    EXPECT_EQ(run("MGET a c"), "[$1 $3]");
    // Flushing a database after a swap flushes what it stands for now.
    EXPECT_EQ(run("FLUSHDB"), "+OK");
    run("SELECT 3");
    EXPECT_EQ(run("DBSIZE"), ":2");
}

TEST_F(FlushTest, SwapdbRefusesWrongIndexes) {
    EXPECT_EQ(run("SWAPDB a 1"), "-ERR invalid first DB index");
    EXPECT_EQ(run("SWAPDB 1 a"), "-ERR invalid second DB index");
    EXPECT_EQ(run("SWAPDB 2147483648 1"), "-ERR invalid first DB index");
    EXPECT_EQ(run("SWAPDB 16 a"), "-ERR invalid second DB index");
    EXPECT_EQ(run("SWAPDB 16 1"), "-ERR DB index is out of range");
    EXPECT_EQ(run("SWAPDB 1 -1"), "-ERR DB index is out of range");
    EXPECT_EQ(run("SWAPDB 1"), wrong_arguments("swapdb"));
}

}  // namespace
}  // namespace synap
