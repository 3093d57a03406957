// What is kept for those who need it, and for how long.
#include "core/log/pins.h"

#include "tests/unit/log/open_log.h"

namespace synap {
namespace {

class PinsTest : public OpenLogTest {
protected:
    void SetUp() override {
        open();
        for (int i = 0; i < 300; ++i) {
            ASSERT_TRUE(log->write(append("value " + std::to_string(i))));
        }
        segments = *list_segments(disk);
        ASSERT_GT(segments.size(), 4u);
    }
    LogPins& pins() { return log->pins(); }
    // Removes whatever may go; the first segment that is left, by its number.
    size_t first_left() {
        EXPECT_TRUE(log->remove_segments_before(log->written()));
        const uint64_t first = list_segments(disk)->front();
        EXPECT_EQ(log->oldest_position(), first);
        return std::find(segments.begin(), segments.end(), first) - segments.begin();
    }
    static bool says(const Status& status, uint64_t number) {
        return !status && status.error().message.find(std::to_string(number)) != std::string::npos;
    }

    std::vector<uint64_t> segments;
};

TEST_F(PinsTest, EverySegmentFromThePinOnStays) {
    ASSERT_TRUE(pins().add("f1", PinKind::kFollower, segments[1] + 7, {}));
    ASSERT_TRUE(pins().add("f2", PinKind::kFollower, segments[2], {}));
    EXPECT_EQ(first_left(), 1u);
    ASSERT_TRUE(pins().move("f1", segments[3] - 1));
    EXPECT_EQ(first_left(), 2u);
    EXPECT_TRUE(pins().remove("f1"));
    EXPECT_FALSE(pins().remove("f1"));
    ASSERT_TRUE(pins().move("f2", segments[3]));
    EXPECT_EQ(first_left(), 3u);
    EXPECT_TRUE(pins().remove("f2"));
    EXPECT_EQ(first_left(), segments.size() - 1);
}

TEST_F(PinsTest, APinMovesForwardOnly) {
    ASSERT_TRUE(pins().add("f", PinKind::kFollower, segments[2], {}));
    ASSERT_TRUE(pins().move("f", segments[1]));
    EXPECT_EQ(pins().list(log->appended())[0].position, segments[2]);
}

TEST_F(PinsTest, NamesAreTheirOwners) {
    ASSERT_TRUE(pins().add("f", PinKind::kFollower, segments[2], {}));
    const Status again = pins().add("f", PinKind::kBackup, segments[1], {});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, Code::kInvalidArgument);
    EXPECT_EQ(pins().list(log->appended())[0].position, segments[2]);
    const Status unknown = pins().move("g", segments[3]);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, Code::kInvalidArgument);
}

TEST_F(PinsTest, WhatIsGoneCannotBePinned) {
    ASSERT_TRUE(log->remove_segments_before(segments[2]));
    const Status late = pins().add("f", PinKind::kFollower, segments[2] - 1, {});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::kNeedSnapshot);
    EXPECT_TRUE(says(late, segments[2]));
    EXPECT_TRUE(says(late, segments[2] - 1));
    EXPECT_TRUE(pins().list(log->appended()).empty());
    EXPECT_TRUE(pins().add("f", PinKind::kFollower, segments[2], {}));
}

TEST_F(PinsTest, APinThatKeepsTooMuchIsDroppedAndToldBothNumbers) {
    const uint64_t kept = log->appended() - segments[1];
    PinBounds bounds;
    bounds.bytes = kept;
    ASSERT_TRUE(pins().add("f", PinKind::kFollower, segments[1], bounds));
    EXPECT_EQ(first_left(), 1u) << "the bound itself is not beyond it";
    const uint64_t more = append("one more") - segments[1];
    write();
    EXPECT_TRUE(pins().move("f", segments[1])) << "nothing was to be removed since";
    EXPECT_EQ(first_left(), segments.size() - 1);
    append("and one");
    const Status dropped = pins().move("f", log->appended());
    ASSERT_FALSE(dropped);
    EXPECT_EQ(dropped.error().code, Code::kNeedSnapshot);
    EXPECT_TRUE(says(dropped, kept)) << dropped.error().message;
    EXPECT_TRUE(says(dropped, more)) << dropped.error().message;
    EXPECT_EQ(pins().drops(), 1u);
    const PinFacts facts = pins().list(log->appended())[0];
    EXPECT_TRUE(facts.is_dropped);
    EXPECT_EQ(facts.bytes, more) << "as it was then";
    EXPECT_TRUE(pins().remove("f"));
    EXPECT_TRUE(pins().add("f", PinKind::kFollower, log->appended(), bounds));
}

TEST_F(PinsTest, APinThatDoesNotMoveIsDroppedAfterATime) {
    PinBounds bounds;
    bounds.age_us = 60'000'000;
    ASSERT_TRUE(pins().add("f", PinKind::kFollower, segments[1], bounds));
    clock.advance_ms(60'000);
    EXPECT_EQ(first_left(), 1u);
    EXPECT_TRUE(pins().move("f", segments[1])) << "a sign of life";
    clock.advance_ms(60'000);
    EXPECT_EQ(first_left(), 1u);
    clock.advance_ms(5);
    EXPECT_EQ(first_left(), segments.size() - 1);
    clock.advance_ms(1000);
    const Status dropped = pins().move("f", segments[1]);
    ASSERT_FALSE(dropped);
    EXPECT_EQ(dropped.error().code, Code::kNeedSnapshot);
    EXPECT_TRUE(says(dropped, 60'000)) << dropped.error().message;
    EXPECT_TRUE(says(dropped, 60'005)) << dropped.error().message;
}

TEST_F(PinsTest, TheClockOnTheWallDropsNothing) {
    PinBounds bounds;
    bounds.age_us = 60'000'000;
    ASSERT_TRUE(pins().add("f", PinKind::kFollower, segments[1], bounds));
    clock.step_wall_ms(3'600'000);
    EXPECT_EQ(first_left(), 1u);
}

TEST_F(PinsTest, ASnapshotIsKeptByItsNameWhileThePinLasts) {
    PinBounds bounds;
    bounds.age_us = 1'000'000;
    ASSERT_TRUE(pins().add("sync", PinKind::kFullSync, segments[1], bounds, 4711));
    ASSERT_TRUE(pins().add("f", PinKind::kFollower, segments[1], {}));
    EXPECT_TRUE(pins().keeps_snapshot(4711, log->appended()));
    EXPECT_FALSE(pins().keeps_snapshot(4712, log->appended()));
    EXPECT_FALSE(pins().keeps_snapshot(0, log->appended())) << "f names none";
    clock.advance_ms(1001);
    EXPECT_FALSE(pins().keeps_snapshot(4711, log->appended()));
    EXPECT_FALSE(pins().move("sync", segments[1]));
    EXPECT_EQ(pins().drops(), 1u);
}

// Whoever removes it and whoever pins it agree on which of them was first.
TEST_F(PinsTest, ASnapshotThatIsToGoCannotBePinned) {
    ASSERT_TRUE(pins().add("f1", PinKind::kFullSync, segments[1], {}, 100));
    EXPECT_FALSE(pins().take_snapshot(100, log->appended()));
    EXPECT_TRUE(pins().take_snapshot(200, log->appended()));
    EXPECT_TRUE(pins().take_snapshot(200, log->appended())) << "it could not be removed before";
    const Status late = pins().add("f2", PinKind::kFullSync, segments[1], {}, 200);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, Code::kNeedSnapshot);
    EXPECT_TRUE(pins().add("f2", PinKind::kFullSync, segments[1], {}, 100));
    EXPECT_TRUE(pins().remove("f1"));
    EXPECT_FALSE(pins().take_snapshot(100, log->appended())) << "the other one is left";
    EXPECT_TRUE(pins().remove("f2"));
    for (uint64_t i = 0; i < 1000; ++i) EXPECT_TRUE(pins().take_snapshot(300 + i, 0));
    EXPECT_TRUE(pins().take_snapshot(100, log->appended()));
    EXPECT_FALSE(pins().add("f1", PinKind::kFullSync, segments[1], {}, 100));
}

TEST_F(PinsTest, ALogThatStandsElsewhereKeepsNothing) {
    ASSERT_TRUE(pins().add("f1", PinKind::kFollower, segments[1], {}));
    ASSERT_TRUE(pins().add("f2", PinKind::kFeed, segments[2], {}, 4711));
    pins().restart(segments[3]);
    EXPECT_EQ(pins().drops(), 2u);
    EXPECT_FALSE(pins().keeps_snapshot(4711, log->appended()));
    EXPECT_EQ(log->oldest_position(), segments[3]);
    const Status moved = pins().move("f1", segments[4]);
    ASSERT_FALSE(moved);
    EXPECT_EQ(moved.error().code, Code::kNeedSnapshot);
    EXPECT_EQ(first_left(), segments.size() - 1);
    EXPECT_TRUE(pins().remove("f1"));
    EXPECT_TRUE(pins().add("f1", PinKind::kFollower, log->written(), {}));
    EXPECT_TRUE(pins().move("f1", log->written()));
}

TEST_F(PinsTest, WhoKeepsWhatCanBeSeen) {
    ASSERT_TRUE(pins().add("b", PinKind::kBackup, segments[1], {}, 9));
    clock.advance_ms(3);
    ASSERT_TRUE(pins().add("a", PinKind::kFeed, segments[2], {1000, 2000}));
    clock.advance_ms(4);
    const std::vector<PinFacts> facts = pins().list(log->appended());
    ASSERT_EQ(facts.size(), 2u);
    EXPECT_EQ(facts[0].name, "a");
    EXPECT_EQ(to_string(facts[0].kind), "feed");
    EXPECT_EQ(facts[0].bounds.bytes, 1000u);
    EXPECT_EQ(facts[0].bytes, log->appended() - segments[2]);
    EXPECT_EQ(facts[0].age_us, 4000u);
    EXPECT_FALSE(facts[0].is_dropped);
    EXPECT_EQ(facts[1].name, "b");
    EXPECT_EQ(to_string(facts[1].kind), "backup");
    EXPECT_EQ(facts[1].snapshot, 9u);
    EXPECT_EQ(facts[1].age_us, 7000u);
    EXPECT_EQ(pins().totals(log->appended()).pins, 2u);
    EXPECT_EQ(pins().totals(log->appended()).bytes, log->appended() - segments[1]);
    pins().restart(segments[1]);
    EXPECT_EQ(pins().totals(log->appended()).pins, 0u);
    EXPECT_EQ(to_string(PinKind::kFollower), "follower");
    EXPECT_EQ(to_string(PinKind::kFullSync), "full_sync");
}

}  // namespace
}  // namespace synap
