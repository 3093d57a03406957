// Who may follow whom, and from where: the kinds of failure that a cluster survives, by hand. What
// holds for all of them is in histories_test.cc.
#include "core/replication/common_point.h"

#include <gtest/gtest.h>

namespace synap::replication {
namespace {

constexpr uint64_t kM = 1, kF = 2, kB = 3;

Epoch epoch(uint32_t term, uint32_t number, uint64_t start, uint64_t id, uint64_t writer = kM) {
    return {term, number, number, start, id, writer};
}

NodeFacts node(uint64_t id, std::vector<Epoch> epochs, uint64_t end) {
    NodeFacts facts;
    facts.node = id;
    facts.name = "n" + std::to_string(id);
    facts.level = facts.level_min = facts.level_max = 1;
    facts.history = {7, 7};
    facts.epochs = std::move(epochs);
    facts.end = end;
    facts.has_directory = true;
    return facts;
}

NodeFacts master(uint64_t id, std::vector<Epoch> epochs, uint64_t end) {
    NodeFacts facts = node(id, std::move(epochs), end);
    facts.is_master = true;
    return facts;
}

void expect(const Decision& decision, Course course, Why why, uint64_t from, bool gives_up) {
    EXPECT_EQ(int(decision.course), int(course)) << decision.reason;
    EXPECT_EQ(int(decision.why), int(why)) << decision.reason;
    EXPECT_EQ(decision.from, from);
    EXPECT_EQ(decision.gives_up, gives_up);
    if (course == Course::kRefuse) {
        EXPECT_FALSE(decision.reason.empty());
        EXPECT_FALSE(decision.remedy.empty());
    }
}
void expect_continue(const Decision& decision, uint64_t from, bool gives_up = false) {
    expect(decision, Course::kContinue, Why::kNothing, from, gives_up);
}
void expect_refused(const Decision& decision, Why why) {
    expect(decision, Course::kRefuse, why, 0, false);
}
void expect_later(const Decision& decision, Why why) {
    expect(decision, Course::kLater, why, 0, false);
}

const Epoch kA = epoch(1, 1, 0, 11);

TEST(CommonPoint, AFollowerGoesOnWhereItIs) {
    expect_continue(decide(master(kM, {kA}, 500), node(kF, {kA}, 300)), 300);
    expect_continue(decide(master(kM, {kA}, 500), node(kF, {kA}, 500)), 500);
    const Epoch second = epoch(1, 2, 400, 12);
    expect_continue(decide(master(kM, {kA, second}, 500), node(kF, {kA}, 300)), 300);
    expect_continue(decide(master(kM, {kA, second}, 500), node(kF, {kA}, 400)), 400);
    expect_continue(decide(master(kM, {kA, second}, 500), node(kF, {kA, second}, 400)), 400);
}

TEST(CommonPoint, ABlankNodeAdoptsAnyHistory) {
    NodeFacts blank = node(kF, {}, 0);
    blank.history = {1, 2};
    NodeFacts sender = master(kM, {kA}, 500);
    expect_continue(decide(sender, blank), 0);
    sender.oldest = 100;
    expect(decide(sender, blank), Course::kFull, Why::kBlank, 0, false);
    expect_continue(decide(master(kM, {}, 0), blank), 0);
}

TEST(CommonPoint, AForeignHistoryIsRefusedUntilForced) {
    NodeFacts other = node(kF, {epoch(1, 1, 0, 99, kF)}, 300);
    other.history = {1, 2};
    expect_refused(decide(master(kM, {kA}, 500), other), Why::kForeignHistory);
    other.forces = true;
    expect(decide(master(kM, {kA}, 500), other), Course::kFull, Why::kForced, 0, true);
}

TEST(CommonPoint, AnEmptiedMasterEmptiesNobody) {
    NodeFacts emptied = master(kM, {}, 0);
    emptied.history = {9, 9};
    NodeFacts follower = node(kF, {kA}, 300);
    expect_refused(decide(emptied, follower), Why::kEmptied);
    emptied.history = follower.history;
    expect_refused(decide(emptied, follower), Why::kEmptied);
    follower.forces = true;
    expect(decide(emptied, follower), Course::kFull, Why::kForced, 0, true);
}

TEST(CommonPoint, AnOlderCopyOfTheMasterIsRefused) {  // before and after its first write
    NodeFacts follower = node(kF, {kA}, 2000);
    follower.marks = {{kA.id, 1, 1990}};
    const NodeFacts silent = master(kM, {kA}, 1000);
    const NodeFacts wrote = master(kM, {kA, epoch(1, 2, 1000, 12)}, 1010);
    const NodeFacts wrote_much = master(kM, {kA, epoch(1, 2, 1000, 12)}, 5000);
    for (const NodeFacts& older : {silent, wrote, wrote_much}) {
        const Decision decision = decide(older, follower);
        expect_refused(decision, Why::kRolledBack);
        EXPECT_NE(decision.reason.find("1990"), std::string::npos) << decision.reason;
        EXPECT_FALSE(decision.fences_sender);
    }
    follower.forces = true;
    for (const NodeFacts& older : {silent, wrote, wrote_much}) {
        expect_continue(decide(older, follower), 1000, true);
    }
}

TEST(CommonPoint, APromiseCountsBeforeItsBytesArrived) {
    NodeFacts follower = node(kF, {kA}, 500);
    follower.marks = {{kA.id, 1, 1000}};
    expect_refused(decide(master(kM, {kA}, 700), follower), Why::kRolledBack);
    expect_continue(decide(master(kM, {kA}, 1000), follower), 500);
    // Of an epoch that the follower has not reached.
    follower.marks = {{12, 2, 1000}};
    expect_refused(decide(master(kM, {kA}, 2000), follower), Why::kRolledBack);
    expect_continue(decide(master(kM, {kA, epoch(1, 2, 600, 12)}, 2000), follower), 500);
}

TEST(CommonPoint, AMasterThatLostAnEpochOfItsTermWasRolledBack) {  // whatever marks say
    const Epoch second = epoch(1, 2, 1000, 12);
    const NodeFacts follower = node(kF, {kA, second}, 1200);
    expect_refused(decide(master(kM, {kA}, 900), follower), Why::kRolledBack);
    expect_refused(decide(master(kM, {kA, epoch(1, 2, 900, 13)}, 2000), follower),
                   Why::kRolledBack);
}

TEST(CommonPoint, APowerCutOfTheMasterBehindItsFollowers) {
    NodeFacts follower = node(kF, {kA}, 500);
    follower.marks = {{kA.id, 1, 400}};
    expect_later(decide(master(kM, {kA}, 450), follower), Why::kAhead);
    // Its first write ends the epoch: what was never called durable is gone back from.
    const Decision decision = decide(master(kM, {kA, epoch(1, 2, 450, 12)}, 460), follower);
    expect_continue(decision, 450, true);
    EXPECT_FALSE(decision.reason.empty());
}

TEST(CommonPoint, EqualPositionsAreNotEqualHistories) {  // one record each
    const NodeFacts sender = master(kM, {kA}, 310);
    NodeFacts promoted = node(kF, {kA, epoch(2, 2, 300, 21, kF)}, 310);
    const Decision refused = decide(sender, promoted);
    expect_refused(refused, Why::kLaterTerm);
    EXPECT_TRUE(refused.fences_sender);
    promoted.forces = true;
    const Decision forced = decide(sender, promoted);
    expect_continue(forced, 300, true);
    EXPECT_FALSE(forced.fences_sender);
    EXPECT_EQ(forced.begin_term_above, 2u);
    // Having begun that term, the sender decides anew, with nothing to begin.
    const NodeFacts above = master(kM, {kA, epoch(3, 2, 310, 31)}, 310);
    const Decision again = decide(above, promoted);
    expect_continue(again, 300, true);
    EXPECT_EQ(again.begin_term_above, 0u);
}

TEST(CommonPoint, AForcedFollowerNeedsAMasterToBeginTheTerm) {
    NodeFacts promoted = node(kF, {kA, epoch(2, 2, 300, 21, kF)}, 310);
    const NodeFacts relay = node(kM, {kA}, 310);
    expect_later(decide(relay, promoted), Why::kSenderCatchesUp);
    promoted.forces = true;
    expect_refused(decide(relay, promoted), Why::kNotMaster);
}

TEST(CommonPoint, TwoTermsOfOneNumber) {  // B was promoted, then A without knowing of it
    const NodeFacts a = master(kM, {kA, epoch(2, 2, 300, 21, kM)}, 305);
    NodeFacts b = node(kB, {kA, epoch(2, 2, 300, 22, kB)}, 305);
    NodeFacts c = node(kF, {kA, epoch(2, 2, 300, 22, kB)}, 303);
    c.marks = {{22, 2, 303}};
    EXPECT_EQ(fence(a, b), Fence::kTwoTerms);
    EXPECT_EQ(fence(b, a), Fence::kTwoTerms);
    for (NodeFacts* other : {&b, &c}) {
        expect_refused(decide(a, *other), Why::kTwoTerms);
        EXPECT_FALSE(decide(a, *other).fences_sender);
        other->forces = true;
        const Decision decision = decide(a, *other);
        expect_continue(decision, 300, true);
        EXPECT_EQ(decision.begin_term_above, 2u);
        other->forces = false;
    }
    // C had its way, and A began term 3: B is still asked.
    const NodeFacts above =
        master(kM, {kA, epoch(2, 2, 300, 21, kM), epoch(3, 3, 305, 31, kM)}, 305);
    expect_refused(decide(above, b), Why::kTwoTerms);
    b.forces = true;
    expect_continue(decide(above, b), 300, true);
}

TEST(CommonPoint, TheOldMasterComesBackAsAFollower) {  // and was restarted five times in isolation
    std::vector<Epoch> own{kA};
    for (uint32_t i = 2; i <= 6; ++i) own.push_back(epoch(1, i, 500 + i * 10, 100 + i));
    NodeFacts old = node(kM, own, 600);
    const NodeFacts promoted = master(kF, {kA, epoch(2, 2, 480, 21, kF)}, 900);
    expect_continue(decide(promoted, old), 480, true);
    // The follower that was promoted had more than the end of that epoch.
    const NodeFacts further = master(kF, {kA, epoch(2, 2, 515, 21, kF)}, 900);
    expect_continue(decide(further, old), 515, true);
    const NodeFacts ahead = master(kF, {kA, own[1], epoch(2, 3, 525, 21, kF)}, 900);
    expect_continue(decide(ahead, old), 525, true);
    EXPECT_EQ(fence(old, promoted), Fence::kLaterTerm);
    EXPECT_EQ(fence(promoted, old), Fence::kNone);
}

TEST(CommonPoint, ATermThatBeganBehindWhatWasDurableTakesNothingUnasked) {
    NodeFacts follower = node(kB, {kA}, 500);
    follower.marks = {{kA.id, 1, 500}};
    const NodeFacts behind = master(kF, {kA, epoch(2, 2, 400, 21, kF)}, 450);
    expect_refused(decide(behind, follower), Why::kPromotedBehind);
    follower.forces = true;
    expect_continue(decide(behind, follower), 400, true);
}

TEST(CommonPoint, ARelayThatIsBehindIsWaitedFor) {
    NodeFacts follower = node(kF, {kA, epoch(1, 2, 400, 12)}, 500);
    follower.marks = {{12, 2, 500}};
    expect_later(decide(node(kB, {kA}, 300), follower), Why::kSenderCatchesUp);
    expect_later(decide(node(kB, {kA}, 450), follower), Why::kSenderCatchesUp);
    expect_later(decide(node(kB, {}, 0), follower), Why::kSenderCatchesUp);
    expect_later(decide(node(kB, {kA, epoch(1, 2, 400, 12)}, 450), follower),
                 Why::kSenderCatchesUp);
    expect_continue(decide(node(kB, {kA, epoch(1, 2, 400, 12)}, 500), follower), 500);
}

TEST(CommonPoint, ARestoredMasterSaysSo) {
    NodeFacts restored = master(kM, {kA}, 300);
    restored.was_restored = true;
    NodeFacts follower = node(kF, {kA}, 500);
    expect_refused(decide(restored, follower), Why::kRestored);
    follower.marks = {{kA.id, 1, 400}};
    expect_refused(decide(restored, follower), Why::kRestored);
    restored.epochs.push_back(epoch(1, 2, 300, 12));
    expect_refused(decide(restored, follower), Why::kRestored);
    follower.forces = true;
    expect_continue(decide(restored, follower), 300, true);
    // Who is behind it loses nothing.
    expect_continue(decide(restored, node(kB, {kA}, 200)), 200);
}

TEST(CommonPoint, GoingBackNeedsASnapshotFromBefore) {
    const NodeFacts sender = master(kM, {kA, epoch(1, 2, 450, 12)}, 900);
    NodeFacts follower = node(kF, {kA}, 500);
    follower.oldest = 200;
    expect(decide(sender, follower), Course::kFull, Why::kNoSnapshotBefore, 450, true);
    follower.snapshots = {460};
    expect(decide(sender, follower), Course::kFull, Why::kNoSnapshotBefore, 450, true);
    follower.snapshots = {100, 460};
    expect(decide(sender, follower), Course::kFull, Why::kNoSnapshotBefore, 450, true);
    follower.snapshots = {460, 450};
    expect_continue(decide(sender, follower), 450, true);
    follower.has_directory = false;
    expect(decide(sender, follower), Course::kFull, Why::kNoDirectory, 450, true);
    // An epoch without records is given up without going back.
    NodeFacts idle = node(kF, {kA, epoch(1, 2, 450, 13, kF)}, 450);
    idle.oldest = 200;
    idle.forces = true;
    expect_continue(decide(sender, idle), 450, true);
}

TEST(CommonPoint, ALogThatIsGoneMeansAFullSync) {
    NodeFacts sender = master(kM, {kA}, 900);
    sender.oldest = 400;
    expect(decide(sender, node(kF, {kA}, 300)), Course::kFull, Why::kLogGone, 300, false);
    expect_continue(decide(sender, node(kF, {kA}, 400)), 400);
    NodeFacts damaged = node(kF, {kA}, 500);
    damaged.asks_full_sync = true;
    expect(decide(sender, damaged), Course::kFull, Why::kAsked, 500, false);
}

TEST(CommonPoint, MergedEpochsAreNeverContinuedFrom) {
    const Epoch merged{1, 5, 2, 100, 15, kM};
    const NodeFacts sender = master(kM, {kA, merged, epoch(1, 6, 900, 16)}, 2000);
    // The follower's end is known: by the last of the merged, or before them.
    expect_continue(decide(sender, node(kF, {kA, merged}, 800)), 800);
    expect_continue(decide(sender, node(kF, {kA, epoch(1, 4, 700, 14), epoch(1, 5, 800, 15)}, 850)),
                    850);
    expect_continue(decide(sender, node(kF, {kA}, 80)), 80);
    NodeFacts away = node(kF, {kA, epoch(1, 2, 100, 12), epoch(1, 3, 200, 13)}, 300);
    away.marks = {{13, 3, 300}};
    expect(decide(sender, away), Course::kFull, Why::kMergedEpoch, 0, false);
    // Nor is an epoch of another writer taken for one of them.
    away.epochs.back().writer = kB;
    expect_refused(decide(sender, away), Why::kRolledBack);
    away.epochs = {epoch(1, 3, 0, 13)};
    expect(decide(sender, away), Course::kFull, Why::kMergedEpoch, 0, false);
    away.end = 3000;
    expect_refused(decide(sender, away), Why::kShorter);
}

TEST(CommonPoint, NoEpochInCommon) {  // both wrote to what was blank
    const NodeFacts sender = master(kF, {epoch(2, 1, 0, 21, kF)}, 500);
    expect(decide(sender, node(kM, {kA}, 300)), Course::kFull, Why::kNoCommonEpoch, 0, true);
    expect_refused(decide(sender, node(kM, {kA}, 600)), Why::kShorter);
    NodeFacts heard = node(kB, {kA}, 300);
    heard.marks = {{kA.id, 1, 200}};
    expect_refused(decide(sender, heard), Why::kPromotedBehind);
}

TEST(CommonPoint, OtherFormatsAndItself) {
    NodeFacts follower = node(kF, {kA}, 300);
    NodeFacts sender = master(kM, {kA}, 500);
    sender.level = 3;
    expect_refused(decide(sender, follower), Why::kFormat);
    follower.level_max = 3;
    expect_continue(decide(sender, follower), 300);
    sender.level = 0;
    expect_refused(decide(sender, follower), Why::kFormat);
    follower.node = kM;
    expect_refused(decide(sender, follower), Why::kItself);
}

TEST(CommonPoint, WhoGivesUpATermFencesNobody) {
    const NodeFacts self = master(kM, {kA}, 310);
    NodeFacts other = node(kF, {kA, epoch(2, 2, 300, 21, kF)}, 310);
    EXPECT_EQ(fence(self, other), Fence::kLaterTerm);
    other.forces = true;
    EXPECT_EQ(fence(self, other), Fence::kNone);
    other.forces = false;
    other.history = {1, 1};
    EXPECT_EQ(fence(self, other), Fence::kNone);
}

TEST(CommonPoint, AFollowerDoesNothingThatItDidNotDecide) {
    const auto made = [](Course course, Why why, uint64_t from, bool gives_up) {
        Decision decision;
        decision.course = course;
        decision.why = why;
        decision.from = from;
        decision.gives_up = gives_up;
        decision.reason = decision.remedy = "words";
        return decision;
    };
    const Decision goes_on = made(Course::kContinue, Why::kNothing, 300, false);
    const Decision goes_back = made(Course::kContinue, Why::kNothing, 300, true);
    const Decision full = made(Course::kFull, Why::kLogGone, 300, false);
    const Decision full_back = made(Course::kFull, Why::kNoDirectory, 300, true);
    const Decision loads = made(Course::kLater, Why::kSenderLoads, 0, false);
    const Decision lost = made(Course::kRefuse, Why::kRolledBack, 0, false);
    for (const Decision& each : {goes_on, goes_back, full, full_back, loads, lost}) {
        EXPECT_EQ(settle(each, each).course, each.course);
        EXPECT_EQ(settle(each, loads).why, Why::kSenderLoads);
        EXPECT_EQ(settle(each, lost).why, Why::kRolledBack);
        if (each.course != Course::kLater) {  // a sender that denies what it lost
            expect_refused(settle(lost, each), Why::kRolledBack);
        }
    }
    EXPECT_EQ(settle(goes_on, full).course, Course::kFull);
    for (const Decision& own : {goes_on, goes_back, full, full_back}) {
        for (const Decision& told : {goes_on, goes_back, full, full_back}) {
            const bool same = own.course == told.course && own.gives_up == told.gives_up;
            const bool replaced = &own != &told && own.why == Why::kNothing && !own.gives_up &&
                                  told.why == Why::kLogGone;
            if (same || replaced) continue;
            expect_refused(settle(own, told), Why::kDisagreement);
        }
    }
    const Decision further = made(Course::kContinue, Why::kNothing, 301, false);
    expect_refused(settle(goes_on, further), Why::kDisagreement);
}

}  // namespace
}  // namespace synap::replication
