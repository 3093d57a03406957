// Shares, copies and freeing: what is held stays as it was, on any thread, and goes in steps.
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/unit/types/tree_fixture.h"

namespace synap {
namespace {

HashTree* filled(Heap& heap, uint64_t count, size_t value_size) {
    HashTree* tree = HashTree::make(heap, 3, 0);
    const std::string value(value_size, 'v');
    for (uint64_t i = 0; i < count; ++i) tree->put("member" + std::to_string(i), value, 0, 0);
    return tree;
}

TEST(HashTreeShare, CopiesOnlyWhatChanges) {
    Heap heap;
    HashTree* tree = filled(heap, 20'000, 10);
    const size_t before = tree->memory();
    HashTreeRef ref = tree->share();
    EXPECT_EQ(heap.shared_bytes(), 0);
    EXPECT_EQ(heap.superseded_bytes(), 0);
    ASSERT_FALSE(tree->put("member1", "0123456789", 0, 0));
    EXPECT_LE(tree->memory(), before);  // a copied node has no room to spare
    EXPECT_GT(tree->memory() + 1'000, before);
    // A leaf and the nodes above it.
    EXPECT_GT(heap.shared_bytes(), 0);
    EXPECT_LT(heap.shared_bytes(), 6'000);
    const int64_t shared = heap.shared_bytes();
    EXPECT_EQ(heap.superseded_bytes(), shared);
    ASSERT_FALSE(tree->put("member1", "9876543210", 0, 0));
    EXPECT_EQ(heap.shared_bytes(), shared);
    EXPECT_FALSE(tree->erase("absent", 0));
    EXPECT_FALSE(tree->set_deadline("absent", 1, 0));
    EXPECT_TRUE(tree->set_deadline("member2", 0, 0));  // has none
    EXPECT_EQ(heap.shared_bytes(), shared);
    TreeEntry entry;
    ASSERT_TRUE(ref.find("member1", entry));
    EXPECT_EQ(entry.value, "vvvvvvvvvv");
    ref = {};
    EXPECT_EQ(heap.shared_bytes(), 0);
    EXPECT_EQ(heap.superseded_bytes(), 0);
    EXPECT_EQ(wrong(*tree), "");
    HashTree::free(tree);
}

TEST(HashTreeShare, OutlivesItsTree) {
    Heap heap;
    HashTree* tree = filled(heap, 5'000, 10);
    const size_t nodes = tree->memory();
    HashTreeRef ref = tree->share();
    HashTree* copy = tree->copy(0);
    HashTree::free(tree);
    EXPECT_EQ(contents(ref).size(), 5'000u);
    HashTree::free(copy);
    EXPECT_GT(heap.shared_bytes(), static_cast<int64_t>(nodes) - 1'000);
    EXPECT_EQ(heap.superseded_bytes(), 0);  // nobody wrote
    EXPECT_EQ(contents(ref).size(), 5'000u);
    const HashTreeRef moved = std::move(ref);
    EXPECT_EQ(contents(moved).size(), 5'000u);
    EXPECT_EQ(ref.count(), 0u);
    EXPECT_EQ(contents(ref).size(), 0u);
}

TEST(HashTreeShare, CopiesGoTheirOwnWays) {
    Heap heap;
    HashTree* tree = filled(heap, 3'000, 600);  // blobs
    HashTree* copy = tree->copy(0);
    EXPECT_EQ(copy->memory(), tree->memory());
    for (uint64_t i = 0; i < 3'000; ++i) {
        ASSERT_TRUE((i % 2 == 0 ? tree : copy)->erase("member" + std::to_string(i), 0));
    }
    EXPECT_EQ(wrong(*tree), "");
    EXPECT_EQ(wrong(*copy), "");
    EXPECT_EQ(heap.superseded_bytes(), 0);  // what one has replaced is the other's alone
    for (uint64_t i = 0; i < 3'000; ++i) {
        TreeEntry entry;
        const std::string member = "member" + std::to_string(i);
        ASSERT_EQ(tree->find(member, entry), i % 2 == 1);
        ASSERT_EQ(copy->find(member, entry), i % 2 == 0);
        ASSERT_EQ(entry.value, std::string(600, 'v'));
    }
    HashTree::free(tree);
    HashTree::free(copy);
    EXPECT_EQ(heap.shared_bytes(), 0);
    EXPECT_EQ(heap.superseded_bytes(), 0);
}

TEST(HashTreeShare, IsFreedInSteps) {
    constexpr uint64_t kCount = 50'000;
    constexpr size_t kBudget = 500;
    for (const bool by_reference : {false, true}) {
        Heap heap;
        HashTree* tree = filled(heap, kCount, 10);
        HashTreeRef ref;
        if (by_reference) {
            ref = tree->share();
            size_t budget = 1'000;  // only the root is let go
            ASSERT_TRUE(tree->free_some(budget));
            ASSERT_GT(budget, 900u);
        }
        uint64_t steps = 1;
        size_t before = by_reference ? 0 : tree->memory();
        for (;; ++steps) {
            size_t budget = kBudget;
            if (by_reference ? ref.free_some(budget) : tree->free_some(budget)) break;
            ASSERT_EQ(budget, 0u);
            if (by_reference) continue;
            ASSERT_LT(tree->memory(), before);
            before = tree->memory();
        }
        EXPECT_GE(steps, kCount / (kBudget + 200));
        EXPECT_LE(steps, kCount / kBudget + 10);
        EXPECT_EQ(heap.shared_bytes(), 0);
        EXPECT_EQ(heap.superseded_bytes(), 0);
    }
}

TEST(HashTreeShare, AReferenceHalfFreedEndsWithItsScope) {
    Heap heap;
    HashTree* tree = filled(heap, 10'000, 10);
    HashTreeRef ref = tree->share();
    HashTree::free(tree);
    size_t budget = 100;
    ASSERT_FALSE(ref.free_some(budget));
    const HashTreeRef moved = std::move(ref);
    EXPECT_EQ(moved.count(), 0u);
}

// One writes; others take shares under its lock, read them and let them go without it.
TEST(HashTreeShare, IsReadWhileItsTreeChanges) {
    const uint64_t seed = 20261127;
    RecordProperty("seed", std::to_string(seed));
    constexpr uint64_t kMembers = 500;
    constexpr int kRounds = 40;
    Heap heap;
    std::mutex slot;
    HashTree* tree = HashTree::make(heap, seed, 0);
    // Every member has the value of its round: a share shows two of them at most.
    const auto write_round = [&](int round, unsigned stripe) {
        for (uint64_t i = 0; i < kMembers; ++i) {
            const std::lock_guard<std::mutex> guard(slot);
            const std::string member = "member" + std::to_string(i);
            if (round % 3 == 2 && i % 3 == 0) {
                tree->erase(member, stripe);
            } else {
                tree->put(member, std::to_string(round), round, stripe);
            }
        }
    };
    write_round(0, 0);
    std::atomic<bool> stop{false};
    std::atomic<uint64_t> read{0};
    const auto reader = [&](uint64_t number) {
        SmallRandom random(seed + number);
        while (!stop.load()) {
            HashTreeRef ref;
            {
                const std::lock_guard<std::mutex> guard(slot);
                ref = tree->share();
            }
            int lowest = kRounds;
            int highest = 0;
            uint64_t entries = 0;
            TreeEntry entry;
            for (HashTreeRef::Cursor cursor = ref.begin(); cursor.next(entry); ++entries) {
                const int round = std::stoi(std::string(entry.value));
                lowest = std::min(lowest, round);
                highest = std::max(highest, round);
            }
            EXPECT_EQ(entries, ref.count());
            EXPECT_LE(highest - lowest, 2);
            ++read;
            if (random.below(2) == 0) continue;
            size_t budget = 0;
            do {
                budget = 100;
            } while (!ref.free_some(budget));
        }
    };
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 3; ++i) threads.emplace_back(reader, i);
    for (int round = 1; round < kRounds || read.load() < 20; ++round) {
        write_round(std::min(round, kRounds), 1);
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong(*tree), "");
    HashTree::free(tree);
    EXPECT_EQ(heap.shared_bytes(), 0);
    EXPECT_EQ(heap.superseded_bytes(), 0);
}

}  // namespace
}  // namespace synap
