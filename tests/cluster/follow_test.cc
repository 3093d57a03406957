// Masters and followers as their clients see them.
#include <gtest/gtest.h>

#include "tests/cluster/fixture.h"

namespace synap::cluster {
namespace {

using replication::UpstreamState;

class Follow : public ClusterTest {};

INSTANTIATE_TEST_SUITE_P(Seeds, Follow, testing::Range<uint64_t>(1, 4));

TEST_P(Follow, ShowsWhatTheMasterHas) {
    begin({"f", "g"});
    Member& master = cluster["m"];
    for (int i = 0; i < 100; ++i) master.call("SET k" + std::to_string(i) + " v");
    master.call("HSET h a 1 b 2");
    master.call("DEL k5");
    converge();
    EXPECT_EQ(cluster["f"].call("GET k1"), "$v");
    EXPECT_EQ(cluster["f"].call("GET k5"), "_");
    EXPECT_EQ(cluster["g"].call("HGET h b"), "$2");
    EXPECT_EQ(cluster["g"].call("SET k1 x"),
              "-READONLY You can't write against a read only replica.");
    EXPECT_EQ(cluster["f"].call("ROLE").substr(0, 9), "[$slave $");
}

TEST_P(Follow, GoesOnAfterACutLink) {
    begin({"f"});
    Member& master = cluster["m"];
    master.call("SET a 1");
    converge();
    cluster.network().cut("m", "f", SimCut::kReset);
    cluster.network().cut("f", "m", SimCut::kReset);
    for (int i = 0; i < 50; ++i) master.call("SET k" + std::to_string(i) + " v");
    cluster.pass_ms(2000);
    EXPECT_EQ(cluster["f"].call("GET k1"), "_");
    EXPECT_NE(cluster["f"].status().upstream.state, UpstreamState::kFollows);
    cluster.network().heal_all();
    converge();
    EXPECT_EQ(cluster["f"].call("GET k49"), "$v");
    EXPECT_EQ(master.status().full_syncs, 0u);
}

TEST_P(Follow, GoesOnAfterARestart) {
    begin({"f"});
    Member& master = cluster["m"];
    master.call("SET a 1");
    converge();
    for (const SimDeath death : {SimDeath::kProcess, SimDeath::kMachine}) {
        cluster["f"].kill(death);
        master.call("SET b 2");
        cluster.pass_ms(500);
        ASSERT_TRUE(cluster["f"].start());
        EXPECT_EQ(cluster["f"].call("SET x 1").substr(0, 9), "-READONLY");
        converge();
    }
    EXPECT_EQ(cluster["f"].call("GET b"), "$2");
    EXPECT_EQ(master.status().full_syncs, 0u);
}

TEST_P(Follow, OfAFollower) {
    begin({"f"});
    ASSERT_TRUE(cluster.add("g").start(replica_of("f")));
    cluster["m"].call("SET a 1");
    converge();
    EXPECT_EQ(cluster["g"].call("GET a"), "$1");
    cluster["m"].call("SET a 2");
    converge();
    EXPECT_EQ(cluster["g"].call("GET a"), "$2");
}

TEST_P(Follow, APromotedOneGoesOnAndTheOldMasterGoesBack) {
    begin({"f", "g"});
    cluster["m"].call("SET a 1");
    converge();
    cluster["m"].kill(SimDeath::kProcess);
    Told& told = cluster["f"].promote();
    cluster.pass_ms(100);
    ASSERT_TRUE(told.done);
    ASSERT_EQ(told.code, Code::kOk) << told.why;
    EXPECT_EQ(cluster["f"].call("SET a 2"), "+OK");
    cluster["g"].follow("f");
    ASSERT_TRUE(cluster["m"].start());
    cluster["m"].call("SET lost 1");
    cluster["m"].follow("f", true);
    converge("f");
    EXPECT_EQ(cluster["m"].call("GET a"), "$2");
    EXPECT_EQ(cluster["m"].call("GET lost"), "_");
    EXPECT_EQ(cluster["g"].call("GET a"), "$2");
}

TEST_P(Follow, WaitCountsWhoHasIt) {
    begin({"f", "g"});
    cluster["m"].call("SET a 1");
    EXPECT_EQ(cluster["m"].call("WAIT 1 1000"), "(pending)");
    converge();
    cluster.pass_ms(500);
    EXPECT_EQ(cluster["m"].call("WAIT 2 1000"), ":2");
    EXPECT_EQ(cluster["m"].call("WAIT 3 1000"), "(pending)");
    EXPECT_EQ(cluster["m"].call("INFO replication").find("connected_slaves:2") != std::string::npos,
              true);
}

}  // namespace
}  // namespace synap::cluster
