// Values of every type in the keyspace: what overwriting, moving, copying, deleting and expiring do
// to them, and what is charged for it.
#include <gtest/gtest.h>

#include "core/keyspace/keyspace.h"
#include "core/keyspace/walk.h"

namespace synap {
namespace {

class ValuesTest : public ::testing::Test {
protected:
    Effect on(std::string_view key, EffectKind kind, uint8_t name_space = 0) {
        Effect effect;
        effect.kind = kind;
        effect.name_space = name_space;
        effect.key = key;
        effect.hash = keyspace.key(name_space, key).hash;
        return effect;
    }
    void set_string(std::string_view key, std::string_view value) {
        Effect effect = on(key, EffectKind::kValue);
        effect.body.bytes = value;
        keyspace.apply(effect, 0);
    }
    void edit(std::string_view key, const hash_body::Element& element, uint8_t name_space = 0) {
        std::string bytes;
        hash_body::append(bytes, element);
        Effect effect = on(key, EffectKind::kEdit, name_space);
        effect.type = ValueType::kHash;
        effect.body.argument = 1;
        effect.body.bytes = bytes;
        effect.body.timed = element.deadline != 0;
        keyspace.apply(effect, 0);
    }
    void make_hash(std::string_view key, int fields) {
        for (int i = 0; i < fields; ++i) {
            edit(key, hash_body::set("field:" + std::to_string(i), "value", 0));
        }
    }
    void erase(std::string_view key) { keyspace.apply(on(key, EffectKind::kDelete), 0); }
    void set_deadline(std::string_view key, int64_t deadline) {
        Effect effect = on(key, EffectKind::kDeadline);
        effect.expires_at = deadline;
        keyspace.apply(effect, 0);
    }
    void to_other(EffectKind kind, std::string_view from, std::string_view to) {
        Effect effect = on(from, kind);
        effect.other_key = to;
        effect.other_hash = keyspace.key(0, to).hash;
        keyspace.apply(effect, 0);
    }
    const Node* node(std::string_view key, uint8_t name_space = 0) {
        return keyspace.find(keyspace.key(name_space, key));
    }
    HashRef hash(std::string_view key) { return HashRef(node(key)); }
    int64_t bytes() { return keyspace.accounts().bytes(); }
    // The earliest hint that the slot of a key holds.
    uint64_t hint(std::string_view key) {
        return keyspace.deadlines(keyspace.slot_index(keyspace.key(0, key).hash)).earliest();
    }

    Keyspace keyspace{limits::kSlotBitsMin, 42};
    static constexpr int kSmall = 5;
    static constexpr int kLarge = 2'000;
};

TEST_F(ValuesTest, WhateverGivesWayIsGivenBack) {
    const int64_t before = bytes();
    for (const int fields : {kSmall, kLarge}) {
        make_hash("h", fields);
        EXPECT_EQ(hash("h").size(), static_cast<uint64_t>(fields));
        set_string("h", "a string over a hash");
        EXPECT_EQ(node("h")->type(), ValueType::kString);
        erase("h");
        EXPECT_EQ(bytes(), before);
        make_hash("h", fields);
        erase("h");
        EXPECT_EQ(bytes(), before);
        make_hash("h", fields);
        set_string("s", "a string that is replaced");
        to_other(EffectKind::kMove, "h", "s");
        to_other(EffectKind::kMove, "s", "h");
        EXPECT_EQ(hash("h").size(), static_cast<uint64_t>(fields));
        keyspace.apply(on("", EffectKind::kFlush), 0);
        EXPECT_EQ(bytes(), before);
        EXPECT_EQ(keyspace.accounts().keys(0), 0);
    }
    keyspace.garbage().free_all();
    EXPECT_EQ(keyspace.garbage().bytes(), 0u);
}

TEST_F(ValuesTest, ALargeValueGoesInSteps) {
    make_hash("h", kLarge);
    erase("h");
    const size_t waiting = keyspace.garbage().bytes();
    EXPECT_GT(waiting, 0u);
    EXPECT_TRUE(keyspace.garbage().free_some(300));
    EXPECT_LT(keyspace.garbage().bytes(), waiting);
    EXPECT_GT(keyspace.garbage().bytes(), 0u);
    keyspace.garbage().free_all();
    EXPECT_EQ(keyspace.garbage().bytes(), 0u);
    EXPECT_FALSE(keyspace.garbage().free_some(300));
}

TEST_F(ValuesTest, ACopyIsAValueOfItsOwn) {
    for (const int fields : {kSmall, kLarge}) {
        make_hash("from", fields);
        set_deadline("from", 7'000);
        to_other(EffectKind::kCopy, "from", "to");
        EXPECT_EQ(node("to")->deadline(), 7'000);
        edit("to", hash_body::set("field:1", "changed", 0));
        edit("from", hash_body::remove("field:2"));
        FieldView found;
        ASSERT_TRUE(hash("from").find("field:1", found));
        EXPECT_EQ(found.value, "value");
        ASSERT_TRUE(hash("to").find("field:1", found));
        EXPECT_EQ(found.value, "changed");
        EXPECT_TRUE(hash("to").find("field:2", found));
        EXPECT_FALSE(hash("from").find("field:2", found));
        erase("from");
        EXPECT_EQ(hash("to").size(), static_cast<uint64_t>(fields));
        erase("to");
    }
}

TEST_F(ValuesTest, AHashWithoutFieldsIsNoKey) {
    const int64_t before = bytes();
    for (const int fields : {1, kLarge}) {
        make_hash("h", fields);
        for (int i = 0; i < fields; ++i) edit("h", hash_body::remove("field:" + std::to_string(i)));
        EXPECT_EQ(node("h"), nullptr);
        EXPECT_EQ(bytes(), before);
    }
    edit("h", hash_body::remove("f"));
    EXPECT_EQ(node("h"), nullptr);
}

// The slot's hints name the earliest of the key's deadline and its fields', under any name.
TEST_F(ValuesTest, FieldsThatExpireAreFoundUnderTheNameOfTheirKey) {
    for (const int fields : {kSmall, kLarge}) {
        make_hash("h", fields);
        edit("h", hash_body::set("timed", "v", 5'000));
        EXPECT_EQ(node("h")->due_at(), 5'000);
        EXPECT_LE(hint("h"), 5'000u);
        set_deadline("h", 3'000);
        EXPECT_EQ(node("h")->due_at(), 3'000);
        EXPECT_LE(hint("h"), 3'000u);
        set_deadline("h", 0);
        EXPECT_EQ(node("h")->due_at(), 5'000);
        to_other(EffectKind::kMove, "h", "renamed");
        EXPECT_EQ(node("renamed")->due_at(), 5'000);
        EXPECT_LE(hint("renamed"), 5'000u);
        to_other(EffectKind::kCopy, "renamed", "copy");
        erase("renamed");
        EXPECT_EQ(node("copy")->due_at(), 5'000);
        EXPECT_LE(hint("copy"), 5'000u);
        edit("copy", hash_body::deadline("timed", 4'000));
        EXPECT_LE(hint("copy"), 4'000u);
        edit("copy", hash_body::deadline("timed", 0));
        EXPECT_EQ(node("copy")->due_at(), 0);
        keyspace.apply(on("", EffectKind::kFlush), 0);
    }
}

TEST_F(ValuesTest, DigestsOfEqualContentsAreEqual) {
    Keyspace other(limits::kSlotBitsMin + 2, 4711);
    for (int i = 0; i < 300; ++i) {
        for (Keyspace* k : {&keyspace, &other}) {
            const std::string key = "key:" + std::to_string(i % 50);
            std::string bytes;
            hash_body::append(bytes, hash_body::set("f" + std::to_string(i), "v", i % 2));
            Effect effect;
            effect.kind = EffectKind::kEdit;
            effect.type = ValueType::kHash;
            effect.key = key;
            effect.hash = k->key(0, key).hash;
            effect.body.argument = 1;
            effect.body.bytes = bytes;
            effect.body.timed = true;
            k->apply(effect, 0);
        }
        ASSERT_EQ(keyspace.digest(), other.digest());
    }
    const uint64_t before = keyspace.digest();
    set_deadline("key:1", 5);
    EXPECT_NE(keyspace.digest(), before);
}

TEST_F(ValuesTest, EvictionLeavesSystemStateAlone) {
    edit("system", hash_body::set("f", "v", 0), limits::kNamespaces - 1);
    SmallRandom random(1);
    Victim victim;
    EXPECT_FALSE(choose_victim(keyspace, {EvictionPolicy::kLru, false, 5}, random, victim));
    edit("ours", hash_body::set("f", "v", 0));
    ASSERT_TRUE(choose_victim(keyspace, {EvictionPolicy::kRandom, false, 5}, random, victim));
    EXPECT_EQ(victim.key, "ours");
}

}  // namespace
}  // namespace synap
