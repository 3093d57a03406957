// What time it is at the master, how old a follower's data is, and when it tries again.
#include "core/replication/lag.h"

#include <gtest/gtest.h>

#include <deque>

#include "core/replication/reconnect.h"

namespace synap::replication {
namespace {

constexpr uint64_t kMs = 1000;

TEST(MasterTime, GoesOnWithoutTheMaster) {
    MasterTime time;
    EXPECT_FALSE(time.is_known());
    EXPECT_EQ(time.at(5 * kMs), 0);
    time.heard(1'000'000, 5000 * kMs);
    EXPECT_EQ(time.at(5000 * kMs), 1'000'000);
    EXPECT_EQ(time.at(9000 * kMs), 1'004'000);  // the link is cut, deadlines still pass
}

TEST(MasterTime, ALateMessageDoesNotTurnItBack) {
    MasterTime time;
    int64_t before = 0;
    SmallRandom random(1);
    for (int64_t sent = 0; sent < 60'000; sent += 100) {
        const int64_t delay = static_cast<int64_t>(random.below(80)) + (sent % 700 == 0 ? 900 : 0);
        const auto arrived = static_cast<uint64_t>(sent + delay) * kMs;
        time.heard(1'000'000 + sent, arrived);
        const int64_t judged = time.at(static_cast<uint64_t>(sent + 1000) * kMs) - sent;
        EXPECT_LE(judged, 1'001'000);  // never ahead of the master
        if (sent > 2000) {
            EXPECT_GE(judged, before - 80);  // nor back by more than the least delays differ
        }
        before = judged;
        if (sent > 0 && delay >= 900) {
            EXPECT_GE(time.delay_ms(), 800u);
        }
    }
}

TEST(MasterTime, AJumpIsFollowedAtOnce) {
    MasterTime time;
    time.heard(1'000'000, 1000 * kMs);
    time.heard(5'000'000, 2000 * kMs);
    EXPECT_EQ(time.at(2000 * kMs), 5'000'000);
    time.heard(900'000, 3000 * kMs);
    EXPECT_EQ(time.at(3500 * kMs), 900'500);
    EXPECT_EQ(time.delay_ms(), 0u);
}

TEST(MasterTime, ASlowerClockIsFollowedInAWhile) {
    MasterTime time;
    for (uint64_t i = 0; i < 100; ++i) {
        time.heard(static_cast<int64_t>(i * 990), i * 1000 * kMs);
    }
    EXPECT_LE(time.at(99 * 1000 * kMs), 99 * 990 + 80);
}

TEST(Freshness, AnIdleMasterIsNotStale) {  // by more than a heartbeat
    Freshness freshness;
    EXPECT_FALSE(freshness.stale_us(0));
    freshness.reached(700);
    for (uint64_t beat = 0; beat < 100; ++beat) {
        freshness.note(700, beat * 100 * kMs);
        EXPECT_EQ(freshness.stale_us((beat * 100 + 99) * kMs), 99 * kMs);
        EXPECT_EQ(freshness.behind_bytes(), 0u);
    }
}

TEST(Freshness, IsTheAgeOfWhatIsMissing) {
    Freshness freshness;
    freshness.note(100, 1 * kMs);
    EXPECT_FALSE(freshness.stale_us(5 * kMs));
    freshness.reached(100);
    freshness.note(200, 2 * kMs);
    freshness.note(200, 3 * kMs);
    freshness.note(300, 4 * kMs);
    EXPECT_EQ(freshness.behind_bytes(), 200u);
    EXPECT_EQ(freshness.stale_us(10 * kMs), 9 * kMs);
    freshness.reached(299);
    EXPECT_EQ(freshness.stale_us(10 * kMs), 7 * kMs);
    freshness.reached(300);
    EXPECT_EQ(freshness.stale_us(10 * kMs), 6 * kMs);
    freshness.note(900, 20 * kMs);  // and then nothing is heard
    freshness.reached(500);
    EXPECT_EQ(freshness.stale_us(30 * kMs), 26 * kMs);
    EXPECT_EQ(freshness.behind_bytes(), 400u);
}

TEST(Freshness, GoingBack) {
    Freshness freshness;
    freshness.note(100, 1 * kMs);
    freshness.note(200, 2 * kMs);
    freshness.note(150, 3 * kMs);  // the master lost some
    freshness.reached(150);
    EXPECT_EQ(freshness.stale_us(4 * kMs), 1 * kMs);
    freshness.reached(120);  // so did the follower
    freshness.note(150, 5 * kMs);
    EXPECT_EQ(freshness.stale_us(6 * kMs), 3 * kMs);
    EXPECT_EQ(freshness.behind_bytes(), 30u);
    freshness.forget();
    EXPECT_FALSE(freshness.stale_us(6 * kMs));
}

// Against all that was ever noted: never younger than it is, and exact while little is ahead.
TEST(Freshness, ErrsUpwardsAlone) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        SmallRandom random(seed);
        Freshness freshness;
        std::deque<std::pair<uint64_t, uint64_t>> all;
        uint64_t written = 0;
        uint64_t applied = 0;
        const uint64_t speed = 1 + random.below(8);
        for (uint64_t now = 1; now < 500; ++now) {
            written += random.below(5);
            if (random.below(3) > 0) {
                freshness.note(written, now);
                all.emplace_back(written, now);
            }
            applied = std::min(written, applied + random.below(speed));
            freshness.reached(applied);
            std::optional<uint64_t> exact;
            for (const auto& [position, when] : all) {
                if (position <= applied) exact = now - when;
            }
            const auto judged = freshness.stale_us(now);
            if (!judged) {
                ASSERT_TRUE(!exact || all.size() > 32);
            }
            if (judged) {
                ASSERT_TRUE(exact && *judged >= *exact);
            }
            if (all.size() < 64) {
                ASSERT_EQ(judged, exact);
            }
        }
    }
}

class SeededEntropy final : public Entropy {
public:
    uint64_t next() noexcept override { return random_.next(); }

private:
    SmallRandom random_{7};
};

TEST(Reconnect, BacksOffWithJitterUpToAMost) {
    SeededEntropy entropy;
    Reconnect reconnect({100, 5000});
    uint32_t pause = 100;
    bool differs = false;
    for (int i = 0; i < 20; ++i) {
        const uint32_t next = reconnect.failed(entropy);
        EXPECT_GE(next, pause / 2);
        EXPECT_LE(next, pause);
        differs = differs || next != pause;
        pause = std::min(pause * 2, 5000u);
    }
    EXPECT_TRUE(differs);
    reconnect.did_good();
    EXPECT_LE(reconnect.failed(entropy), 100u);
    const uint32_t asked = reconnect.failed(entropy, 2000);
    EXPECT_GE(asked, 2000u);
    EXPECT_LE(asked, 4000u);
    EXPECT_LE(reconnect.failed(entropy, UINT32_MAX), 10'000u);
}

TEST(Reconnect, OneLineAChangeOfReason) {
    SeededEntropy entropy;
    Reconnect reconnect;
    size_t lines = 0;
    for (const char* reason :
         {"no such name", "no such name", "refused", "refused", "no such name"}) {
        reconnect.failed(entropy);
        lines += reconnect.is_news(reason);
    }
    EXPECT_EQ(lines, 3u);
    EXPECT_FALSE(reconnect.is_news("no such name"));
    reconnect.did_good();
    EXPECT_TRUE(reconnect.is_news("no such name"));
}

}  // namespace
}  // namespace synap::replication
