// Tapes: what is replayed in parts is what is replayed at once, hashes by reference too.
#include "core/commands/reply.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace synap {
namespace {

// Notes what it is told. Stops after every so many calls; 0: never.
struct Notes {
    bool scalar(ReplyType, int64_t value) { return note(":" + std::to_string(value)); }
    bool real(double value) { return note("," + std::to_string(value)); }
    bool bytes(ReplyType, std::string_view text) { return note("$" + std::string(text)); }
    bool blob(Blob*, std::string_view part) {
        ++references;
        return note("$" + std::string(part));
    }
    bool error(std::string_view text) { return note("-" + std::string(text)); }
    bool begin(ReplyType type, uint64_t count) {
        return note((type == ReplyType::kMap ? "{" : "[") + std::to_string(count));
    }
    bool end(ReplyType type) { return note(type == ReplyType::kMap ? "}" : "]"); }
    bool rest() { return ++rests % 2 == 0; }
    bool note(std::string text) {
        said.push_back(std::move(text));
        return every == 0 || said.size() % every != 0;
    }

    size_t every = 0;
    size_t references = 0;
    size_t rests = 0;
    std::vector<std::string> said;
};

std::vector<std::string> replay(const Reply& reply, size_t count, size_t every) {
    Notes notes;
    notes.every = every;
    Reply::Cursor cursor;
    while (!reply.replay(cursor, count, notes) && cursor.replayed() < count) {
    }
    EXPECT_EQ(cursor.replayed(), count);
    return notes.said;
}

class Replies : public testing::Test {
protected:
    void SetUp() override { tree = HashTree::make(heap, 7, 0); }
    void TearDown() override { HashTree::free(tree); }
    void fill(int fields) {
        for (int i = 0; i < fields; ++i) put(i, 0);
    }
    void put(int i, int64_t deadline) {
        tree->put("f" + std::to_string(i), "v" + std::to_string(i), deadline, 0);
    }

    Heap heap;
    HashTree* tree = nullptr;
    Reply reply;
};

TEST_F(Replies, AnyPlaceIsOneToStop) {
    fill(40);
    put(3, 100);
    reply.begin_array(3);
    reply.integer(1);
    reply.hash(tree->share(), {HashPart::kBoth, 100});
    reply.bulk("x");
    reply.begin_array(0);
    reply.hash(tree->share(), {HashPart::kValues, 0});
    reply.error("ERR no");
    const auto whole = replay(reply, 4, 0);
    EXPECT_EQ(whole[0], "[3");
    EXPECT_EQ(whole[2], "{39");
    EXPECT_EQ(whole.size(), 1U + 1 + (1 + 39 * 2 + 1) + 1 + 1 + 2 + (1 + 40 + 1) + 1);
    for (size_t every = 1; every <= whole.size(); ++every) {
        ASSERT_EQ(replay(reply, 4, every), whole) << "every " << every;
    }
}

TEST_F(Replies, AHashIsWhatItWasAndCountsWhatIsAlive) {
    constexpr int kFields = 40'000;  // several steps of counting
    for (int i = 0; i < kFields; ++i) put(i, i % 2 == 0 ? 1'000 + i : 0);
    reply.hash(tree->share(), {HashPart::kFields, 1'000 + kFields / 2});
    for (int i = 0; i < kFields; ++i) tree->erase("f" + std::to_string(i), 0);
    const auto said = replay(reply, 1, 0);
    const size_t alive = kFields / 2 + kFields / 4 - 1;
    ASSERT_EQ(said.front(), "[" + std::to_string(alive));
    EXPECT_EQ(said.size(), alive + 2);
    const std::set<std::string> fields(said.begin() + 1, said.end() - 1);
    EXPECT_EQ(fields.size(), alive);
    EXPECT_TRUE(fields.contains("$f1"));
    EXPECT_FALSE(fields.contains("$f0"));
    EXPECT_FALSE(fields.contains("$f20000"));
    EXPECT_TRUE(fields.contains("$f20002"));
}

TEST_F(Replies, LargeValuesOfAHashAreShownByReference) {
    tree->put("small", "v", 0, 0);
    tree->put("large", std::string(100'000, 'x'), 0, 0);
    reply.hash(tree->share(), {HashPart::kBoth, 0});
    Notes notes;
    Reply::Cursor cursor;
    ASSERT_TRUE(reply.replay(cursor, 1, notes));
    EXPECT_EQ(notes.references, 1U);
}

TEST_F(Replies, WhatOnlyAReplyHasIsChargedAndFreedInSteps) {
    fill(20'000);
    const size_t memory = tree->memory();
    reply.hash(tree->share(), {HashPart::kBoth, 0});
    Reply::Cursor cursor;
    EXPECT_LT(reply.held_alone(cursor), memory / 10);
    put(0, 0);  // what a writer copies is charged, not all that the reply shows
    EXPECT_LT(reply.held_alone(cursor), memory / 10);
    HashTree::free(tree);
    tree = HashTree::make(heap, 7, 0);
    EXPECT_GT(reply.held_alone(cursor), memory / 2);
    Notes notes;
    ASSERT_TRUE(reply.replay(cursor, 1, notes));
    ASSERT_TRUE(reply.has_trees_behind(cursor));
    Garbage garbage;
    reply.give_trees(cursor, garbage);
    EXPECT_FALSE(reply.has_trees_behind(cursor));
    size_t steps = 1;
    while (garbage.free_some(1'000)) ++steps;
    EXPECT_GE(steps, 10U);
    EXPECT_EQ(heap.shared_bytes(), 0);
    reply.clear();
}

TEST_F(Replies, AClearedTapeGivesItsHashesAway) {
    fill(20'000);
    reply.hash(tree->share(), {HashPart::kBoth, 0});
    HashTree::free(tree);
    tree = HashTree::make(heap, 7, 0);
    Garbage garbage;
    ASSERT_TRUE(reply.holds_trees());
    reply.give_trees(garbage);
    reply.clear();
    EXPECT_GT(heap.shared_bytes(), 0);
    garbage.free_all();
    EXPECT_EQ(heap.shared_bytes(), 0);
}

TEST_F(Replies, DrawsEachFieldOnceAndAllWithTheSameChance) {
    constexpr int kFields = 1'000;
    constexpr int kDraws = 400;
    fill(kFields);
    put(5, 50);  // past at 100
    std::map<std::string, int> seen;
    for (uint64_t seed = 1; seed <= kDraws; ++seed) {
        Reply one;
        one.hash(tree->share(), {HashPart::kFields, 100, kFields / 4, seed});
        const auto said = replay(one, 1, seed % 7);
        ASSERT_EQ(said.front(), "[250");
        const std::set<std::string> fields(said.begin() + 1, said.end() - 1);
        ASSERT_EQ(fields.size(), 250U) << "seed " << seed;
        for (const std::string& field : fields) ++seen[field];
    }
    EXPECT_EQ(seen.size(), size_t{kFields - 1});
    EXPECT_FALSE(seen.contains("$f5"));
    for (const auto& [field, times] : seen) {  // 100 is expected, its deviation is below 9
        EXPECT_GT(times, 50) << field;
        EXPECT_LT(times, 150) << field;
    }
    reply.hash(tree->share(), {HashPart::kPairs, 100, 5'000, 3});
    EXPECT_EQ(replay(reply, 1, 0).front(), "[999");
}

TEST_F(Replies, DrawsWithRepetitionsFromWhatIsAlive) {
    fill(100);
    for (int i = 0; i < 90; ++i) put(i, 50);
    reply.hash(tree->share(), {HashPart::kPairs, 100, 2'000, 9, true});
    const auto said = replay(reply, 1, 3);
    ASSERT_EQ(said.front(), "[2000");
    ASSERT_EQ(said.size(), 2U + 4'000);
    const std::set<std::string> shown(said.begin() + 1, said.end() - 1);
    EXPECT_EQ(shown.size(), 20U);  // ten fields and their values
    Reply none;
    for (int i = 90; i < 100; ++i) put(i, 50);
    none.hash(tree->share(), {HashPart::kPairs, 100, 2'000, 9, true});
    EXPECT_EQ(replay(none, 1, 0), (std::vector<std::string>{"[0", "]"}));
}

TEST_F(Replies, CuttingLetsGoOfHashes) {
    fill(1'000);
    reply.ok();
    const Reply::Mark mark = reply.mark();
    reply.hash(tree->share(), {HashPart::kBoth, 0});
    EXPECT_GT(reply.weight(), tree->memory() / 2);
    reply.cut(mark);
    EXPECT_LT(reply.weight(), 100U);
    EXPECT_EQ(replay(reply, 1, 0), std::vector<std::string>{"$OK"});
}

}  // namespace
}  // namespace synap
