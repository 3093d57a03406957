// Roles that were decided while a node ran outlive settings that were true once.
#include "core/replication/role.h"

#include <gtest/gtest.h>

#include "core/base/crc32c.h"
#include "core/base/varint.h"
#include "core/platform/entropy.h"
#include "core/platform/sim_disk.h"
#include "core/replication/heard_marks.h"

namespace synap::replication {
namespace {

const RoleSettings kReplica{"replica", "master:15501"};
const RoleSettings kMaster{"master", ""};

RoleChoice choose(const std::optional<RoleFile>& last, const RoleSettings& settings) {
    auto choice = choose_role(last, settings);
    EXPECT_TRUE(choice);
    return choice ? *choice : RoleChoice();
}

TEST(Role, SettingsCountForANewDirectory) {
    EXPECT_EQ(choose({}, {}).file.role, NodeRole::kMaster);
    EXPECT_EQ(choose({}, {}).line, "");
    const RoleChoice replica = choose({}, kReplica);
    EXPECT_EQ(replica.file.role, NodeRole::kReplica);
    EXPECT_EQ(replica.file.master, "master:15501");
    EXPECT_TRUE(replica.by_settings);
    EXPECT_EQ(choose({}, {"", "master:15501"}).file.role, NodeRole::kReplica);
    EXPECT_EQ(choose({}, {"REPLICA", "m:1"}).file.role, NodeRole::kReplica);
}

// The environments of a composition say for ever what was true at its first start.
TEST(Role, APromotionOutlivesFixedSettings) {
    RoleFile replica1 = choose({}, kReplica).file;
    RoleFile master = choose({}, kMaster).file;
    replica1.role = NodeRole::kMaster;  // promoted
    replica1.master.clear();
    for (int restart = 0; restart < 3; ++restart) {
        const RoleChoice again = choose(replica1, kReplica);
        EXPECT_EQ(again.file.role, NodeRole::kMaster);
        EXPECT_FALSE(again.by_settings);
        EXPECT_TRUE(again.ignores_settings);
        EXPECT_NE(again.line.find("this node is master"), std::string::npos) << again.line;
        EXPECT_NE(again.line.find("replica of master:15501"), std::string::npos) << again.line;
        replica1 = again.file;
    }
    // The old master was told to follow; it, too, does as was decided.
    master.role = NodeRole::kReplica;
    master.master = "replica1:15501";
    EXPECT_EQ(choose(master, kMaster).file.master, "replica1:15501");
    EXPECT_TRUE(choose(master, kMaster).ignores_settings);
}

TEST(Role, ChangedSettingsCount) {
    RoleFile promoted = choose({}, kReplica).file;
    promoted.role = NodeRole::kMaster;
    promoted.master.clear();
    const RoleChoice moved = choose(promoted, {"replica", "other:15501"});
    EXPECT_EQ(moved.file.role, NodeRole::kReplica);
    EXPECT_EQ(moved.file.master, "other:15501");
    EXPECT_TRUE(moved.by_settings);
    EXPECT_NE(moved.line.find("changed"), std::string::npos);
    // Changed to what was decided: nothing to say, then or later.
    const RoleChoice agreed = choose(promoted, kMaster);
    EXPECT_EQ(agreed.line, "");
    EXPECT_EQ(choose(agreed.file, kMaster).line, "");
    EXPECT_FALSE(choose(agreed.file, kMaster).ignores_settings);
    // And back to what they were: that is a change, too.
    EXPECT_EQ(choose(agreed.file, kReplica).file.role, NodeRole::kReplica);
}

TEST(Role, RemovedSettingsChangeNothing) {
    const RoleFile replica = choose({}, kReplica).file;
    const RoleChoice removed = choose(replica, {});
    EXPECT_EQ(removed.file.role, NodeRole::kReplica);
    EXPECT_EQ(removed.file.master, "master:15501");
    EXPECT_EQ(removed.line, "");
    // Set again they are new.
    EXPECT_TRUE(choose(removed.file, kMaster).by_settings);
}

TEST(Role, AFenceOutlivesARestart) {
    RoleFile master = choose({}, kMaster).file;
    master.fenced_by = {3, 0xabc};
    EXPECT_EQ(choose(master, kMaster).file.fenced_by, (HeardTerm{3, 0xabc}));
    EXPECT_EQ(choose(master, kReplica).file.fenced_by.term, 3u);
}

TEST(Role, SettingsThatMeanNothingAreRefused) {
    const auto why = [](const RoleSettings& settings) {
        auto choice = choose_role({}, settings);
        EXPECT_FALSE(choice);
        return choice ? std::string() : choice.error().message;
    };
    EXPECT_NE(why({"slave", "m:1"}).find("slave"), std::string::npos);
    EXPECT_NE(why({"replica", ""}).find("SYNAP_MASTER"), std::string::npos);
    EXPECT_NE(why({"replica", std::string(kRoleTextBytes + 1, 'm')}), "");
}

TEST(Role, TheFileComesBackOrIsDamaged) {
    SimDisk disk;
    EXPECT_EQ(read_role_file(disk).error().code, Code::kEmpty);
    RoleFile file = choose({}, kReplica).file;
    file.fenced_by = {7, 8};
    ASSERT_TRUE(write_role_file(disk, file));
    file.master = std::string(kRoleTextBytes, 'm');
    file.noted = {std::string(kRoleTextBytes, 'r'), file.master};
    ASSERT_TRUE(write_role_file(disk, file));
    SmallRandom random(1);
    disk.crash(random);
    auto again = read_role_file(disk);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->encode(), file.encode());
    const std::string bytes = choose({}, kReplica).file.encode();
    EXPECT_TRUE(RoleFile::decode(bytes, "ROLE"));
    for (size_t at = 0; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] ^= 1;
        EXPECT_FALSE(RoleFile::decode(damaged, "ROLE")) << at;
        EXPECT_FALSE(RoleFile::decode(bytes.substr(0, at), "ROLE")) << at;
    }
    // Right checksums do not give it a meaning.
    RoleFile nobody;
    nobody.role = NodeRole::kReplica;
    EXPECT_FALSE(RoleFile::decode(nobody.encode(), "ROLE"));
    nobody.role = static_cast<NodeRole>(9);
    EXPECT_FALSE(RoleFile::decode(nobody.encode(), "ROLE"));
}

TEST(HeardMarks, KeepTheHighestAndDropWhatIsImplied) {
    HeardMarks marks;
    const Epoch first{1, 1, 1, 0, 11, 1};
    const Epoch second{1, 2, 2, 100, 12, 1};
    const Epoch behind{2, 3, 3, 150, 13, 2};
    EXPECT_TRUE(marks.heard(first, 50));
    EXPECT_FALSE(marks.heard(first, 50));
    EXPECT_FALSE(marks.heard(first, 40));
    EXPECT_TRUE(marks.heard(first, 90));
    EXPECT_EQ(marks.all(), (std::vector<HeardMark>{{11, 1, 90}}));
    EXPECT_TRUE(marks.heard(second, 180));
    EXPECT_EQ(marks.all(), (std::vector<HeardMark>{{12, 2, 180}}));
    // A term that began behind what was promised does not take the promise back.
    EXPECT_TRUE(marks.heard(behind, 160));
    EXPECT_EQ(marks.all(), (std::vector<HeardMark>{{12, 2, 180}, {13, 3, 160}}));
    EXPECT_EQ(marks.highest(), 180u);
    HeardMarks given_up = marks;
    given_up.give_up(170);
    EXPECT_EQ(given_up.all(), (std::vector<HeardMark>{{13, 3, 160}}));

    const HistoryId history{1, 2};
    SimDisk disk;
    EXPECT_TRUE(read_heard_marks(disk, history)->all().empty());
    ASSERT_TRUE(write_heard_marks(disk, history, marks));
    SmallRandom random(1);
    disk.crash(random);
    EXPECT_EQ(read_heard_marks(disk, history)->all(), marks.all());
    EXPECT_TRUE(read_heard_marks(disk, {1, 3})->all().empty());
    const std::string bytes = marks.encode(history);
    for (size_t at = 0; at < bytes.size(); ++at) {
        std::string damaged = bytes;
        damaged[at] ^= 1;
        EXPECT_FALSE(HeardMarks::decode(damaged, history, "HEARD")) << at;
        EXPECT_FALSE(HeardMarks::decode(bytes.substr(0, at), history, "HEARD")) << at;
    }
}

}  // namespace
}  // namespace synap::replication
