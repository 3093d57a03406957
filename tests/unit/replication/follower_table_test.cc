// Who is counted for what, who is woken when, and whom a name means.
#include "core/replication/follower_table.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/platform/entropy.h"
#include "tests/unit/scaled.h"

namespace synap::replication {
namespace {

NodeFacts node(uint64_t id, std::string name = "", bool has_directory = true) {
    NodeFacts facts;
    facts.node = id;
    facts.name = std::move(name);
    facts.address = "10.0.0." + std::to_string(id) + ":15501";
    facts.has_directory = has_directory;
    return facts;
}

Ack ack(uint64_t applied, uint64_t fsynced, FollowerState state = FollowerState::kFollows) {
    return {0, state, applied, fsynced, 0};
}

struct Table : FollowerTable {
    using Admission = FollowerTable::Admission;
    Admitted come(const NodeFacts& facts, uint64_t connection, uint64_t now = 0) {
        return connect(facts, connection, now, 1000);
    }
    std::vector<uint64_t> say(uint64_t connection, const Ack& what, uint64_t now = 0) {
        std::vector<uint64_t> woken;
        acknowledged(connection, what, now, woken);
        return woken;
    }
};

using Woken = std::vector<uint64_t>;

TEST(Followers, WakeWhoWaitsForThem) {
    Table table;
    for (uint64_t id = 1; id <= 3; ++id) table.come(node(id), id);
    EXPECT_TRUE(table.fsynced().wait(2, 100, 71));
    EXPECT_TRUE(table.fsynced().wait(1, 150, 72));
    EXPECT_TRUE(table.applied().wait(3, 100, 73));
    EXPECT_TRUE(table.fsynced().wait(4, 1, 74));
    EXPECT_EQ(table.say(1, ack(200, 120)), Woken{});
    EXPECT_EQ(table.say(2, ack(200, 99)), Woken{});
    EXPECT_EQ(table.say(2, ack(200, 100)), Woken{71});
    EXPECT_EQ(table.say(1, ack(200, 160)), Woken{72});
    EXPECT_EQ(table.say(3, ack(100, 0)), Woken{73});
    EXPECT_EQ(table.fsynced().waiting(), 1u);
    EXPECT_TRUE(table.fsynced().cancel(4, 1, 74));
    EXPECT_FALSE(table.fsynced().cancel(4, 1, 74));
    EXPECT_FALSE(table.fsynced().wait(2, 100, 75));  // reached already
    EXPECT_FALSE(table.fsynced().wait(0, UINT64_MAX, 76));
    EXPECT_EQ(table.applied().count(200), 2u);
    EXPECT_EQ(table.lowest_applied(), 100u);
}

TEST(Followers, ACopiedDirectoryIsNotCountedTwice) {
    Table table;
    EXPECT_EQ(table.come(node(1), 11, 0).admission, Table::Admission::kAdmitted);
    table.say(11, ack(100, 100), 500);
    EXPECT_EQ(table.come(node(1), 12, 1499).admission, Table::Admission::kConnectedTwice);
    EXPECT_EQ(table.connected(), 1u);
    EXPECT_EQ(table.say(12, ack(900, 900), 1499), Woken{});
    EXPECT_EQ(table.fsynced().count(100), 1u);
    EXPECT_EQ(table.fsynced().count(101), 0u);
    // The link of the first is dead, and nobody noticed: it comes again.
    const auto again = table.come(node(1), 13, 1500);
    EXPECT_EQ(again.admission, Table::Admission::kReplaces);
    EXPECT_EQ(again.replaced, 11u);
    EXPECT_EQ(table.fsynced().followers(), 0u);
    table.say(11, ack(700, 700), 1501);  // what was under way on the old one
    table.disconnect(11, 1501);
    EXPECT_EQ(table.connected(), 1u);
    table.say(13, ack(100, 100), 1502);
    EXPECT_EQ(table.fsynced().count(100), 1u);
}

TEST(Followers, OnlyWhoIsThereAndFollowsCounts) {
    Table table;
    table.come(node(1), 1);
    table.come(node(2, "", false), 2);  // without a directory
    table.say(1, ack(100, 90));
    table.say(2, ack(100, 90));
    EXPECT_EQ(table.applied().count(100), 2u);
    EXPECT_EQ(table.fsynced().count(1), 1u);
    table.say(1, ack(100, 90, FollowerState::kReceivesSnapshot));
    EXPECT_EQ(table.applied().count(1), 1u);
    EXPECT_EQ(table.fsynced().followers(), 0u);
    table.say(1, ack(300, 300));
    table.say(1, ack(250, 240));  // it went back
    EXPECT_EQ(table.applied().count(251), 0u);
    table.disconnect(1, 5);
    EXPECT_EQ(table.applied().followers(), 1u);
    EXPECT_EQ(table.fsynced().followers(), 0u);
    ASSERT_NE(table.find(1), nullptr);
    EXPECT_FALSE(table.find(1)->is_connected());
    EXPECT_EQ(table.prune(5), 0u);
    EXPECT_EQ(table.prune(6), 1u);
    EXPECT_EQ(table.find(1), nullptr);
}

TEST(Followers, AnAmbiguousNameMeansNobody) {
    Table table;
    table.come(node(1, "host"), 1);
    table.come(node(2, "host"), 2);
    table.come(node(0xabc, "other"), 3);
    using Match = FollowerTable::Match;
    EXPECT_EQ(table.resolve("host").match, Match::kAmbiguous);
    EXPECT_EQ(table.resolve("host").nodes, (Woken{1, 2}));
    table.disconnect(2, 0);  // it is away, and may be meant all the same
    EXPECT_EQ(table.resolve("host").match, Match::kAmbiguous);
    table.prune(1);
    EXPECT_EQ(table.resolve("host").node, 1u);
    EXPECT_EQ(table.resolve("other").node, 0xabcu);
    EXPECT_EQ(table.resolve("0000000000000ABC").node, 0xabcu);
    EXPECT_EQ(table.resolve("10.0.0.1:15501").node, 1u);
    EXPECT_EQ(table.resolve("synap://10.0.0.1:15501").node, 1u);
    EXPECT_EQ(table.resolve("nobody").match, Match::kNone);
    EXPECT_EQ(table.resolve("").match, Match::kNone);
}

TEST(Followers, FreshOnesAreThoseThatHadEverythingLately) {
    Table table;
    table.come(node(1), 1);
    table.come(node(2), 2);
    table.note_written(100, 10);
    EXPECT_EQ(table.fresh(10, 1000), 0u);
    table.say(1, ack(100, 0), 11);
    table.say(2, ack(99, 0), 11);
    EXPECT_EQ(table.fresh(20, 10), 1u);
    EXPECT_EQ(table.fresh(21, 10), 0u);
    table.note_written(100, 20);
    EXPECT_EQ(table.fresh(21, 10), 1u);
    EXPECT_EQ(table.find(2)->freshness.behind_bytes(), 1u);
}

TEST(Followers, AreBoundedInNumber) {
    Table table;
    for (uint64_t id = 1; id <= kFollowersMost; ++id) {
        ASSERT_EQ(table.come(node(id), id, id).admission, Table::Admission::kAdmitted);
    }
    EXPECT_EQ(table.come(node(1'000'000), 1'000'000).admission, Table::Admission::kTooMany);
    for (uint64_t id = 1; id <= 3000; ++id) {
        table.disconnect(id, id);
        table.come(node(10'000 + id), 10'000 + id, id);
        table.disconnect(10'000 + id, id);
    }
    EXPECT_EQ(table.all().size(), kFollowersRemembered);
    EXPECT_NE(table.find(13'000), nullptr);
}

// --- against a model that looks at everything each time ------------------------------------------

struct Model {
    struct Wait {
        size_t n;
        uint64_t position;
        uint64_t waiter;
    };
    std::map<uint64_t, uint64_t> positions;  // by follower
    std::vector<Wait> waits;

    size_t count(uint64_t position) const {
        return static_cast<size_t>(std::count_if(positions.begin(), positions.end(),
                                                 [&](auto& f) { return f.second >= position; }));
    }
    Woken woken() {
        Woken out;
        std::erase_if(waits, [&](const Wait& wait) {
            if (count(wait.position) < wait.n) return false;
            out.push_back(wait.waiter);
            return true;
        });
        std::sort(out.begin(), out.end());
        return out;
    }
};

class Random {
public:
    explicit Random(uint64_t seed) : random_(seed) {}

    void step() {
        const uint64_t follower = random_.below(9);
        const auto known = model_.positions.find(follower);
        Woken woken;
        switch (random_.below(12)) {
            case 0:
                if (known == model_.positions.end()) break;
                reached_.remove(known->second);
                model_.positions.erase(known);
                break;
            case 1:
            case 2:
            case 3:
            case 4:
                wait();
                break;
            case 5:
                if (!model_.waits.empty()) cancel(random_.below(model_.waits.size()));
                break;
            case 6:
                if (known != model_.positions.end())
                    to(follower, random_.below(known->second + 1), woken);
                break;
            default:
                to(follower,
                   (known == model_.positions.end() ? 0 : known->second) + random_.below(20),
                   woken);
        }
        std::sort(woken.begin(), woken.end());
        ASSERT_EQ(woken, model_.woken());
        ASSERT_EQ(reached_.waiting(), model_.waits.size());
        ASSERT_EQ(reached_.followers(), model_.positions.size());
        const uint64_t at = random_.below(400);
        ASSERT_EQ(reached_.count(at), model_.count(at));
        for (size_t n = 1; n < 10; ++n) {
            const uint64_t by = reached_.by_at_least(n);
            if (n > model_.positions.size()) {
                ASSERT_EQ(by, 0u);
            } else {
                ASSERT_TRUE(model_.count(by) >= n && model_.count(by + 1) < n);
            }
        }
    }

private:
    void to(uint64_t follower, uint64_t position, Woken& woken) {
        const auto known = model_.positions.find(follower);
        if (known == model_.positions.end()) {
            reached_.add(position, woken);
        } else {
            reached_.move(known->second, position, woken);
        }
        model_.positions[follower] = position;
    }
    void wait() {
        const size_t n = random_.below(8);
        const uint64_t position = random_.below(400);
        const bool waits = reached_.wait(n, position, next_);
        ASSERT_EQ(waits, model_.count(position) < n);
        if (waits) model_.waits.push_back({n, position, next_});
        ++next_;
    }
    void cancel(size_t which) {
        const Model::Wait wait = model_.waits[which];
        ASSERT_TRUE(reached_.cancel(wait.n, wait.position, wait.waiter));
        model_.waits.erase(model_.waits.begin() + static_cast<ptrdiff_t>(which));
    }

    SmallRandom random_;
    Reached reached_;
    Model model_;
    uint64_t next_ = 1;
};

TEST(Reached, AnswersAsIfEverythingWereLookedAt) {
    for (uint64_t seed = 1; seed <= scaled(300); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        for (int i = 0; i < 400; ++i) {
            random.step();
            if (HasFatalFailure()) return;
        }
    }
}

}  // namespace
}  // namespace synap::replication
