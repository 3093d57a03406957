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
        table.for_each([&](Cell cell) noexcept { Node::free(cell_node(cell), heap); });
        table.free(heap);
    }
    int64_t reserve_cell() { return Slot::reserve_cell(heap, 0); }
    int64_t shrink() { return Slot::shrink(heap, 0); }
};

Node* make_node(OwnedSlot& slot, const std::string& key) {
    const Node::Shape shape{0,
                            ValueType::kString,
                            Encoding::kInteger,
                            false,
                            false,
                            static_cast<uint32_t>(key.size()),
                            sizeof(int64_t)};
    Node* node = Node::make(shape, slot.heap, 0);
    node->set_key(key);
    node->set_value(std::string_view("\0\0\0\0\0\0\0", 8));
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

// Else a find would wait for a node that nobody asked for.
TEST(Table, GuessesTheNodeThatAFindWillRead) {
    constexpr uint32_t kCells = 4'000;
    Heap heap;
    Table table;
    EXPECT_NE(table.likely_node(1), nullptr);
    ASSERT_TRUE(table.resize(Table::capacity_from(kCells * 5 / 4), heap, 0));
    const auto node = [](uint32_t i) {
        return reinterpret_cast<Node*>(uintptr_t{i} * 16 + (1u << 20));
    };
    const auto tag = [](uint32_t i) { return static_cast<uint16_t>(i * 40503u); };
    for (uint32_t i = 0; i < kCells; ++i) table.place(make_cell(tag(i), node(i)));
    uint32_t guessed = 0;
    for (uint32_t i = 0; i < kCells; ++i) guessed += table.likely_node(tag(i)) == node(i) ? 1 : 0;
    EXPECT_GT(guessed, kCells * 3 / 4);
    table.free(heap);
    // An empty cell is no node of tag 0.
    ASSERT_TRUE(table.resize(8, heap, 0));
    EXPECT_NE(table.likely_node(0), nullptr);
    table.free(heap);
}

TEST(Table, NamesTheCapacitiesThatItOffers) {
    EXPECT_EQ(Table::capacity_from(1), 8u);
    EXPECT_EQ(Table::capacity_from(80), 80u);
    EXPECT_EQ(Table::capacity_from(81), 88u);
    EXPECT_EQ(Table::capacity_from(4095 * 8), 4095u * 8);
    EXPECT_EQ(Table::capacity_from(4095 * 8 + 1), 4096u * 8);
    for (uint64_t wanted = 1; wanted < uint64_t{1} << 30; wanted += 1 + wanted / 7) {
        const uint64_t capacity = Table::capacity_from(wanted);
        EXPECT_GE(capacity, wanted);
        EXPECT_LT(capacity, wanted + 8 + wanted / 2000) << wanted;
        EXPECT_EQ(Table::capacity_from(capacity), capacity) << wanted;
    }
    EXPECT_EQ(Table::capacity_from(uint64_t{4095} * 8 << 15), uint64_t{4095} * 8 << 15);
    EXPECT_EQ(Table::capacity_from((uint64_t{4095} * 8 << 15) + 1), 0u) << "more than a word names";
}

TEST(Table, KeepsItsCellsAtEverySize) {
    Heap heap;
    Table table;
    uint32_t cells = 0;
    for (uint32_t wanted = 8; wanted < 400'000; wanted += wanted / 4) {
        ASSERT_TRUE(table.resize(Table::capacity_from(wanted), heap, 0));
        ASSERT_EQ(table.capacity(), Table::capacity_from(wanted));
        for (; cells < wanted / 2; ++cells) {
            table.place(make_cell(static_cast<uint16_t>(cells * 40503u),
                                  reinterpret_cast<Node*>(uintptr_t{cells} * 16 + 16)));
        }
        uint32_t found = 0;
        for (uint32_t i = 0; i < table.capacity(); ++i) found += table.cell(i) != 0 ? 1 : 0;
        ASSERT_EQ(found, cells);
    }
    for (uint32_t i = 0; i < cells; ++i) {
        const auto* node = reinterpret_cast<Node*>(uintptr_t{i} * 16 + 16);
        EXPECT_NE(table.find(static_cast<uint16_t>(i * 40503u),
                             [&](Cell cell) noexcept { return cell_node(cell) == node; }),
                  nullptr);
    }
    EXPECT_FALSE(table.resize(0, heap, 0));
    table.free(heap);
    EXPECT_EQ(table.capacity(), 0u);
}

}  // namespace
}  // namespace synap
