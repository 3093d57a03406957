// Full syncs as clients of both ends see them.
#include <gtest/gtest.h>

#include "tests/cluster/fixture.h"

namespace synap::cluster {
namespace {

using replication::UpstreamState;

class FullSync : public ClusterTest {
protected:
    // A master whose log does not reach back to its begin.
    void begin_master() {
        Member& master = cluster.add("m");
        ASSERT_TRUE(master.options.set(OptionId::kSegmentBytes, "4096"));
        ASSERT_TRUE(master.start({"master", ""}));
        for (int i = 0; i < kKeys; ++i) {
            master.call("SET k" + std::to_string(i) + " " + std::string(100, 'v'));
        }
        master.call("HSET h a 1 b 2");
        ASSERT_TRUE(master.engine().snapshots().take());
        ASSERT_GT(master.engine().log()->oldest_position(), 0u);
    }

    static constexpr int kKeys = 2000;
};

INSTANTIATE_TEST_SUITE_P(Seeds, FullSync, testing::Range<uint64_t>(1, 4));

TEST_P(FullSync, OfANewFollower) {
    begin_master();
    ASSERT_TRUE(cluster.add("f").start(replica_of("m")));
    cluster["m"].call("SET later 1");
    converge();
    EXPECT_EQ(cluster["f"].call("GET later"), "$1");
    EXPECT_EQ(cluster["f"].call("DBSIZE"), ":" + std::to_string(kKeys + 2));
    EXPECT_EQ(cluster["m"].status().full_syncs, 1u);
    // What it has outlives its process, and it goes on from there.
    cluster["f"].kill(SimDeath::kMachine);
    cluster["m"].call("SET later 2");
    ASSERT_TRUE(cluster["f"].start());
    converge();
    EXPECT_EQ(cluster["m"].status().full_syncs, 1u);
    cluster["m"].call("SET later 3");
    converge();
    EXPECT_EQ(cluster["f"].call("GET later"), "$3");
}

TEST_P(FullSync, ReadersSeeOneStateOrTheOther) {
    begin_master();
    Member& follower = cluster.add("f");
    ASSERT_TRUE(follower.start({"master", ""}));
    follower.call("SET old 1");
    cluster.network().set_links({1000, 0, 200'000, 4096});
    follower.follow("m", true);
    std::string before = ":1";
    ASSERT_TRUE(cluster.pass_until([&] {
        const std::string size = follower.call("DBSIZE");
        EXPECT_TRUE(size == before || size == ":" + std::to_string(kKeys + 1)) << size;
        before = size;
        return cluster.has_converged("m");
    })) << cluster.story();
    EXPECT_EQ(follower.call("GET old"), "_");
}

TEST_P(FullSync, GoesOnAfterCutLinks) {
    begin_master();
    Member& follower = cluster.add("f");
    ASSERT_TRUE(follower.start(replica_of("m")));
    cluster.network().set_links({1000, 0, 300'000, 4096});
    for (int i = 0; i < 3; ++i) {
        cluster.pass_ms(250);
        cluster["m"].call("SET cut" + std::to_string(i) + " 1");
        for (const auto& [from, to] : {std::pair{"m", "f"}, std::pair{"f", "m"}}) {
            cluster.network().cut(from, to, SimCut::kReset);
        }
        cluster.pass_ms(300);
        EXPECT_FALSE(follower.status().upstream.is_whole);
        cluster.network().heal_all();
    }
    cluster.network().set_links({200, 300, 0, 4096});
    converge();
    EXPECT_TRUE(cluster.pass_until([&] { return follower.status().upstream.is_whole; }));
}

// The process or the machine dies at every change that the follower makes to its disk.
TEST_P(FullSync, AFollowerThatDiesHasOneStateOrTheOther) {
    begin_master();
    std::string seen;
    for (uint64_t nth = 1;; ++nth) {
        const std::string name = "f" + std::to_string(nth);
        Member& follower = cluster.add(name);
        ASSERT_TRUE(follower.start({"master", ""}));
        follower.call("SET old 1");
        ASSERT_TRUE(follower.engine().log()->sync(follower.engine().log()->appended()));
        follower.follow("m", true);
        follower.disk().halt_at(nth);
        const bool done = cluster.pass_until(
            [&] { return follower.disk().halted() || cluster.has_converged("m"); }, 20'000);
        ASSERT_TRUE(done) << cluster.story();
        const bool was_halted = follower.disk().halted();
        follower.kill(nth % 2 == 0 ? SimDeath::kProcess : SimDeath::kMachine);
        const Status opened = follower.start();
        ASSERT_TRUE(opened) << nth << ": " << opened.error().message;
        const std::string size = follower.call("DBSIZE");
        EXPECT_TRUE(size == ":1" || size == ":" + std::to_string(kKeys + 1)) << nth << size;
        if (!follower.status().is_master()) {
            if (follower.call("GET old") == "$1") {
                ASSERT_EQ(follower.follow("m", true).done, false);
            }
            converge();
        }
        follower.stop();
        if (!was_halted) break;
        ASSERT_LT(nth, 400u);
    }
}

}  // namespace
}  // namespace synap::cluster
