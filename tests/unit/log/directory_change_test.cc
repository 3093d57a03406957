// Going back and giving way to another history, whatever happens in the middle of it.
#include "core/log/directory_change.h"

#include "tests/unit/log/directory_fixture.h"

namespace synap {
namespace {

using Step = DirectoryChange::Step;
using Values = std::vector<std::string>;

void make_snapshot(Disk& disk, uint64_t position) {
    const std::string name = format::file_name(format::kSnapshotPrefix, position);
    ASSERT_TRUE(write_file_durably(disk, name, "a snapshot"));
}

bool has_file(const SimDisk& disk, std::string_view prefix, uint64_t position) {
    const auto names = disk.names();
    return std::find(names.begin(), names.end(), format::file_name(prefix, position)) !=
           names.end();
}

// The log of another history, as a full sync leaves it.
RestingLog receive(Disk& disk, uint64_t history) {
    SimDisk master;
    RestingLog log = make_resting_log(master, history, 'o');
    std::string bytes =
        encode_segment_header({format::kLevel, log.manifest.history, 0, 0, RestingLog::kNode});
    auto segments = list_segments(master);
    EXPECT_TRUE(segments);
    for (const uint64_t start : *segments) {
        bytes.resize(format::kSegmentHeaderBytes + start);
        bytes += master.contents(format::file_name(format::kSegmentPrefix, start))
                     .substr(format::kSegmentHeaderBytes);
    }
    bytes.resize(format::kSegmentHeaderBytes + log.end());
    EXPECT_TRUE(write_file_durably(disk, format::file_name(format::kIncomingPrefix, 0), bytes));
    return log;
}

// Recovery that dies once itself, and is begun again.
void find_after_another_death(SimDisk& disk, Death death, SmallRandom& random, FoundLog& found) {
    disk.halt_at(1 + random.below(14));
    FoundLog unseen;
    find_log(disk, unseen).ignore();
    die(disk, death, random);
    const Status read = find_log(disk, found);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(found.manifest.change.step, Step::kNone);
}

TEST(CutBack, EndsAtAnyPointAndSavesWhatWasBehindIt) {
    for (size_t count = 0; count <= 16; ++count) {
        SimDisk disk;
        RestingLog log = make_resting_log(disk, 5, 'm');
        const uint64_t point = count == 0 ? 0 : log.ends[count - 1];
        const Status cut = cut_back(disk, log.manifest, log.node, point, log.end());
        ASSERT_TRUE(cut) << cut.error().message;
        FoundLog found;
        ASSERT_TRUE(find_log(disk, found));
        EXPECT_EQ(found.values, log.first(count));
        EXPECT_EQ(found.end, point);
        EXPECT_EQ(found.node.durable, point);
        EXPECT_EQ(found.manifest.epochs.size(), count == 0 ? 0u : count <= 10 ? 1u : 2u);
        auto saved = list_diverged(disk);
        ASSERT_TRUE(saved);
        ASSERT_EQ(saved->size(), count == 16 ? 0u : 1u);
        if (saved->empty()) continue;
        EXPECT_EQ(diverged_values(disk, saved->front()), log.behind(count));
        auto about = read_diverged(disk, saved->front());
        ASSERT_TRUE(about);
        EXPECT_EQ(about->begin, point);
        EXPECT_EQ(about->end, log.end());
        EXPECT_EQ(about->node, RestingLog::kNode);
        EXPECT_EQ(about->manifest.epochs.size(), 2u);
    }
}

TEST(CutBack, ADeathAtAnyStepLeavesTheOldOrTheNew) {
    constexpr size_t kKept = 6;
    for (const Death death : kDeaths) {
        bool done = false;
        uint64_t halt = 1;
        for (; !done; ++halt) {
            ASSERT_LT(halt, 200u);
            SimDisk disk(disk_options(death, halt));
            RestingLog log = make_resting_log(disk, 5, 'm');
            make_snapshot(disk, log.ends[3]);
            make_snapshot(disk, log.ends[11]);
            Manifest manifest = log.manifest;
            NodeFile node = log.node;
            disk.halt_at(halt);
            const uint64_t point = log.ends[kKept - 1];
            done = static_cast<bool>(cut_back(disk, manifest, node, point, log.end()));
            ASSERT_NE(done, disk.halted());
            SmallRandom random(halt);
            die(disk, death, random);
            FoundLog found;
            find_after_another_death(disk, death, random, found);
            const bool is_old = found.values == log.values;
            EXPECT_TRUE(is_old || found.values == log.first(kKept)) << "halt " << halt;
            EXPECT_FALSE(is_old && done);
            EXPECT_EQ(found.manifest.epochs.size(), is_old ? 2u : 1u);
            EXPECT_TRUE(has_file(disk, format::kSnapshotPrefix, log.ends[3]));
            EXPECT_EQ(has_file(disk, format::kSnapshotPrefix, log.ends[11]), is_old);
            if (is_old) continue;
            auto saved = list_diverged(disk);
            ASSERT_TRUE(saved);
            ASSERT_EQ(saved->size(), 1u) << "halt " << halt;
            EXPECT_EQ(diverged_values(disk, saved->front()), log.behind(kKept));
        }
        EXPECT_GT(halt, 15u);
    }
}

TEST(CutBack, IsRefusedWhereTheRestCouldNotBeLoaded) {
    SimDisk disk;
    RestingLog log = make_resting_log(disk, 5, 'm');
    ASSERT_TRUE(disk.remove(format::file_name(format::kSegmentPrefix, 0)));
    make_snapshot(disk, log.ends[13]);
    const auto before = files_of(disk);
    const Status cut = cut_back(disk, log.manifest, log.node, log.ends[12], log.end());
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, Code::kNeedSnapshot);
    EXPECT_EQ(files_of(disk), before);
    EXPECT_EQ(log.manifest.change.step, Step::kNone);
    EXPECT_TRUE(cut_back(disk, log.manifest, log.node, log.ends[13], log.end()));
}

TEST(CutBack, IsRefusedBehindTheEnd) {
    SimDisk disk;
    RestingLog log = make_resting_log(disk, 5, 'm');
    const Status cut = cut_back(disk, log.manifest, log.node, log.end() + 1, log.end());
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, Code::kInvalidArgument);
}

TEST(CutBack, WithoutRoomForTheTailNothingChanges) {
    SimDisk disk;
    RestingLog log = make_resting_log(disk, 5, 'm');
    const auto before = files_of(disk);
    disk.set_shortage(DiskFault::kNoSpace);
    const Status cut = cut_back(disk, log.manifest, log.node, log.ends[4], log.end());
    ASSERT_FALSE(cut);
    EXPECT_TRUE(cut.error().may_pass());
    EXPECT_EQ(files_of(disk), before);
    disk.set_shortage(std::nullopt);
    EXPECT_TRUE(cut_back(disk, log.manifest, log.node, log.ends[4], log.end()));
    FoundLog found;
    ASSERT_TRUE(find_log(disk, found));
    EXPECT_EQ(found.values, log.first(5));
}

// Each call that fails once, by itself, at any place: all is as it was, or the same call goes on.
TEST(CutBack, GoesOnAfterAnyError) {
    constexpr DiskCall kCalls[] = {DiskCall::kOpen,     DiskCall::kCreate, DiskCall::kWrite,
                                   DiskCall::kSync,     DiskCall::kRename, DiskCall::kRemove,
                                   DiskCall::kTruncate, DiskCall::kList,   DiskCall::kSyncNames};
    for (const DiskCall call : kCalls) {
        bool failed = true;
        for (uint64_t nth = 1; failed; ++nth) {
            SimDisk disk;
            RestingLog log = make_resting_log(disk, 5, 'm');
            disk.fail_at(call, nth, DiskFault::kInputOutput);
            const Status cut = cut_back(disk, log.manifest, log.node, log.ends[4], log.end());
            failed = !disk.failures().empty();
            disk.clear_faults();
            if (!cut) {
                const Status again = cut_back(disk, log.manifest, log.node, log.ends[4], log.end());
                ASSERT_TRUE(again) << to_string(call) << nth << again.error().message;
            }
            FoundLog found;
            ASSERT_TRUE(find_log(disk, found));
            EXPECT_EQ(found.values, log.first(5)) << to_string(call) << " " << nth;
            auto saved = list_diverged(disk);
            ASSERT_TRUE(saved);
            ASSERT_EQ(saved->size(), 1u) << to_string(call) << " " << nth;
            EXPECT_EQ(diverged_values(disk, saved->front()), log.behind(5));
        }
    }
}

TEST(CutBack, TwiceInARowKeepsBothTails) {
    SimDisk disk;
    RestingLog log = make_resting_log(disk, 5, 'm');
    ASSERT_TRUE(cut_back(disk, log.manifest, log.node, log.ends[9], log.end()));
    ASSERT_TRUE(cut_back(disk, log.manifest, log.node, log.ends[3], log.ends[9]));
    const Values first_tail = log.behind(10);
    Values second_tail = log.behind(4);
    second_tail.resize(6);
    log.values.resize(4);
    log.ends.resize(4);
    write_log(disk, log, {100, 200}, 'n');
    ASSERT_TRUE(cut_back(disk, log.manifest, log.node, log.ends[3], log.end()));
    auto saved = list_diverged(disk);
    ASSERT_TRUE(saved);
    ASSERT_EQ(saved->size(), 3u);
    std::vector<Values> tails;
    for (const std::string& name : *saved) tails.push_back(diverged_values(disk, name));
    for (const Values& tail : {first_tail, second_tail, log.behind(4)}) {
        EXPECT_NE(std::find(tails.begin(), tails.end(), tail), tails.end());
    }
}

TEST(Adopt, ADeathAtAnyStepLeavesTheOldOrTheNew) {
    for (const Death death : kDeaths) {
        bool done = false;
        uint64_t halt = 1;
        for (; !done; ++halt) {
            ASSERT_LT(halt, 200u);
            SimDisk disk(disk_options(death, halt));
            RestingLog log = make_resting_log(disk, 5, 'm');
            make_snapshot(disk, log.ends[3]);
            const RestingLog other = receive(disk, 900);
            const uint64_t complete_at = other.ends[7];
            ASSERT_TRUE(write_file_durably(
                disk, format::file_name(format::kIncomingSnapshotPrefix, complete_at), "new"));
            Manifest manifest = log.manifest;
            NodeFile node = log.node;
            disk.halt_at(halt);
            done = static_cast<bool>(adopt(disk, manifest, other.manifest, node, other.end()));
            ASSERT_NE(done, disk.halted());
            SmallRandom random(halt);
            die(disk, death, random);
            FoundLog found;
            find_after_another_death(disk, death, random, found);
            const bool is_old = found.manifest.history == log.manifest.history;
            EXPECT_EQ(found.values, is_old ? log.values : other.values) << "halt " << halt;
            EXPECT_FALSE(is_old && done);
            EXPECT_EQ(found.manifest.secret, (is_old ? log : other).manifest.secret);
            EXPECT_EQ(has_file(disk, format::kSnapshotPrefix, log.ends[3]), is_old);
            EXPECT_EQ(has_file(disk, format::kSnapshotPrefix, complete_at), !is_old);
            if (is_old) continue;
            EXPECT_EQ(found.node.history, other.manifest.history);
            EXPECT_EQ(found.node.durable, other.end());
            EXPECT_EQ(found.node.id, RestingLog::kNode);
        }
        EXPECT_GT(halt, 20u);
    }
}

TEST(Adopt, GoesOnAfterAnyError) {
    constexpr DiskCall kCalls[] = {DiskCall::kOpen, DiskCall::kCreate,   DiskCall::kWrite,
                                   DiskCall::kSync, DiskCall::kRename,   DiskCall::kRemove,
                                   DiskCall::kList, DiskCall::kSyncNames};
    for (const DiskCall call : kCalls) {
        bool failed = true;
        for (uint64_t nth = 1; failed; ++nth) {
            SimDisk disk;
            RestingLog log = make_resting_log(disk, 5, 'm');
            const RestingLog other = receive(disk, 900);
            disk.fail_at(call, nth, DiskFault::kInputOutput);
            const Status adopted = adopt(disk, log.manifest, other.manifest, log.node, other.end());
            failed = !disk.failures().empty();
            disk.clear_faults();
            if (!adopted) {
                const Status again =
                    adopt(disk, log.manifest, other.manifest, log.node, other.end());
                ASSERT_TRUE(again) << to_string(call) << nth << again.error().message;
            }
            FoundLog found;
            ASSERT_TRUE(find_log(disk, found));
            EXPECT_EQ(found.values, other.values) << to_string(call) << " " << nth;
        }
    }
}

TEST(Adopt, OfNothingEmptiesAndLeavesWhatIsBeingReceived) {
    SimDisk disk;
    RestingLog log = make_resting_log(disk, 5, 'm');
    receive(disk, 900);
    Manifest next = manifest_of_history(30);
    next.epochs.clear();
    ASSERT_TRUE(adopt(disk, log.manifest, next, log.node, 0));
    FoundLog found;
    ASSERT_TRUE(find_log(disk, found));
    EXPECT_TRUE(found.values.empty());
    EXPECT_EQ(found.manifest.history, next.history);
    EXPECT_TRUE(has_file(disk, format::kIncomingPrefix, 0));
    ASSERT_TRUE(remove_incoming(disk));
    EXPECT_FALSE(has_file(disk, format::kIncomingPrefix, 0));
}

TEST(Adopt, IsRefusedWhereNothingWasReceived) {
    SimDisk disk;
    RestingLog log = make_resting_log(disk, 5, 'm');
    const auto before = files_of(disk);
    const Status adopted = adopt(disk, log.manifest, manifest_of_history(30), log.node, 500);
    ASSERT_FALSE(adopted);
    EXPECT_EQ(adopted.error().code, Code::kInvalidArgument);
    EXPECT_EQ(files_of(disk), before);
}

// A change of one kind was begun, and the other one is asked for next.
TEST(Adopt, FinishesAnotherChangeFirst) {
    for (uint64_t halt = 1; halt < 30; ++halt) {
        SimDisk disk;
        RestingLog log = make_resting_log(disk, 5, 'm');
        const RestingLog other = receive(disk, 900);
        disk.halt_at(halt);
        cut_back(disk, log.manifest, log.node, log.ends[4], log.end()).ignore();
        disk.kill();
        auto manifest = read_manifest(disk);
        ASSERT_TRUE(manifest);
        ASSERT_TRUE(adopt(disk, *manifest, other.manifest, log.node, other.end()));
        ASSERT_TRUE(cut_back(disk, *manifest, log.node, other.ends[2], other.end()));
        FoundLog found;
        ASSERT_TRUE(find_log(disk, found));
        EXPECT_EQ(found.values, other.first(3)) << "halt " << halt;
    }
}

TEST(Adopt, WhatWasReceivedStaysWhileItIsNeeded) {
    uint64_t refused = 0;
    for (uint64_t halt = 1; halt < 40; ++halt) {
        SimDisk disk;
        RestingLog log = make_resting_log(disk, 5, 'm');
        const RestingLog other = receive(disk, 900);
        disk.halt_at(halt);
        adopt(disk, log.manifest, other.manifest, log.node, other.end()).ignore();
        disk.kill();
        auto manifest = read_manifest(disk);
        ASSERT_TRUE(manifest);
        const bool is_begun = manifest->change.step != Step::kNone;
        EXPECT_EQ(static_cast<bool>(remove_incoming(disk)), !is_begun);
        refused += is_begun ? 1 : 0;
        FoundLog found;
        ASSERT_TRUE(find_log(disk, found));
    }
    EXPECT_GT(refused, 5u);
}

}  // namespace
}  // namespace synap
