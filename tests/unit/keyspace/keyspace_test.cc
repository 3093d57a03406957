#include "core/keyspace/keyspace.h"

#include <gtest/gtest.h>

#include <set>

#include "core/keyspace/walk.h"

namespace synap {
namespace {

class KeyspaceTest : public ::testing::Test {
protected:
    Effect on(std::string_view key, EffectKind kind, uint8_t name_space = 0) {
        Effect effect;
        effect.kind = kind;
        effect.name_space = name_space;
        effect.key = key;
        effect.hash = keyspace.key(name_space, key).hash;
        return effect;
    }
    void set(std::string_view key, std::string_view value, int64_t deadline = 0,
             uint8_t name_space = 0) {
        Effect effect = on(key, EffectKind::kValue, name_space);
        effect.body.bytes = value;
        effect.expires_at = deadline;
        keyspace.apply(effect, 0);
    }
    void write(std::string_view key, uint64_t offset, std::string_view bytes) {
        Effect effect = on(key, EffectKind::kEdit);
        effect.body.argument = offset;
        effect.body.bytes = bytes;
        keyspace.apply(effect, 0);
    }
    std::string get(std::string_view key, uint8_t name_space = 0) {
        const Node* node = keyspace.find(keyspace.key(name_space, key));
        if (node == nullptr) return "(nil)";
        StringView value;
        node->view(value);
        return std::string(value.text);
    }
    const Node* node(std::string_view key) { return keyspace.find(keyspace.key(0, key)); }

    Keyspace keyspace{limits::kSlotBitsMin, 42};
};

TEST_F(KeyspaceTest, StoresAndReplacesValuesOfEveryEncoding) {
    const std::string large(limits::kInlineValueBytes + 1, 'L');
    const std::string long_inline(limits::kInlineValueBytes, 'i');
    for (const std::string& value : {std::string("short"), std::string(), large, long_inline,
                                     std::string("short again"), large, std::string("x")}) {
        set("key", value);
        EXPECT_EQ(get("key"), value);
    }
    EXPECT_EQ(keyspace.accounts().keys(0), 1);
}

TEST_F(KeyspaceTest, MemoryReturnsToWhereItWas) {
    const int64_t before = keyspace.accounts().bytes();
    for (int i = 0; i < 5000; ++i) {
        set("key:" + std::to_string(i), std::string(static_cast<size_t>(i) * 7 % 20'000, 'v'));
    }
    EXPECT_GT(keyspace.accounts().bytes(), before + 5000 * 100);
    for (int i = 0; i < 5000; ++i) {
        keyspace.apply(on("key:" + std::to_string(i), EffectKind::kDelete), 0);
    }
    EXPECT_EQ(keyspace.accounts().bytes(), before);
    EXPECT_EQ(keyspace.accounts().keys(0), 0);
}

TEST_F(KeyspaceTest, WriteRangeFillsGapsWithZeros) {
    write("key", 3, "abc");
    EXPECT_EQ(get("key"), std::string("\0\0\0abc", 6));
    write("key", 0, "xy");
    EXPECT_EQ(get("key"), std::string("xy\0abc", 6));
    EXPECT_TRUE(node("key")->grown());
}

TEST_F(KeyspaceTest, AppendsGrowAcrossEncodingsAndKeepTheDeadline) {
    std::string expected = "12";
    set("key", expected, 5000);
    for (int i = 0; i < 2000; ++i) {
        const std::string piece = "piece" + std::to_string(i);
        write("key", expected.size(), piece);
        expected += piece;
    }
    EXPECT_EQ(get("key"), expected);
    EXPECT_EQ(node("key")->deadline(), 5000);
    EXPECT_EQ(keyspace.accounts().deadlines(0), 1);
}

TEST_F(KeyspaceTest, ASharedBlobIsNotEditedInPlace) {
    set("key", std::string(limits::kInlineValueBytes + 1, 'a'));
    Blob* blob = node("key")->value().blob();
    blob->retain();
    const BlobRef reader(blob);
    write("key", 0, "b");
    EXPECT_EQ(reader.get()->bytes()[0], 'a');
    EXPECT_EQ(get("key")[0], 'b');
}

TEST_F(KeyspaceTest, DeadlinesAreSetChangedAndRemoved) {
    set("key", "value");
    for (const int64_t deadline : {int64_t{1000}, int64_t{2000}, int64_t{0}, INT64_MAX}) {
        Effect effect = on("key", EffectKind::kDeadline);
        effect.expires_at = deadline;
        keyspace.apply(effect, 0);
        EXPECT_EQ(node("key")->deadline(), deadline);
        EXPECT_EQ(node("key")->has_deadline(), deadline != 0);
        EXPECT_EQ(get("key"), "value");
        EXPECT_EQ(keyspace.accounts().deadlines(0), deadline != 0 ? 1 : 0);
    }
}

TEST_F(KeyspaceTest, MoveTakesValueAndDeadlineAndReplaces) {
    set("from", "value", 7000);
    set("to", "old");
    Effect effect = on("from", EffectKind::kMove);
    effect.other_key = "to";
    effect.other_hash = keyspace.key(0, "to").hash;
    keyspace.apply(effect, 0);
    EXPECT_EQ(get("from"), "(nil)");
    EXPECT_EQ(get("to"), "value");
    EXPECT_EQ(node("to")->deadline(), 7000);
    EXPECT_EQ(keyspace.accounts().keys(0), 1);
}

TEST_F(KeyspaceTest, FlushConcernsOneNamespace) {
    for (int i = 0; i < 3000; ++i) {
        set("k" + std::to_string(i), "v", 0, static_cast<uint8_t>(i % 2));
    }
    keyspace.apply(on("", EffectKind::kFlush, 0), 0);
    EXPECT_EQ(keyspace.accounts().keys(0), 0);
    EXPECT_EQ(keyspace.accounts().keys(1), 1500);
    EXPECT_EQ(get("k1", 1), "v");
}

TEST_F(KeyspaceTest, SwapExchangesDatabasesNotKeys) {
    Effect effect = on("", EffectKind::kSwap, 0);
    effect.other_name_space = 3;
    keyspace.apply(effect, 0);
    EXPECT_EQ(keyspace.name_space_of(0), 3);
    EXPECT_EQ(keyspace.name_space_of(3), 0);
    EXPECT_EQ(keyspace.name_space_of(1), 1);
}

TEST_F(KeyspaceTest, WatchesSeeChangesOfTheirKeyOnly) {
    std::atomic<bool> changed{false};
    Watch watch;
    watch.changed = &changed;
    watch.hash = keyspace.key(0, "key").hash;
    watch.key = {'k', 'e', 'y'};
    keyspace.add_watch(watch);
    set("other", "v");
    EXPECT_FALSE(changed);
    set("key", "v");
    EXPECT_TRUE(changed);
    keyspace.remove_watch(watch);
}

TEST_F(KeyspaceTest, AWalkVisitsEveryKeyWhileTablesChange) {
    std::set<std::string> stable;
    for (int i = 0; i < 5000; ++i) {
        const std::string key = "stable:" + std::to_string(i);
        set(key, "v");
        stable.insert(key);
    }
    std::set<std::string> seen;
    uint64_t cursor = 0;
    int round = 0;
    do {
        cursor = walk(keyspace, cursor, 10, 100,
                      [&](const Node& n) { seen.insert(std::string(n.key())); });
        EXPECT_LT(cursor, uint64_t{1} << 53);
        for (int i = 0; i < 20; ++i) set("new:" + std::to_string(round * 20 + i), "v");
        ++round;
    } while (cursor != 0);
    for (const std::string& key : stable) EXPECT_EQ(seen.count(key), 1u) << key;
}

TEST_F(KeyspaceTest, ACursorMeansTheSamePlaceWithAnotherNumberOfSlots) {
    Keyspace larger(limits::kSlotBitsMin + 3, 42);
    std::set<std::string> seen;
    for (int i = 0; i < 3000; ++i) {
        const std::string key = "k" + std::to_string(i);
        set(key, "v");
        Effect effect = on(key, EffectKind::kValue);
        effect.body.bytes = "v";
        larger.apply(effect, 0);
    }
    const auto collect = [&](const Node& n) { seen.insert(std::string(n.key())); };
    const uint64_t half = walk(keyspace, 0, 1500, 1u << 20, collect);
    ASSERT_NE(half, 0u);
    EXPECT_EQ(walk(larger, half, 1u << 20, 1u << 20, collect), 0u);
    EXPECT_EQ(seen.size(), 3000u);
}

TEST_F(KeyspaceTest, VictimsFollowTheRule) {
    SmallRandom random(7);
    Victim victim;
    set("volatile-late", "v", 9000);
    set("volatile-soon", "v", 1000);
    set("persistent", "v");
    for (int i = 0; i < 50; ++i) {
        ASSERT_TRUE(choose_victim(keyspace, {EvictionPolicy::kTtl, true, 64}, random, victim));
        EXPECT_EQ(victim.key, "volatile-soon");
    }
    keyspace.apply(on("volatile-late", EffectKind::kDelete), 0);
    keyspace.apply(on("volatile-soon", EffectKind::kDelete), 0);
    EXPECT_FALSE(choose_victim(keyspace, {EvictionPolicy::kTtl, true, 5}, random, victim));
    EXPECT_TRUE(choose_victim(keyspace, {EvictionPolicy::kRandom, false, 5}, random, victim));
}

TEST_F(KeyspaceTest, RandomKeysAreLiveAndOfTheNamespace) {
    SmallRandom random(7);
    std::string key;
    EXPECT_FALSE(random_key(keyspace, 0, 100, random, key));
    set("expired", "v", 50);
    set("elsewhere", "v", 0, 1);
    EXPECT_FALSE(random_key(keyspace, 0, 100, random, key));
    set("live", "v", 200);
    ASSERT_TRUE(random_key(keyspace, 0, 100, random, key));
    EXPECT_EQ(key, "live");
}

}  // namespace
}  // namespace synap
