// What has gone wrong in the field with masters and replicas.
#include <gtest/gtest.h>

#include "tests/cluster/fixture.h"

namespace synap::cluster {
namespace {

using replication::UpstreamState;

// All files of a disk, on another one.
std::shared_ptr<SimDisk> copy_of(SimDisk& disk, uint64_t device) {
    auto copy = std::make_shared<SimDisk>(SimDiskOptions{.seed = 1, .device = device});
    for (const std::string& name : disk.names()) {
        if (name == "LOCK") continue;
        auto file = copy->open(name, OpenMode::kCreate);
        EXPECT_TRUE(file);
        EXPECT_TRUE((*file)->write_at(0, disk.contents(name)));
        EXPECT_TRUE((*file)->sync());
    }
    EXPECT_TRUE(copy->sync_names());
    return copy;
}

class Field : public ClusterTest {
protected:
    void write(const std::string& to, int from, int until) {
        for (int i = from; i < until; ++i) cluster[to].call("SET k" + std::to_string(i) + " v");
    }
    void sync(const std::string& name) {
        Log& log = *cluster[name].engine().log();
        ASSERT_TRUE(log.sync(log.appended()));
    }
};

INSTANTIATE_TEST_SUITE_P(Seeds, Field, testing::Range<uint64_t>(1, 5));

// A directory that is older than what it called durable is followed by nobody who heard that,
// whether it has written since or not, until a person says so.
TEST_P(Field, AnOlderMasterComesBack) {
    begin({"f"});
    write("m", 0, 1000);
    converge();
    sync("m");
    cluster["m"].stop();
    auto older = copy_of(cluster["m"].disk(), 1);
    ASSERT_TRUE(cluster["m"].start());
    write("m", 1000, 2000);
    sync("m");
    converge();
    cluster.pass_ms(3000);  // a heartbeat says what is durable
    cluster["m"].stop();
    cluster["m"].set_disk(older);
    ASSERT_TRUE(cluster["m"].start());
    if (GetParam() % 2 == 0) cluster["m"].call("SET another 1");
    cluster.pass_ms(20'000);
    EXPECT_EQ(cluster["f"].call("DBSIZE"), ":2000");
    EXPECT_NE(cluster["f"].status().upstream.state, UpstreamState::kFollows);
    EXPECT_NE(cluster["m"].lines().find("may not follow"), std::string::npos) << cluster.story();
    EXPECT_FALSE(cluster["f"].status().upstream.why.empty());
    // The one that has all of it can be the master.
    Told& told = cluster["f"].promote();
    cluster.pass_ms(100);
    ASSERT_TRUE(told.done);
    EXPECT_EQ(told.code, Code::kOk) << told.why;
    EXPECT_EQ(cluster["f"].call("SET k1 w"), "+OK");
}

// Two records at one position: the one that is given up is in a file, and its term fences nobody.
TEST_P(Field, OneRecordEachAtTheSamePosition) {
    begin({"f"});
    cluster["m"].call("SET t 0");
    converge();
    cluster["f"].promote();
    cluster.pass_ms(100);
    ASSERT_EQ(cluster["f"].call("SET t 222"), "+OK");
    ASSERT_EQ(cluster["m"].call("SET t 111"), "+OK");
    Told& refused = cluster["f"].follow("m");
    cluster.pass_ms(100);
    ASSERT_TRUE(refused.done);
    EXPECT_EQ(refused.code, Code::kInvalidArgument);
    EXPECT_EQ(cluster["m"].call("SET t 111"), "+OK");
    cluster["f"].follow("m", true);
    converge();
    EXPECT_EQ(cluster["f"].call("GET t"), "$111");
    EXPECT_EQ(cluster["m"].call("SET u 1"), "+OK");
    EXPECT_FALSE(cluster["m"].status().is_fenced());
    bool is_saved = false;
    for (const std::string& name : cluster["f"].disk().names()) {
        is_saved = is_saved || name.starts_with("diverged-");
    }
    EXPECT_TRUE(is_saved);
}

// Deadlines pass on a follower whose master is not heard: hidden everywhere, deleted nowhere.
TEST_P(Field, ExpiredKeysOnAFollower) {
    begin({"f"});
    cluster["m"].call("SET a 1 PX 300");
    cluster["m"].call("SET b 1");
    converge();
    cluster.pass_ms(100);
    for (const auto& [from, to] : {std::pair{"m", "f"}, std::pair{"f", "m"}}) {
        cluster.network().cut(from, to, SimCut::kSilent);
    }
    cluster.pass_ms(500);
    Member& follower = cluster["f"];
    EXPECT_EQ(follower.call("GET a"), "_");
    EXPECT_EQ(follower.call("TTL a"), ":-2");
    EXPECT_EQ(follower.call("EXISTS a b"), ":1");
    EXPECT_EQ(follower.call("KEYS *"), "[$b]");
    const uint64_t applied = follower.engine().following().applied();
    EXPECT_EQ(follower.engine().log()->appended(), applied);
    cluster.network().heal_all();
    converge();
}

// A transaction is there as a whole, or not at all, wherever its bytes are cut.
TEST_P(Field, ACutInsideARecord) {
    begin({"f"});
    cluster["m"].call("SET n 0");
    converge();
    cluster.network().set_links({1000, 0, 200'000, 512});
    Member& master = cluster["m"];
    master.call("MULTI");
    for (int i = 0; i < 1000; ++i) master.call("SET t" + std::to_string(i) + " v");
    for (int i = 0; i < 10; ++i) master.call("INCR n");
    master.call("EXEC");
    for (int round = 0; round < 6; ++round) {
        cluster.pass_ms(40 + 30 * GetParam());
        const std::string size = cluster["f"].call("DBSIZE");
        EXPECT_TRUE(size == ":1" || size == ":1001") << size;
        for (const auto& [from, to] : {std::pair{"m", "f"}, std::pair{"f", "m"}}) {
            cluster.network().cut(from, to, SimCut::kReset);
        }
        cluster.pass_ms(50);
        cluster.network().heal_all();
    }
    cluster.network().set_links({200, 300, 0, 4096});
    converge();
    EXPECT_EQ(cluster["f"].call("GET n"), "$10");
}

TEST_P(Field, LagOfAnIdleMaster) {
    begin({"f"});
    cluster["m"].call("SET a 1");
    converge();
    cluster.pass_ms(10'000);
    const auto status = cluster["f"].status().upstream;
    ASSERT_TRUE(status.stale_us);
    EXPECT_LT(*status.stale_us, 500'000u);
    EXPECT_EQ(status.behind_bytes, 0u);
}

// A copy of a follower's directory is another node: both are counted.
TEST_P(Field, ACopiedDirectory) {
    begin({"f"});
    cluster["m"].call("SET a 1");
    converge();
    cluster["f"].stop();
    cluster.add("g").set_disk(copy_of(cluster["f"].disk(), 2));
    ASSERT_TRUE(cluster["f"].start());
    ASSERT_TRUE(cluster["g"].start());
    converge();
    EXPECT_NE(cluster["f"].engine().node_id(), cluster["g"].engine().node_id());
    cluster["m"].call("SET b 1");
    cluster.pass_ms(1000);
    EXPECT_EQ(cluster["m"].call("WAIT 2 1000"), ":2");
}

// An emptied master is not what its followers follow.
TEST_P(Field, AnEmptiedMasterComesBack) {
    begin({"f"});
    write("m", 0, 100);
    converge();
    cluster["m"].stop();
    cluster["m"].wipe();
    ASSERT_TRUE(cluster["m"].start({"master", ""}));
    cluster.pass_ms(10'000);
    EXPECT_EQ(cluster["f"].call("DBSIZE"), ":100");
    cluster["m"].call("SET x 1");
    cluster.pass_ms(10'000);
    EXPECT_EQ(cluster["f"].call("DBSIZE"), ":100");
}

}  // namespace
}  // namespace synap::cluster
