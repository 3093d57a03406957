// Memory runs out at each allocation in turn: writers throw with no entry changed.
#include "tests/unit/types/failing_malloc.h"
#include "tests/unit/types/tree_fixture.h"

namespace synap {
namespace {

class TreeShortage : public testing::Test {
protected:
    void SetUp() override {
        if (!failing_malloc::works) GTEST_SKIP() << "malloc is the sanitizer's";
        tree_ = HashTree::make(heap_, HashOrder{seed_, ~uint64_t{0}}, 0);
    }
    void TearDown() override {
        if (tree_ != nullptr) HashTree::free(tree_);
        held_ = {};
        EXPECT_EQ(heap_.shared_bytes(), 0);
        EXPECT_EQ(heap_.superseded_bytes(), 0);
    }

    // Runs a change with the first, second ... allocation failing until none does. `change` answers
    // through the model as well.
    template <typename Change>
    void until_it_works(Change&& change) {
        for (uint64_t n = 0;; ++n) {
            bool thrown = false;
            failing_malloc::arm(n);
            try {
                change();
            } catch (const std::bad_alloc&) {
                thrown = true;
            }
            const bool failed = failing_malloc::disarm();
            if (!thrown) return;
            ASSERT_TRUE(failed);
            ASSERT_LT(n, 50u);
            ++refused_;
            ASSERT_EQ(tree_->count(), model_.size());
            ASSERT_EQ(wrong(*tree_), "");
            if (refused_ % 50 == 0) {
                ASSERT_NO_FATAL_FAILURE(compare());
            }
        }
    }
    void compare() {
        ASSERT_EQ(contents(*tree_), model_);
        ASSERT_EQ(tree_->earliest_deadline(), earliest(model_));
    }

    const uint64_t seed_ = 20261127;
    Heap heap_{0};  // everything from malloc
    HashTree* tree_ = nullptr;
    HashTreeRef held_;
    Model model_;
    uint64_t refused_ = 0;
};

TEST_F(TreeShortage, ChangesNothing) {
    RecordProperty("seed", std::to_string(seed_));
    SmallRandom random(seed_);
    for (int i = 0; i < 6'000; ++i) {
        const std::string member = member_of(random.below(600));
        if (random.below(10) == 0) held_ = tree_->share();
        const uint64_t kind = random.below(10);
        const int64_t deadline =
            i > 3'000 && random.below(3) == 0 ? static_cast<int64_t>(random.below(100)) : 0;
        if (kind < (i < 4'000 ? 6u : 3u)) {
            const std::string value = sized(random, some_size(random));
            ASSERT_NO_FATAL_FAILURE(
                until_it_works([&] { tree_->put(member, value, deadline, 0); }));
            model_[member] = {value, deadline};
        } else if (kind < 9) {
            ASSERT_NO_FATAL_FAILURE(until_it_works([&] { tree_->erase(member, 0); }));
            model_.erase(member);
        } else {
            ASSERT_NO_FATAL_FAILURE(
                until_it_works([&] { tree_->set_deadline(member, deadline, 0); }));
            const auto found = model_.find(member);
            if (found != model_.end()) found->second.deadline = deadline;
        }
    }
    ASSERT_NO_FATAL_FAILURE(compare());
    EXPECT_GT(refused_, 1'000u);
}

TEST_F(TreeShortage, CopyAndMakeThrow) {
    tree_->put("a", "1", 0, 0);
    failing_malloc::arm(0);
    EXPECT_THROW(static_cast<void>(tree_->copy(0)), std::bad_alloc);
    EXPECT_THROW(static_cast<void>(HashTree::make(heap_, 1, 0)), std::bad_alloc);
    failing_malloc::disarm();
    EXPECT_EQ(wrong(*tree_), "");
}

}  // namespace
}  // namespace synap
