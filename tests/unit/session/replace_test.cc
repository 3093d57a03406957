// Another keyspace takes the place of the present one, of another history, secret and slot count:
// whoever is at work sees the old one or the new one, whole, and nothing else.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/platform/real.h"
#include "core/types/hash_body.h"
#include "tests/unit/session/fixture.h"
#include "tests/unit/session/generated_calls.h"

namespace synap {
namespace {

void store(Keyspace& keyspace, std::string_view key, std::string_view value) {
    Effect effect;
    effect.key = key;
    effect.hash = keyspace.key(0, key).hash;
    effect.body.bytes = value;
    keyspace.apply(effect, 0);
}

// All fields have the one value, every other one a deadline that is far.
void store_hash(Keyspace& keyspace, std::string_view key, std::string_view value, int fields) {
    constexpr int64_t kFarMs = 4'000'000'000'000;
    std::string body;
    for (int i = 0; i < fields; ++i) {
        const std::string field = "f" + std::to_string(i);
        hash_body::append(body, hash_body::set(field, value, i % 2 == 0 ? 0 : kFarMs));
    }
    Effect effect;
    effect.type = ValueType::kHash;
    effect.key = key;
    effect.hash = keyspace.key(0, key).hash;
    effect.body.argument = static_cast<uint64_t>(fields);
    effect.body.timed = fields > 1;
    effect.body.bytes = body;
    keyspace.apply(effect, 0);
}

// Strings and hashes, small and large, of one value, and others to be walked over and written to.
std::shared_ptr<Keyspace> make_history(Engine& engine, uint64_t secret, unsigned slot_bits,
                                       std::string_view value, int others) {
    auto keyspace = std::make_shared<Keyspace>(slot_bits, secret, engine.heap());
    store(*keyspace, "left", value);
    store(*keyspace, "right", value);
    store_hash(*keyspace, "small", value, 4);
    store_hash(*keyspace, "large", value, 300);
    for (int i = 0; i < others; ++i) store(*keyspace, "other:" + std::to_string(i), "o");
    for (unsigned i = 0; i < Calls::kKeys; ++i) {
        const std::string key = "key:" + std::to_string(i);
        if (i % 2 == 0) store(*keyspace, key, "12");
        if (i % 2 != 0) store_hash(*keyspace, key, "12", i == 1 ? 200 : 3);
    }
    return keyspace;
}

std::shared_ptr<Keyspace> make_history(Engine& engine, uint64_t seed, std::string_view value,
                                       int others) {
    const auto bits = static_cast<unsigned>(limits::kSlotBitsMin + seed % 4);
    return make_history(engine, seed, bits, value, others);
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
    EXPECT_EQ(client("DBSIZE"), ":5012");
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
    const uint64_t secret = engine->manifest()->secret;
    engine->replace_keyspace(make_history(*engine, secret, limits::kSlotBitsMin, "new", 100));
    auto done = engine->snapshots().step(1 << 20);
    EXPECT_FALSE(done);
    ASSERT_TRUE(engine->snapshots().take());
    EXPECT_EQ(engine->snapshots().state().last_keys, 112u);
}

// Its keys would lie in slots that whoever loads it finds to be wrong.
TEST_F(ReplaceTest, KeysOfAnotherHistoryAreNotSnapshotBesideTheLogOfThisOne) {
    const auto disk = std::make_shared<SimDisk>();
    open(disk);
    Client client(engine);
    client("SET left old");
    engine->replace_keyspace(make_history(*engine, 6, "new", 0));
    const Status taken = engine->snapshots().take();
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Code::kUnsupported);
    ASSERT_TRUE(engine->close());
    engine.reset();
    open(disk);
    EXPECT_EQ(Client(engine)("GET left"), "$old");
}

TEST_F(ReplaceTest, TheShadowIsMadeAgain) {
    Options options;
    ASSERT_TRUE(options.set(OptionId::kShadow, "yes"));
    open(std::make_shared<SimDisk>(), options);
    Client client(engine);
    client("HSET small old 1");
    for (uint64_t i = 0; i < 5; ++i) {
        engine->replace_keyspace(make_history(*engine, 50 + i, std::to_string(i), 100));
        EXPECT_EQ(engine->difference_from_shadow(), "");
        client("HSET small f1 mine new 2");
        client("COPY large copy");
        client("HDEL large f7");
        client("SWAPDB 0 1");
        EXPECT_EQ(engine->difference_from_shadow(), "");
    }
}

// Every command of the table, from its grammar and distorted, on sessions that keep their
// transactions, watches and databases for a few calls.
class Load {
public:
    Load(std::shared_ptr<Engine> engine, uint32_t seed, bool announces)
        : engine_(std::move(engine)), calls_(seed), announces_(announces) {
        for (const CommandRecord& command : all_commands()) {
            if (command.subcommands.empty()) commands_.push_back(&command);
            for (const CommandRecord& sub : command.subcommands) commands_.push_back(&sub);
        }
        next_ = calls_.below(static_cast<unsigned>(commands_.size()));
    }

    void step() {
        if (client_ == nullptr) {
            client_ = std::make_unique<Client>(engine_);
            client_->announces = announces_;
        }
        const CommandRecord& command = *commands_[next_++ % commands_.size()];
        const auto words =
            calls_.below(3) == 0 ? calls_.distorted(command) : calls_.call(command).words;
        client_->call(words);
        ++made;
        // One that waits for others is given up, and one that was killed is gone.
        const Stop stop = client_->last.stop;
        if (stop == Stop::kPending || stop == Stop::kFailed) client_.reset();
        if (client_ != nullptr && calls_.below(8) == 0) client_->session.reset();
    }
    // Every command of the table that many times.
    uint64_t rounds() const { return made / commands_.size(); }

    uint64_t made = 0;

private:
    const std::shared_ptr<Engine> engine_;
    Calls calls_;
    const bool announces_;
    std::vector<const CommandRecord*> commands_;
    size_t next_ = 0;
    std::unique_ptr<Client> client_;
};

// Never the one of one history and the other of another; nor back in time. FLUSHDB or SWAPDB of
// others may have come between.
class Reader {
public:
    explicit Reader(const std::shared_ptr<Engine>& engine) : client_(engine) {
        client_.announces = true;
    }

    void step() {
        const std::string both = client_("MGET left right");
        if (both != "[_ _]") {
            const size_t blank = both.find(' ');
            ASSERT_NE(blank, std::string::npos) << both;
            EXPECT_EQ(both.substr(1, blank - 1), both.substr(blank + 1, both.size() - blank - 2));
            see(both.substr(2));
        }
        const std::string fields = client_("HMGET large f0 f299");
        if (fields != "[_ _]") {
            const size_t blank = fields.find(' ');
            ASSERT_NE(blank, std::string::npos) << fields;
            EXPECT_EQ(fields.substr(1, blank - 1),
                      fields.substr(blank + 1, fields.size() - blank - 2));
            see(fields.substr(2));
        }
    }

    uint64_t seen = 0;

private:
    void see(const std::string& number) {
        EXPECT_GE(std::stoll(number), last_);
        last_ = std::stoll(number);
        ++seen;
    }

    Client client_;
    int64_t last_ = 0;
};

class ReplaceUnderLoad : public ReplaceTest {
protected:
    static constexpr uint32_t kSeed = 20'261'127;

    void replace_under_load(int swaps) {
        RecordProperty("seed", std::to_string(kSeed));
        const uint64_t before = engine->generation();
        engine->replace_keyspace(make_history(*engine, 1, "1", 100));
        std::atomic<bool> stop{false};
        std::atomic<uint64_t> rounds{0};
        std::atomic<uint64_t> seen{0};
        std::vector<std::thread> threads;
        for (uint32_t t = 0; t < 4; ++t) {
            threads.emplace_back([&, t] {
                Load load(engine, kSeed + t, t % 2 == 0);
                while (!stop || load.rounds() == 0) load.step();
                rounds += load.rounds();
            });
        }
        for (int t = 0; t < 2; ++t) {
            threads.emplace_back([&] {
                Reader reader(engine);
                while (!stop) ASSERT_NO_FATAL_FAILURE(reader.step());
                seen += reader.seen;
            });
        }
        for (int i = 2; i <= swaps; ++i) {
            const std::string value = std::to_string(i);
            engine->replace_keyspace(make_history(*engine, static_cast<uint64_t>(i), value, 100));
        }
        stop = true;
        for (auto& thread : threads) thread.join();
        EXPECT_EQ(engine->generation(), before + static_cast<uint64_t>(swaps));
        EXPECT_GE(rounds, 4u) << "seed " << kSeed;
        EXPECT_GT(seen, 100u) << "seed " << kSeed;
    }
};

TEST_F(ReplaceUnderLoad, AThousandTimes) {
    auto opened = Engine::open({nullptr, &real_clock(), &real_entropy(), true}, Options());
    ASSERT_TRUE(opened);
    engine = *opened;
    replace_under_load(1'000);
}

// What follows the records agrees with each of them.
TEST_F(ReplaceUnderLoad, WithALogAndAShadow) {
    Options options;
    ASSERT_TRUE(options.set(OptionId::kShadow, "yes"));
    ASSERT_TRUE(options.set(OptionId::kFsync, "never"));
    const auto disk = std::make_shared<SimDisk>();
    auto opened = Engine::open({disk, &real_clock(), &real_entropy(), true}, options);
    ASSERT_TRUE(opened);
    engine = *opened;
    replace_under_load(50);
    EXPECT_EQ(engine->difference_from_shadow(), "");
}

}  // namespace
}  // namespace synap
