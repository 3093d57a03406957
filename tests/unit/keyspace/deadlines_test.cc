#include "core/keyspace/deadlines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/platform/entropy.h"

namespace synap {
namespace {

constexpr uint16_t kTag = 9;

// A slot whose nodes have deadlines: stale entries are dropped by what its nodes say.
struct Expiring {
    Heap heap;
    Slot slot;
    Deadlines deadlines;

    ~Expiring() {
        slot.table.for_each([&](Cell cell) noexcept { Node::free(cell_node(cell), heap); });
        slot.table.free(heap);
    }
    Node* add(int64_t deadline) {
        const Node::Shape shape{0, ValueType::kString, Encoding::kInteger, true, false, 0, 8};
        Node* node = Node::make(shape, heap, 0);
        node->set_deadline(deadline);
        node->set_value(std::string_view("\0\0\0\0\0\0\0", 8));
        slot.reserve_cell(heap, 0);
        slot.insert(kTag, node);
        deadlines.count_node(deadline, 1);
        push(deadline);
        return node;
    }
    void push(int64_t deadline) {
        deadlines.reserve(slot.table);
        deadlines.push(kTag, deadline);
    }
};

TEST(Deadlines, ComeUpInOrder) {
    Expiring expiring;
    for (const int64_t deadline : {500, 100, 300, 200, 400}) expiring.add(deadline);
    for (const uint64_t expected : {100, 200, 300, 400, 500}) {
        EXPECT_EQ(expiring.deadlines.earliest(), expected);
        EXPECT_FALSE(expiring.deadlines.due(static_cast<int64_t>(expected) - 1));
        EXPECT_TRUE(expiring.deadlines.due(static_cast<int64_t>(expected)));
        const uint64_t entry = expiring.deadlines.pop();
        EXPECT_EQ(entry >> 16, expected);
        EXPECT_EQ(static_cast<uint16_t>(entry), kTag);
    }
    EXPECT_EQ(expiring.deadlines.earliest(), Deadlines::kNever);
    EXPECT_FALSE(expiring.deadlines.due(INT64_MAX));
}

TEST(Deadlines, StaleEntriesDoNotMakeTheHeapGrow) {
    Expiring expiring;
    Node* node = expiring.add(1);
    for (int64_t i = 2; i < 10'000; ++i) {
        node->set_deadline(i);
        expiring.push(i);
    }
    EXPECT_LE(expiring.deadlines.capacity(), 16u);
}

// What is dropped may have been the earliest: then nothing is due any more.
TEST(Deadlines, TheEarliestIsForgottenWithItsEntry) {
    Expiring expiring;
    Node* node = expiring.add(5);
    while (expiring.deadlines.capacity() < 7) expiring.push(5);
    node->set_deadline(1'000);
    while (expiring.deadlines.reserve(expiring.slot.table) == 0 &&
           expiring.deadlines.earliest() == 5) {
        expiring.deadlines.push(kTag, 1'000);
    }
    EXPECT_EQ(expiring.deadlines.earliest(), 1'000u);
}

TEST(Deadlines, AgreeWithASortedListUnderRandomUse) {
    const uint64_t seed = 20261126;
    RecordProperty("seed", std::to_string(seed));
    SmallRandom random(seed);
    Expiring expiring;
    std::vector<uint64_t> model;
    for (int step = 0; step < 5'000; ++step) {
        if (random.below(3) != 0) {
            const uint64_t deadline = 1 + random.below(1'000);
            expiring.add(static_cast<int64_t>(deadline));
            model.push_back(deadline);
        } else if (!model.empty()) {
            const auto first = std::min_element(model.begin(), model.end());
            ASSERT_EQ(expiring.deadlines.pop() >> 16, *first) << "seed " << seed;
            model.erase(first);
        }
        const auto first = std::min_element(model.begin(), model.end());
        ASSERT_EQ(expiring.deadlines.earliest(), first == model.end() ? Deadlines::kNever : *first);
    }
}

}  // namespace
}  // namespace synap
