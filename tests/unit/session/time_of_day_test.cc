// Fault case 1: the time of day is the wall clock as it is now, whatever it was when something was
// written; durations are monotonic.
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr int64_t kTenYearsMs = 3650 * kDayMs;

class TimeOfDay : public SessionTest {
protected:
    void reopen() {
        if (engine != nullptr) {
            ASSERT_TRUE(engine->close());
            engine = nullptr;
        }
        ASSERT_NO_FATAL_FAILURE(open(disk));
    }
    std::string ask(const std::string& line) {
        Client client(engine);
        return client(line);
    }
    std::string in_seconds(int64_t seconds) {
        return std::to_string(clock.wall_ms() / 1000 + seconds);
    }
    size_t lines_with(std::string_view text) {
        size_t found = 0;
        LogLine line;
        for (uint64_t lost = 0; engine->lines().take(line, lost);) {
            found += line.text.find(text) != std::string::npos ? 1 : 0;
        }
        return found;
    }
    // Deadlines are judged by what the clock shows now.
    void check_deadlines() {
        Client client(engine);
        EXPECT_EQ(client("SET lock 1 PX 300"), "+OK");
        EXPECT_EQ(client("SET s v EXAT " + in_seconds(3600)), "+OK");
        EXPECT_EQ(client("EXISTS s"), ":1");
        clock.advance_ms(1000);
        EXPECT_EQ(client("GET lock"), "_");
        EXPECT_EQ(client("TTL s"), ":3599");
        EXPECT_EQ(client("TIME").find("[$" + in_seconds(0) + " "), 0u);
    }

    std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>(SimDiskOptions{});
};

TEST_F(TimeOfDay, AWriteWhileTheClockWasAheadFreezesNothing) {
    clock.step_wall_ms(kTenYearsMs);
    reopen();
    EXPECT_EQ(ask("SET early v"), "+OK");
    clock.step_wall_ms(-kTenYearsMs);
    reopen();
    EXPECT_EQ(lines_with("the last record was written when it showed 2033"), 1u);
    EXPECT_EQ(ask("GET early"), "$v");
    check_deadlines();
    EXPECT_EQ(ask("SAVE"), "+OK");
    EXPECT_EQ(ask("LASTSAVE"), ":" + in_seconds(0));
    reopen();
    EXPECT_EQ(ask("LASTSAVE"), ":" + in_seconds(0));
    check_deadlines();
}

TEST_F(TimeOfDay, ASnapshotTakenWhileTheClockWasAheadFreezesNothing) {
    clock.step_wall_ms(kTenYearsMs);
    reopen();
    EXPECT_EQ(ask("SET early v"), "+OK");
    EXPECT_EQ(ask("SAVE"), "+OK");
    clock.step_wall_ms(-kTenYearsMs);
    reopen();
    check_deadlines();
}

TEST_F(TimeOfDay, AClockSetWhileTheStoreIsOpenIsFollowedBothWays) {
    open(disk);
    Client client(engine);
    engine->maintain();
    client("SET soon v EX 60");
    client("SET late v EXAT " + in_seconds(2 * 3650 * 86400));
    client("SET plain v");

    clock.step_wall_ms(kTenYearsMs);
    EXPECT_EQ(client("EXISTS soon late plain"), ":2");
    EXPECT_EQ(client("SET ahead v EX 60"), "+OK");
    client("SET passed v PX 1");
    clock.advance_ms(10);
    engine->maintain();
    EXPECT_EQ(client("DBSIZE"), ":3");
    check_deadlines();

    clock.step_wall_ms(-kTenYearsMs);
    EXPECT_EQ(client("EXISTS soon passed"), ":0");  // whose deadline passed meanwhile
    EXPECT_EQ(client("EXISTS late plain ahead"), ":3");
    check_deadlines();
    // The heaps lost nothing: what is due again is found without being asked for.
    client("SET after v PX 100");
    clock.advance_ms(100);
    engine->maintain();
    const std::string left = client("DBSIZE");
    clock.step_wall_ms(2 * kTenYearsMs);
    engine->maintain();
    EXPECT_EQ(left, ":4");  // late, plain, ahead, s
    EXPECT_EQ(client("KEYS *"), "[$plain]");
    EXPECT_EQ(client("DBSIZE"), ":1");
}

TEST_F(TimeOfDay, CommitTimesMayGoBack) {
    open(disk);
    Client client(engine);
    client("SET a 1");
    clock.step_wall_ms(-kTenYearsMs);
    client("SET b 2 EXAT " + in_seconds(100));
    reopen();
    EXPECT_EQ(ask("MGET a b"), "[$1 $2]");
}

TEST_F(TimeOfDay, AJumpIsToldOnceAndCounted) {
    open();
    Client client(engine);
    const auto tick = [&] {
        clock.advance_ms(100);
        engine->maintain();
    };
    for (int i = 0; i < 20; ++i) {  // slewing is no jump
        clock.step_wall_ms(i % 2 == 0 ? 50 : -40);
        tick();
    }
    clock.advance_ms(3'600'000);  // nor is time in which nobody looked
    tick();
    EXPECT_EQ(lines_with("the wall clock jumped"), 0u);
    EXPECT_EQ(client.info("synap_clock_jumps"), "0");
    clock.step_wall_ms(kTenYearsMs);
    tick();
    tick();
    EXPECT_EQ(lines_with("it shows 2033-11-11T"), 1u);
    clock.step_wall_ms(-kTenYearsMs);
    tick();
    tick();
    EXPECT_EQ(lines_with("was due"), 1u);
    EXPECT_EQ(client.info("synap_clock_jumps"), "2");
}

TEST_F(TimeOfDay, DurationsAreMonotonic) {
    open();
    Client client(engine);
    client("SET k v");
    for (const int64_t jump : {kTenYearsMs, -2 * kTenYearsMs, kTenYearsMs}) {
        clock.step_wall_ms(jump);
        clock.advance_ms(10'000);
        engine->maintain();
    }
    EXPECT_EQ(client("OBJECT IDLETIME k"), ":30");
    EXPECT_EQ(client.info("uptime_in_seconds"), "30");
    const std::string me = client("CLIENT INFO");
    EXPECT_NE(me.find(" age=30 idle=0 "), std::string::npos) << me;
    EXPECT_EQ(client("WAIT 1 100"), "(pending)");
}

TEST_F(TimeOfDay, AKeyThatWasLoadedIsNotIdleSinceEver) {
    open(disk);
    ask("SET k v");
    ask("SAVE");
    ask("SET l v");
    reopen();
    clock.advance_ms(5000);
    engine->maintain();
    EXPECT_EQ(ask("OBJECT IDLETIME k"), ":5");
    EXPECT_EQ(ask("OBJECT IDLETIME l"), ":5");
}

TEST_F(TimeOfDay, SnapshotsComeByTheMonotonicClock) {
    Options options;
    options.set_number(OptionId::kSnapshotInterval, 60'000);
    options.set_number(OptionId::kSnapshotMinOperations, 1);
    open(disk, options);
    const auto tick = [&](int64_t jump, uint64_t passed) {
        clock.step_wall_ms(jump);
        clock.advance_ms(passed);
        engine->maintain();
        while (engine->snapshots().running()) ASSERT_TRUE(engine->snapshots().step(10'000));
    };
    Client client(engine);
    tick(0, 100);
    client("SET k v");
    tick(kTenYearsMs, 1000);
    EXPECT_EQ(engine->snapshots().state().taken, 0u);
    tick(-2 * kTenYearsMs, 60'000);
    EXPECT_EQ(engine->snapshots().state().taken, 1u);
}

}  // namespace
}  // namespace synap
