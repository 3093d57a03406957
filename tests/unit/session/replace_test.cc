// Another keyspace takes the place of the present one, of another history, secret and slot count:
// whoever is at work sees the old one or the new one, whole, and nothing else.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/platform/real.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

void store(Keyspace& keyspace, std::string_view key, std::string_view value) {
    Effect effect;
    effect.key = key;
    effect.hash = keyspace.key(0, key).hash;
    effect.body.bytes = value;
    keyspace.apply(effect, 0);
}

// Two keys of one value, and others to be walked over.
std::shared_ptr<Keyspace> make_history(Engine& engine, uint64_t seed, std::string_view value,
                                       int others) {
    const auto bits = static_cast<unsigned>(limits::kSlotBitsMin + seed % 4);
    auto keyspace = std::make_shared<Keyspace>(bits, seed, engine.heap());
    store(*keyspace, "left", value);
    store(*keyspace, "right", value);
    for (int i = 0; i < others; ++i) store(*keyspace, "other:" + std::to_string(i), "o");
    return keyspace;
}

class ReplaceTest : public SessionTest {};

TEST_F(ReplaceTest, ShowsTheOtherKeysAtOnceAndFreesTheOldOnes) {
    open();
    Client client(engine);
    EXPECT_EQ(client("SET left old"), "+OK");
    client.announces = true;
    EXPECT_EQ(client("GET left"), "$old");
    const uint64_t before = engine->used_memory();
    engine->replace_keyspace(make_history(*engine, 99, "new", 5'000));
    EXPECT_EQ(client("GET left"), "$new");
    EXPECT_EQ(client("DBSIZE"), ":5002");
    engine->replace_keyspace(make_history(*engine, 100, "newer", 0));
    EXPECT_EQ(client("MGET left right"), "[$newer $newer]");
    while (engine->free_some()) {
    }
    EXPECT_LT(engine->used_memory(), before + 1'000'000);
    EXPECT_EQ(client("SET left 1"), "+OK");
    EXPECT_EQ(client("INCR left"), ":2");
}

TEST_F(ReplaceTest, WatchedKeysHaveChanged) {
    open();
    Client client(engine);
    client("WATCH left gone");
    engine->replace_keyspace(make_history(*engine, 3, "new", 0));
    client("MULTI");
    client("SET left mine");
    EXPECT_EQ(client("EXEC"), "_[]");
    EXPECT_EQ(client("GET left"), "$new");
    client("WATCH left");
    client("MULTI");
    client("SET left mine");
    EXPECT_EQ(client("EXEC"), "[+OK]");
    client("WATCH left");
    engine->replace_keyspace(make_history(*engine, 4, "last", 0));
    EXPECT_EQ(client("UNWATCH"), "+OK");
}

TEST_F(ReplaceTest, ATransactionOpenedBeforeRunsInTheOtherKeyspace) {
    open();
    Client client(engine);
    client("MULTI");
    client("APPEND left !");
    client("GET right");
    engine->replace_keyspace(make_history(*engine, 5, "new", 0));
    EXPECT_EQ(client("EXEC"), "[:4 $new]");
}

TEST_F(ReplaceTest, ASnapshotUnderWayFailsAndTheNextOneHoldsTheOtherKeys) {
    open(std::make_shared<SimDisk>());
    Client client(engine);
    client("SET left old");
    ASSERT_TRUE(engine->snapshots().begin());
    engine->replace_keyspace(make_history(*engine, 6, "new", 100));
    auto done = engine->snapshots().step(1 << 20);
    EXPECT_FALSE(done);
    ASSERT_TRUE(engine->snapshots().take());
    EXPECT_EQ(engine->snapshots().state().last_keys, 102u);
}

// Commands of every kind, none of which may wait, end a session or write long replies.
std::vector<std::string> random_command(SmallRandom& random) {
    const std::string key = "k" + std::to_string(random.below(30));
    const std::string other = "k" + std::to_string(random.below(30));
    const std::vector<std::vector<std::string>> commands = {
        {"SET", key, "v"},
        {"SET", key, "v", "PX", "1"},
        {"GET", key},
        {"APPEND", key, std::string(random.below(2'000), 'a')},
        {"INCR", key},
        {"DEL", key, other},
        {"RENAME", key, other},
        {"COPY", key, other, "REPLACE"},
        {"COPY", key, other, "DB", "1", "REPLACE"},
        {"MOVE", key, "1"},
        {"MSET", key, "1", other, "2"},
        {"EXPIRE", key, "100"},
        {"SWAPDB", "1", "2"},
        {"FLUSHDB"},
        {"SCAN", std::to_string(random.next() >> 16), "COUNT", "50"},
        {"KEYS", "k1*"},
        {"RANDOMKEY"},
        {"DBSIZE"},
        {"WATCH", key},
        {"UNWATCH"},
        {"MULTI"},
        {"EXEC"},
        {"SELECT", std::to_string(random.below(3))},
        {"OBJECT", "ENCODING", key},
        {"TYPE", key},
        {"EXISTS", key, other},
        {"INFO"},
        {"OBJECT", "FREQ", key},
        {"GETRANGE", key, "0", "-1"},
        {"SETRANGE", key, "10", "x"},
        {"HSET", key, "f", "v"},
        {"HGETALL", key},
    };
    return commands[random.below(commands.size())];
}

TEST_F(ReplaceTest, AThousandTimesUnderLoad) {
    constexpr int kSwaps = 1'000;
    const uint64_t seed = 20261127;
    RecordProperty("seed", std::to_string(seed));
    auto opened = Engine::open({nullptr, &real_clock(), &real_entropy(), true}, Options());
    ASSERT_TRUE(opened);
    engine = *opened;
    engine->replace_keyspace(make_history(*engine, 1, "1", 100));
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> calls{0};
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            Client client(engine);
            client.announces = t % 2 == 0;
            SmallRandom random(seed + t);
            while (!stop) {
                client.call(random_command(random));
                calls.fetch_add(1, std::memory_order_relaxed);
            }
        });
    }
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&] {
            Client client(engine);
            client.announces = true;
            int64_t last = 0;
            while (!stop) {
                // Never the one of one history and the other of another; nor back in time. FLUSHDB
                // of others may have come between.
                const std::string both = client("MGET left right");
                if (both == "[_ _]") continue;
                const size_t blank = both.find(' ');
                ASSERT_NE(blank, std::string::npos) << both;
                EXPECT_EQ(both.substr(1, blank - 1),
                          both.substr(blank + 1, both.size() - blank - 2));
                const int64_t number = std::stoll(both.substr(2));
                EXPECT_GE(number, last);
                last = number;
            }
        });
    }
    for (int i = 2; i <= kSwaps; ++i) {
        engine->replace_keyspace(
            make_history(*engine, static_cast<uint64_t>(i), std::to_string(i), 100));
    }
    stop = true;
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(engine->generation(), kSwaps + 1u);  // and the one at the open
    EXPECT_GT(calls, 1'000u) << "seed " << seed;
}

}  // namespace
}  // namespace synap
