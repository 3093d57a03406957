// The failing calls of the simulated disk, and its clock and entropy.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"

namespace synap {
namespace {

std::unique_ptr<File> create(Disk& disk, std::string_view name) {
    auto file = disk.open(name, OpenMode::kCreate);
    EXPECT_TRUE(file);
    return *std::move(file);
}

TEST(SimFaults, TheNthUseFailsAsOftenAsOrdered) {
    SimDisk disk;
    const auto file = create(disk, "a");
    disk.fail_at(DiskCall::kSync, 3, DiskFault::kInputOutput, 2);
    EXPECT_TRUE(file->sync());
    EXPECT_TRUE(file->sync());
    const Status failed = file->sync();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, Code::kIo);
    EXPECT_NE(failed.error().message.find("/sim/a: Input/output error"), std::string::npos);
    EXPECT_FALSE(file->sync());
    EXPECT_TRUE(file->sync());
    ASSERT_EQ(disk.failures().size(), 2u);
    EXPECT_EQ(disk.failures()[0].call, DiskCall::kSync);
    EXPECT_EQ(disk.failures()[0].name, "a");
}

TEST(SimFaults, EveryKindOfCallCanFail) {
    SimDisk disk;
    const auto file = create(disk, "a");
    for (size_t i = 0; i < kDiskCalls; ++i) {
        disk.fail_at(static_cast<DiskCall>(i), 1, DiskFault::kNoSpace);
    }
    char byte = 0;
    EXPECT_FALSE(file->write_at(0, "x"));
    EXPECT_FALSE(file->read_at(0, &byte, 1));
    EXPECT_FALSE(file->sync());
    EXPECT_FALSE(file->truncate(0));
    EXPECT_FALSE(file->reserve(0, 1));
    EXPECT_FALSE(disk.open("a", OpenMode::kRead));
    EXPECT_FALSE(disk.open("b", OpenMode::kCreate));
    EXPECT_FALSE(disk.rename("a", "c"));
    EXPECT_FALSE(disk.remove("a"));
    EXPECT_FALSE(disk.sync_names());
    EXPECT_FALSE(disk.list());
    EXPECT_EQ(disk.failures().size(), kDiskCalls);
    EXPECT_EQ(*disk.list(), (std::vector<std::string>{"a"}));
}

TEST(SimFaults, AFailedWriteMayHaveBegun) {
    std::set<std::string> found;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        SimDisk disk({.seed = seed});
        const auto file = create(disk, "a");
        disk.fail_at(DiskCall::kWrite, 1, DiskFault::kNoSpace);
        EXPECT_FALSE(file->write_at(0, "abc"));
        found.insert(disk.contents("a"));
    }
    EXPECT_EQ(found, (std::set<std::string>{"", "a", "ab", "abc"}));
}

TEST(SimFaults, SyncingAgainAfterAFailedSyncProvesNothing) {
    size_t lost = 0;
    for (uint64_t seed = 0; seed < 100; ++seed) {
        SimDisk disk({.seed = seed});
        const auto file = create(disk, "a");
        ASSERT_TRUE(disk.sync_names());
        ASSERT_TRUE(file->write_at(0, "first"));
        disk.fail_at(DiskCall::kSync, 1, DiskFault::kInputOutput);
        ASSERT_FALSE(file->sync());
        EXPECT_EQ(disk.contents("a"), "first") << "readers do not notice";
        ASSERT_TRUE(file->write_at(5, " second"));
        ASSERT_TRUE(file->sync());

        disk.kill();
        EXPECT_EQ(disk.contents("a"), "first second") << "nor does the next process";
        SmallRandom random(seed);
        disk.crash(random);
        EXPECT_EQ(disk.contents("a").substr(5), " second");
        lost += disk.contents("a") != "first second";
    }
    EXPECT_GT(lost, 30u);
    EXPECT_LT(lost, 90u);
}

TEST(SimFaults, WritingAgainAfterAFailedSyncHelps) {
    for (uint64_t seed = 0; seed < 100; ++seed) {
        SimDisk disk({.seed = seed});
        const auto file = create(disk, "a");
        ASSERT_TRUE(disk.sync_names());
        ASSERT_TRUE(file->write_at(0, "again"));
        disk.fail_at(DiskCall::kSync, 1, DiskFault::kInputOutput);
        ASSERT_FALSE(file->sync());
        ASSERT_TRUE(file->write_at(0, "again"));
        ASSERT_TRUE(file->sync());
        EXPECT_TRUE(disk.unsynced("a").empty());
        SmallRandom random(seed);
        disk.crash(random);
        EXPECT_EQ(disk.contents("a"), "again");
    }
}

TEST(SimFaults, UnsyncedTellsWhatAPowerCutMayTake) {
    SimDisk disk({.seed = 3});
    const auto file = create(disk, "a");
    ASSERT_TRUE(file->write_at(0, "abc"));
    ASSERT_TRUE(file->sync());
    ASSERT_EQ(disk.unsynced("a").size(), 1u) << "the name is not durable";
    EXPECT_EQ(disk.unsynced("a")[0].begin, 0u);
    ASSERT_TRUE(disk.sync_names());
    EXPECT_TRUE(disk.unsynced("a").empty());
    ASSERT_TRUE(file->write_at(3, "de"));
    ASSERT_EQ(disk.unsynced("a").size(), 1u);
    EXPECT_EQ(disk.unsynced("a")[0].begin, 3u);
    EXPECT_EQ(disk.unsynced("a")[0].end, 5u);
}

TEST(SimFaults, AHaltedMachineDoesNothingMore) {
    SimDisk disk;
    const auto file = create(disk, "a");
    ASSERT_TRUE(file->write_at(0, "before"));
    disk.halt_at(2);
    ASSERT_TRUE(file->sync());
    EXPECT_FALSE(disk.halted());
    EXPECT_FALSE(disk.sync_names());
    EXPECT_TRUE(disk.halted());
    char byte = 0;
    EXPECT_FALSE(file->read_at(0, &byte, 1));
    EXPECT_FALSE(file->write_at(0, "after"));
    EXPECT_FALSE(disk.list());
    EXPECT_FALSE(disk.lock());
    disk.kill();
    EXPECT_FALSE(disk.halted());
    EXPECT_EQ(disk.contents("a"), "before");
    EXPECT_TRUE(disk.list());
}

// The sync that never returned may or may not have reached the platter; its bytes are at risk.
TEST(SimFaults, BytesOfAnInterruptedSyncAreStillUnsynced) {
    SimDisk disk;
    const auto file = create(disk, "a");
    ASSERT_TRUE(disk.sync_names());
    ASSERT_TRUE(file->write_at(0, "x"));
    disk.halt_at(1);
    EXPECT_FALSE(file->sync());
    disk.kill();
    EXPECT_FALSE(disk.unsynced("a").empty());
    EXPECT_EQ(disk.contents("a"), "x");
}

TEST(SimFaults, OrdersEndWithTheLifeOrWhenCleared) {
    SimDisk disk;
    disk.fail_at(DiskCall::kList, 1, DiskFault::kInputOutput, UINT64_MAX);
    EXPECT_FALSE(disk.list());
    EXPECT_FALSE(disk.list());
    disk.clear_faults();
    EXPECT_TRUE(disk.list());
    disk.fail_at(DiskCall::kList, 1, DiskFault::kInputOutput, UINT64_MAX);
    disk.halt_at(1);
    disk.kill();
    EXPECT_TRUE(disk.list());
    EXPECT_TRUE(disk.sync_names());
}

TEST(SimFaults, ALyingDiskForgetsWhatItAcknowledged) {
    size_t lost = 0;
    for (uint64_t seed = 0; seed < 50; ++seed) {
        SimDisk disk({.lying_sync = true});
        const auto file = create(disk, "a");
        ASSERT_TRUE(file->write_at(0, "promised"));
        ASSERT_TRUE(file->sync() && disk.sync_names());
        SmallRandom random(seed);
        disk.crash(random);
        lost += disk.contents("a") != "promised";
    }
    EXPECT_GT(lost, 10u);
}

TEST(SimClock, MovesOnlyWhenTold) {
    SimClock clock(1000);
    EXPECT_EQ(clock.wall_ms(), 1000);
    const uint64_t before = clock.monotonic_us();
    clock.advance_ms(5);
    EXPECT_EQ(clock.wall_ms(), 1005);
    EXPECT_EQ(clock.monotonic_us(), before + 5000);
    clock.step_wall_ms(-100);
    EXPECT_EQ(clock.wall_ms(), 905);
    EXPECT_EQ(clock.monotonic_us(), before + 5000);
}

TEST(SimEntropy, RepeatsFromItsSeed) {
    SimEntropy a(1);
    SimEntropy b(1);
    SimEntropy c(2);
    std::set<uint64_t> seen;
    for (int i = 0; i < 100; ++i) {
        const uint64_t value = a.next();
        EXPECT_EQ(value, b.next());
        seen.insert(value);
        seen.insert(c.next());
    }
    EXPECT_EQ(seen.size(), 200u);
}

}  // namespace
}  // namespace synap
