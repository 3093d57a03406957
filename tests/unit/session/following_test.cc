// An engine that follows: another's records are made true in it, and nothing else changes it.
#include "core/engine/following.h"

#include <optional>

#include "core/log/reader.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class FollowingTest : public SessionTest {
protected:
    void SetUp() override {
        open(disk);
        master.emplace(engine);
        auto opened = Engine::open({follower_disk, &clock, &entropy, false}, Options());
        ASSERT_TRUE(opened);
        follower = *opened;
        reader.emplace(follower);
        follower->following().begin();
    }
    void TearDown() override {
        master.reset();
        reader.reset();
        EXPECT_TRUE(follower->close());
        SessionTest::TearDown();
    }
    // Applies what the master has written since, up to `most` records.
    void follow(size_t most = SIZE_MAX) {
        ASSERT_TRUE(engine->log()->write(engine->log()->appended()));
        auto log = LogReader::open(*disk, engine->manifest()->log_history(), 0);
        ASSERT_TRUE(log);
        LogRecord record;
        for (size_t n = 0; n < most;) {
            auto more = (*log)->next(record);
            ASSERT_TRUE(more);
            if (!*more) break;
            if (record.end <= follower->following().applied()) continue;
            const Status applied = follower->following().apply(record.effects, record.end);
            ASSERT_TRUE(applied) << applied.error().message;
            ++n;
        }
    }
    void expect_equal() {
        EXPECT_EQ(follower->keyspace().digest(), engine->keyspace().digest());
        EXPECT_EQ(follower->keyspace().accounts().keys(0), engine->keyspace().accounts().keys(0));
    }

    const std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
    const std::shared_ptr<SimDisk> follower_disk = std::make_shared<SimDisk>();
    std::shared_ptr<Engine> follower;
    std::optional<Client> master;
    std::optional<Client> reader;
};

TEST_F(FollowingTest, EndsInTheMastersState) {
    (*master)("SET a 1");
    (*master)("MSET b 2 c 3");
    (*master)("HSET h f 1 g 2");
    (*master)("RENAME a d");
    (*master)("COPY h other");
    (*master)("MULTI");
    for (int i = 0; i < 100; ++i) (*master)("INCR n" + std::to_string(i % 10));
    (*master)("RENAME b e");
    (*master)("EXEC");
    (*master)("SELECT 1");
    (*master)("SET x 1");
    (*master)("SWAPDB 0 1");
    (*master)("SELECT 0");
    (*master)("FLUSHDB");
    follow();
    expect_equal();
    (*reader)("SELECT 1");
    EXPECT_EQ((*reader)("GET d"), "$1");
    EXPECT_EQ((*reader)("HGET other g"), "$2");
}

TEST_F(FollowingTest, RefusesWrites) {
    const std::string refused = "-READONLY You can't write against a read only replica.";
    (*master)("SET a 1");
    follow();
    for (const char* write :
         {"SET a 2", "DEL a", "FLUSHALL", "INCR a", "HSET h f v", "EXPIRE a 1"}) {
        EXPECT_EQ((*reader)(write), refused) << write;
    }
    (*reader)("MULTI");
    EXPECT_EQ((*reader)("SET a 2"), refused);
    EXPECT_EQ((*reader)("EXEC").substr(0, 10), "-EXECABORT");
    EXPECT_EQ((*reader)("GET a"), "$1");
    EXPECT_EQ(follower->log()->appended(), 0u);
    expect_equal();
}

// Deadlines are judged by the master's time; what has passed is hidden, and stays until the
// master's record.
TEST_F(FollowingTest, HidesWhatHasExpired) {
    (*master)("SET gone v PX 300");
    (*master)("SET stays v");
    (*master)("HSET h f 1 g 2");
    (*master)("HPEXPIRE h 300 FIELDS 1 f");
    follow();
    follower->following().set_time(clock.wall_ms());
    EXPECT_EQ((*reader)("GET gone"), "$v");
    const uint64_t digest = follower->keyspace().digest();
    clock.step_wall_ms(-86'400'000);  // of this machine alone: nobody asks it
    clock.advance_ms(600);
    for (int i = 0; i < 3; ++i) follower->maintain();
    EXPECT_EQ((*reader)("GET gone"), "_");
    EXPECT_EQ((*reader)("EXISTS gone"), ":0");
    EXPECT_EQ((*reader)("TTL gone"), ":-2");
    EXPECT_EQ((*reader)("HGET h f"), "_");
    EXPECT_EQ((*reader)("HLEN h"), ":1");
    EXPECT_EQ((*reader)("SCAN 0").find("gone"), std::string::npos);
    EXPECT_EQ((*reader)("GET stays"), "$v");
    EXPECT_EQ(follower->keyspace().digest(), digest);
    clock.step_wall_ms(86'400'000);
    engine->maintain();
    follow();
    expect_equal();
    EXPECT_NE(follower->keyspace().digest(), digest);
}

TEST_F(FollowingTest, EvictsNothing) {
    ASSERT_TRUE(follower->set_option("max_memory", "1000000"));
    ASSERT_TRUE(follower->set_option("max_memory_policy", "allkeys-lru"));
    for (int i = 0; i < 300; ++i) {
        master->call({"SET", "k" + std::to_string(i), std::string(10'000, 'v')});
    }
    follow();
    follower->maintain();
    EXPECT_EQ((*reader)("DBSIZE"), ":300");
    expect_equal();
}

// A session whose call had begun before does not delete by its own clock.
TEST_F(FollowingTest, WhatItBecomesMasterOfExpires) {
    (*master)("SET gone v PX 300");
    follow();
    clock.advance_ms(600);
    EXPECT_EQ((*reader)("GET gone"), "_");
    EXPECT_EQ((*reader)("DBSIZE"), ":1");
    ASSERT_TRUE(follower->begin_term(0));
    follower->following().end();
    follower->maintain();
    EXPECT_EQ((*reader)("DBSIZE"), ":0");
    EXPECT_EQ((*reader)("SET a 1"), "+OK");
    follower->following().begin();
    EXPECT_EQ((*reader)("SET a 2").substr(0, 9), "-READONLY");
}

// A record that this copy cannot hold is refused, and said to be damage.
TEST_F(FollowingTest, RefusesWhatMeansNothing) {
    (*master)("SET a text");
    follow();
    EffectBuffer effects;
    Effect effect;
    effect.kind = EffectKind::kEdit;
    effect.type = ValueType::kHash;
    effect.key = "a";
    const std::string body = std::string("\x05\x01", 2) + "fv";
    effect.body.argument = 1;
    effect.body.bytes = body;
    effects.add(effect);
    const Status applied = follower->following().apply(effects.bytes(), 1'000);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, Code::kCorrupt);
    EXPECT_LT(follower->following().applied(), 1'000u);
    expect_equal();
}

}  // namespace
}  // namespace synap
