// Trees in hash order against an unordered_map, with everything that can happen in between.
#include <algorithm>
#include <memory>

#include "tests/unit/types/tree_fixture.h"

namespace synap {
namespace {

struct Shape {
    const char* name;
    uint64_t mask;     // of hashes
    uint64_t members;  // that are drawn from
    int steps;
    bool timed;
    bool short_values;
};

class TreeModel : public testing::TestWithParam<Shape> {
protected:
    struct Held {
        HashTreeRef ref;
        Model model;
    };

    void step(uint64_t i) {
        const std::string member = member_of(random_.below(GetParam().members));
        // Grows, shrinks to nothing, and again.
        const bool growing = i / (static_cast<uint64_t>(GetParam().steps) / 4) % 2 == 0;
        const uint64_t kind = random_.below(100);
        const int64_t deadline = GetParam().timed && random_.below(4) == 0
                                     ? 1 + static_cast<int64_t>(random_.below(1'000))
                                     : 0;
        if (kind < (growing ? 70u : 25u)) {
            const size_t size = GetParam().short_values ? 8 : some_size(random_);
            const std::string value = sized(random_, size);
            const bool added = tree_->put(member, value, deadline, 1);
            ASSERT_EQ(added, model_.insert_or_assign(member, ModelValue{value, deadline}).second);
        } else if (kind < 95) {
            ASSERT_EQ(tree_->erase(member, 2), model_.erase(member) == 1);
        } else {
            const auto found = model_.find(member);
            ASSERT_EQ(tree_->set_deadline(member, deadline, 3), found != model_.end());
            if (found != model_.end()) found->second.deadline = deadline;
        }
    }
    void share_or_let_go() {
        if (held_.size() < 4 && random_.below(2) == 0) {
            held_.push_back({tree_->share(), model_});
        } else if (!held_.empty()) {
            const size_t at = random_.below(held_.size());
            ASSERT_EQ(contents(held_[at].ref), held_[at].model);
            if (random_.below(2) == 0) {
                size_t budget = 0;
                do {
                    budget = 1 + random_.below(50);
                } while (!held_[at].ref.free_some(budget));
            }
            std::swap(held_[at], held_.back());
            held_.pop_back();
        }
    }
    void swap_for_copy() {
        HashTree* copy = tree_->copy(4);
        ASSERT_EQ(copy->memory(), tree_->memory());
        if (random_.below(2) == 0) std::swap(copy, tree_);
        HashTree::free(copy);
    }
    void compare() {
        ASSERT_EQ(wrong(*tree_), "");
        ASSERT_EQ(tree_->count(), model_.size());
        ASSERT_EQ(tree_->earliest_deadline(), earliest(model_));
        ASSERT_EQ(contents(*tree_), model_);
        std::vector<std::string> members;
        for (int i = 0; i < 50; ++i)
            members.push_back(member_of(random_.below(GetParam().members)));
        const std::vector<std::string_view> views(members.begin(), members.end());
        TreeEntry out[50];
        bool found[50];
        tree_->prefetch(views);
        tree_->find_many(views, out, found);
        for (size_t i = 0; i < views.size(); ++i) {
            TreeEntry one;
            const auto expected = model_.find(members[i]);
            ASSERT_EQ(tree_->find(views[i], one), expected != model_.end());
            ASSERT_EQ(found[i], expected != model_.end());
            if (!found[i]) continue;
            ASSERT_EQ(one.value, expected->second.value);
            ASSERT_EQ(out[i].value, expected->second.value);
            ASSERT_EQ(out[i].deadline, expected->second.deadline);
        }
        due();
    }
    void due() {
        const auto now = static_cast<int64_t>(random_.below(1'000));
        uint64_t expected = 0;
        for (const auto& [member, value] : model_) {
            if (value.deadline != 0 && value.deadline <= now) ++expected;
        }
        uint64_t seen = 0;
        tree_->each_due(now, ~size_t{0}, [&](const TreeEntry& entry) {
            ++seen;
            EXPECT_LE(entry.deadline, now);
            EXPECT_NE(entry.deadline, 0);
        });
        ASSERT_EQ(seen, expected);
        TreeEntry entry;
        ASSERT_EQ(tree_->next_due(now, entry), expected > 0);
    }

    Heap heap_{Heap::kBlockBytesMax};
    SmallRandom random_{0};
    HashTree* tree_ = nullptr;
    Model model_;
    std::vector<Held> held_;
};

TEST_P(TreeModel, EqualsAMap) {
    const uint64_t seed = 20261127 + static_cast<uint64_t>(GetParam().steps);
    RecordProperty("seed", std::to_string(seed));
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_ = SmallRandom(seed);
    tree_ = HashTree::make(heap_, HashOrder{seed, GetParam().mask}, 0);
    const auto steps = static_cast<uint64_t>(GetParam().steps);
    for (uint64_t i = 0; i < steps; ++i) {
        ASSERT_NO_FATAL_FAILURE(step(i)) << "step " << i;
        if (random_.below(300) == 0) {
            ASSERT_NO_FATAL_FAILURE(share_or_let_go()) << "step " << i;
        }
        if (random_.below(3'000) == 0) {
            ASSERT_NO_FATAL_FAILURE(swap_for_copy()) << "step " << i;
        }
        if (i % (steps / 40) == 0) {
            ASSERT_NO_FATAL_FAILURE(compare()) << "step " << i;
        }
    }
    for (const Held& held : held_) ASSERT_EQ(contents(held.ref), held.model);
    const Model all = model_;
    for (const auto& [member, value] : all) {
        ASSERT_TRUE(tree_->erase(member, 0));
        model_.erase(member);
        if (model_.size() % 97 == 0) {
            ASSERT_EQ(wrong(*tree_), "");
        }
    }
    EXPECT_EQ(tree_->count(), 0u);
    EXPECT_EQ(tree_->earliest_deadline(), 0);
    HashTree* empty = HashTree::make(heap_, 1, 0);
    EXPECT_EQ(tree_->memory(), empty->memory());
    HashTree::free(empty);
    HashTree::free(tree_);
    held_.clear();
    EXPECT_EQ(heap_.shared_bytes(), 0);
    EXPECT_EQ(heap_.superseded_bytes(), 0);
}

constexpr uint64_t kAll = ~uint64_t{0};
INSTANTIATE_TEST_SUITE_P(
    Shapes, TreeModel,
    testing::Values(Shape{"Plain", kAll, 5'000, 60'000, false, false},
                    Shape{"Short", kAll, 30'000, 120'000, false, true},
                    Shape{"Timed", kAll, 3'000, 60'001, true, false},
                    Shape{"Few", kAll, 40, 20'000, true, false},
                    Shape{"FewHashes", uint64_t{0xf0000000} << 32 | 3, 3'000, 40'000, true, false},
                    Shape{"Clumps", uint64_t{0xfff00000} << 32 | 0xff, 20'000, 60'002, true, true},
                    Shape{"OneHash", 1, 2'000, 15'000, true, false}),
    [](const auto& info) { return info.param.name; });

TEST(HashTree, ScanMissesNothingThatStays) {
    const uint64_t seed = 4711;
    RecordProperty("seed", std::to_string(seed));
    SmallRandom random(seed);
    for (int round = 0; round < 20; ++round) {
        Heap heap;
        HashTree* tree = HashTree::make(heap, random.next(), 0);
        for (uint64_t i = 0; i < 3'000; ++i) tree->put("stays" + std::to_string(i), "v", 0, 0);
        Model seen;
        uint64_t cursor = 0;
        do {
            const bool growing = random.below(2) == 0;
            for (int i = 0; i < 300; ++i) {
                const std::string member = "goes" + std::to_string(random.below(4'000));
                growing ? tree->put(member, sized(random, 100), 0, 0) : tree->erase(member, 0);
            }
            cursor = tree->scan(cursor, 1 + random.below(100), [&](const TreeEntry& entry) {
                seen[std::string(entry.member)] = {};
            });
        } while (cursor != 0);
        for (uint64_t i = 0; i < 3'000; ++i) {
            ASSERT_TRUE(seen.contains("stays" + std::to_string(i))) << "seed " << seed;
        }
        HashTree::free(tree);
    }
}

TEST(HashTree, ACursorFromNowhereEndsTheScan) {
    Heap heap;
    HashTree* tree = HashTree::make(heap, 1, 0);
    const auto never = [](const TreeEntry&) { ADD_FAILURE(); };
    EXPECT_EQ(tree->scan(0, 10, never), 0u);
    tree->put("a", "1", 0, 0);
    EXPECT_EQ(tree->scan(uint64_t{1} << 32, 10, never), 0u);
    EXPECT_EQ(tree->scan(~uint64_t{0}, 10, never), 0u);
    HashTree::free(tree);
}

// Chi-square over entries; for each of many sizes.
TEST(HashTree, RandomEntriesAreNearlyUniform) {
    const uint64_t seed = 99;
    RecordProperty("seed", std::to_string(seed));
    SmallRandom random(seed);
    for (const uint64_t count : {1u, 2u, 10u, 150u, 1'000u, 5'000u}) {
        Heap heap;
        HashTree* tree = HashTree::make(heap, 7, 0);
        for (uint64_t i = 0; i < count; ++i) {
            tree->put("member" + std::to_string(i), sized(random, 4 + i % 30), 0, 0);
        }
        std::unordered_map<std::string, uint64_t> drawn;
        const uint64_t draws = count * 200;
        TreeEntry entry;
        for (uint64_t i = 0; i < draws; ++i) {
            ASSERT_TRUE(tree->random(random.next(), entry));
            ++drawn[std::string(entry.member)];
        }
        EXPECT_EQ(drawn.size(), count);
        double squares = 0;
        for (const auto& [member, times] : drawn) {
            const double off = static_cast<double>(times) - 200.0;
            squares += off * off / 200.0;
        }
        // Expected is one for each entry; a bias of a tenth of an entry's due would add two.
        EXPECT_LT(squares, static_cast<double>(count) * 1.6 + 20) << "seed " << seed;
        HashTree::free(tree);
    }
    Heap heap;
    HashTree* empty = HashTree::make(heap, 7, 0);
    TreeEntry entry;
    EXPECT_FALSE(empty->random(1, entry));
    HashTree::free(empty);
}

TEST(HashTree, ManyOfOneHashStayTogether) {
    Heap heap;
    HashTree* tree = HashTree::make(heap, HashOrder{1, 0xff}, 0);
    Model model;
    for (uint64_t i = 0; i < 8'000; ++i) {
        const std::string member = "member" + std::to_string(i);
        ASSERT_TRUE(tree->put(member, "0123456789", 0, 0));
        model[member] = {"0123456789", 0};
    }
    EXPECT_EQ(wrong(*tree), "");
    HashTreeRef ref = tree->share();
    for (uint64_t i = 0; i < 7'990; ++i) {
        ASSERT_TRUE(tree->erase("member" + std::to_string(i), 0));
    }
    EXPECT_EQ(wrong(*tree), "");
    EXPECT_LT(tree->memory(), 1'500u);
    EXPECT_EQ(contents(ref), model);
    HashTree::free(tree);
}

TEST(HashTree, TakesNoMoreWhenLoadedInTheOrderOfAnother) {
    // As a snapshot hands them over.
    Heap heap;
    HashTree* tree = HashTree::make(heap, 5, 0);
    for (uint64_t i = 0; i < 50'000; ++i) tree->put(std::to_string(i), "0123456789", 0, 0);
    HashTree* loaded = HashTree::make(heap, 5, 0);
    tree->scan(0, ~size_t{0}, [&](const TreeEntry& entry) {
        loaded->put(entry.member, entry.value, entry.deadline, 0);
    });
    EXPECT_EQ(wrong(*loaded), "");
    EXPECT_EQ(contents(*loaded), contents(*tree));
    EXPECT_LE(loaded->memory(), tree->memory() / 10 * 11);
    HashTree::free(tree);
    HashTree::free(loaded);
}

}  // namespace
}  // namespace synap
