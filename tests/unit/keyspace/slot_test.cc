#include "core/keyspace/slot.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "core/platform/entropy.h"

namespace synap {
namespace {

struct OwnedSlot : Slot {
    Heap heap;

    ~OwnedSlot() {
        for (uint32_t i = 0; i < table.capacity(); ++i) {
            if (table.cell(i) != 0) Node::free(cell_node(table.cell(i)), heap);
        }
        table.free(heap);
        std::free(deadlines);
    }
    int64_t reserve_cell() { return Slot::reserve_cell(heap, 0); }
    int64_t shrink() { return Slot::shrink(heap, 0); }
};

Node* make_node(OwnedSlot& slot, const std::string& key, int64_t deadline = 0) {
    const Node::Shape shape{0,
                            ValueType::kString,
                            Encoding::kInteger,
                            deadline != 0,
                            false,
                            static_cast<uint32_t>(key.size()),
                            sizeof(int64_t)};
    Node* node = Node::make(shape, slot.heap, 0);
    if (deadline != 0) node->set_deadline(deadline);
    node->set_key(key);
    node->set_integer(0);
    return node;
}

TEST(Slot, AgreesWithAMapUnderRandomInsertsAndErases) {
    const uint64_t seed = 20261123;
    RecordProperty("seed", std::to_string(seed));
    SmallRandom random(seed);
    OwnedSlot slot;
    std::map<std::string, uint16_t> model;
    for (int step = 0; step < 50'000; ++step) {
        const std::string key = "k" + std::to_string(random.below(400));
        // Few tags, so that runs are long and wrap around the end of the table.
        const auto tag = static_cast<uint16_t>(0xff00 + (key.size() * 31 + key.back()) % 256);
        Cell* cell = slot.find(tag, 0, key);
        ASSERT_EQ(cell != nullptr, model.count(key) == 1) << "seed " << seed << " step " << step;
        if (random.below(2) == 0) {
            if (cell != nullptr) continue;
            slot.reserve_cell();
            slot.insert(tag, make_node(slot, key));
            model[key] = tag;
        } else if (cell != nullptr) {
            Node* node = cell_node(*cell);
            slot.erase(cell);
            Node::free(node, slot.heap);
            model.erase(key);
            slot.shrink();
        }
        ASSERT_EQ(slot.count, model.size());
    }
    for (const auto& [key, tag] : model) EXPECT_NE(slot.find(tag, 0, key), nullptr) << key;
}

TEST(Slot, AnEmptiedTableIsGivenBack) {
    OwnedSlot slot;
    int64_t memory = slot.reserve_cell();
    EXPECT_GT(memory, 0);
    slot.insert(1, make_node(slot, "a"));
    Cell* cell = slot.find(1, 0, "a");
    Node* node = cell_node(*cell);
    slot.erase(cell);
    Node::free(node, slot.heap);
    memory += slot.shrink();
    EXPECT_EQ(memory, 0);
    EXPECT_EQ(slot.table.capacity(), 0u);
    EXPECT_EQ(slot.table.cells(), nullptr);
}

TEST(Slot, TellsNamespacesApart) {
    OwnedSlot slot;
    slot.reserve_cell();
    slot.insert(7, make_node(slot, "key"));
    EXPECT_NE(slot.find(7, 0, "key"), nullptr);
    EXPECT_EQ(slot.find(7, 1, "key"), nullptr);
}

TEST(Slot, DeadlinesComeUpInOrder) {
    OwnedSlot slot;
    for (const int64_t deadline : {500, 100, 300, 200, 400}) {
        slot.reserve_deadline();
        // Nodes keep the hints alive: stale ones are dropped when the heap would grow.
        slot.reserve_cell();
        slot.insert(9, make_node(slot, "k" + std::to_string(deadline), deadline));
        ++slot.expiring;
        slot.push_deadline(9, deadline);
    }
    EXPECT_EQ(slot.earliest.load(), 100u);
    for (const uint64_t expected : {100, 200, 300, 400, 500}) {
        EXPECT_EQ(slot.pop_deadline() >> 16, expected);
    }
    EXPECT_EQ(slot.earliest.load(), Slot::kNever);
}

TEST(Slot, StaleDeadlinesDoNotMakeTheHeapGrow) {
    OwnedSlot slot;
    slot.reserve_cell();
    slot.insert(9, make_node(slot, "k", 1'000'000));
    slot.expiring = 1;
    for (int64_t i = 0; i < 10'000; ++i) {
        slot.reserve_deadline();
        slot.push_deadline(9, i + 1);
    }
    EXPECT_LE(slot.deadlines->capacity, 16u);
}

}  // namespace
}  // namespace synap
