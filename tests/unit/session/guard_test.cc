// The guard word: what it keeps out, in single calls, point reads, batches and EXEC alike.
#include "core/engine/guard.h"

#include "core/platform/sim_disk.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

TEST(GuardWord, BarsWritesAndKeysByTheFlagsOfTheTable) {
    const auto bars = [](const char* name) { return GuardWord::bars(*find_command_path(name)); };
    EXPECT_EQ(bars("SET"), GuardWord::kBarsWrites);
    EXPECT_EQ(bars("FLUSHALL"), GuardWord::kBarsWrites);
    EXPECT_EQ(bars("GET"), GuardWord::kBarsKeys);
    EXPECT_EQ(bars("DBSIZE"), GuardWord::kBarsKeys);
    EXPECT_EQ(bars("PING"), find_command("PING")->has(kCommandLoading) ? 0u : GuardWord::kBarsKeys);
    EXPECT_EQ(bars("INFO"), 0u);
    for (const CommandRecord& command : all_commands()) {
        if (!command.key_specs.empty()) {
            EXPECT_NE(GuardWord::bars(command) & GuardWord::kLoading, 0u) << command.name;
        }
    }
}

class Guarded : public SessionTest {
protected:
    void SetUp() override { open(std::make_shared<SimDisk>()); }
};

TEST_F(Guarded, AStoppedStoreRefusesWritesHoweverTheyCome) {
    Client client(engine);
    client("SET a 1");
    Client transaction(engine);
    transaction("MULTI");
    transaction("SET a 2");
    transaction("FLUSHALL");
    Client reading(engine);
    reading("MULTI");
    reading("GET a");
    engine->stop_writes();
    for (const char* line : {"SET a 3", "DEL a", "FLUSHALL", "MOVE a 1", "RENAME a b"}) {
        EXPECT_EQ(client(line).rfind("-MISCONF writes are refused", 0), 0u) << line;
    }
    EXPECT_EQ(transaction("EXEC").rfind("-EXECABORT", 0), 0u);
    EXPECT_EQ(reading("EXEC"), "[$1]");
    client.pipeline({"GET a", "SET a 4", "GET a"});
    client.announces = true;
    EXPECT_EQ(client("GET a"), "$1");
    EXPECT_EQ(client("GET a"), "$1");
    EXPECT_EQ(client("DBSIZE"), ":1");
}

TEST_F(Guarded, AClosedStoreRunsNothing) {
    Client client(engine);
    client("SET a 1");
    client("GET a");
    ASSERT_TRUE(engine->close());
    client.announces = true;
    EXPECT_EQ(client("GET a"), "(failed) the store is closed");
    EXPECT_EQ(client("PING"), "(failed) the store is closed");
    EXPECT_EQ(engine->state(), EngineState::kClosed);
}

}  // namespace
}  // namespace synap
