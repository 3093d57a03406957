#include "core/base/heap.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <map>
#include <thread>
#include <vector>

#include "core/base/heap_size.h"
#include "core/platform/entropy.h"

namespace synap {
namespace {

struct Piece {
    char* at;
    size_t size;
    char fill;
};

// Under the address sanitizer blocks come from malloc unless told otherwise.
struct TestedHeap : Heap {
    TestedHeap() : Heap(kBlockBytesMax) {}

    Piece make(size_t size, unsigned stripe, char fill) {
        char* at = static_cast<char*>(allocate(size, stripe));
        if (at != nullptr) std::memset(at, fill, size);
        return {at, size, fill};
    }
    void release(const Piece& block) {
        for (size_t i = 0; i < block.size; ++i) {
            ASSERT_EQ(block.at[i], block.fill) << "byte " << i << " of " << block.size;
        }
        free(block.at, block.size);
    }
};

TEST(Heap, BlocksOfAllSizesKeepWhatTheyHold) {
    const uint64_t seed = 20261125;
    RecordProperty("seed", std::to_string(seed));
    SmallRandom random(seed);
    TestedHeap heap;
    std::vector<Piece> blocks;
    for (int step = 0; step < 200'000; ++step) {
        if (blocks.size() < 5'000 && random.below(5) < 3) {
            const size_t size = heap_size(1 + random.below(Heap::kBlockBytesMax + 500));
            const auto stripe = static_cast<unsigned>(random.below(64));
            blocks.push_back(heap.make(size, stripe, static_cast<char>(step)));
            ASSERT_NE(blocks.back().at, nullptr);
            ASSERT_EQ(reinterpret_cast<uintptr_t>(blocks.back().at) % 16, 0u);
        } else if (!blocks.empty()) {
            const size_t victim = random.below(blocks.size());
            heap.release(blocks[victim]);
            blocks[victim] = blocks.back();
            blocks.pop_back();
        }
    }
    for (const Piece& block : blocks) heap.release(block);
}

TEST(Heap, BlocksStandSideBySide) {
    TestedHeap heap;
    std::map<uintptr_t, size_t> taken;
    std::vector<Piece> blocks;
    for (size_t size = 16; size <= Heap::kBlockBytesMax; size = heap_size(size + 1)) {
        for (int i = 0; i < 3'000; ++i) {
            blocks.push_back(heap.make(size, 7, 'x'));
            taken[reinterpret_cast<uintptr_t>(blocks.back().at)] = size;
        }
    }
    ASSERT_EQ(taken.size(), blocks.size());
    uintptr_t end = 0;
    size_t bytes = 0;
    for (const auto& [at, size] : taken) {
        EXPECT_GE(at, end);
        end = at + size;
        bytes += size;
    }
    EXPECT_LT(heap.mapped_bytes(), bytes + bytes / 20 + Heap::kRegionBytes);
    for (const Piece& block : blocks) heap.release(block);
}

TEST(Heap, WhatIsFreedGoesBackToTheKernel) {
    const uint64_t seed = 20261126;
    RecordProperty("seed", std::to_string(seed));
    SmallRandom random(seed);
    TestedHeap heap;
    for (int round = 0; round < 3; ++round) {
        std::vector<Piece> blocks;
        for (unsigned i = 0; i < 200'000; ++i) {
            const size_t size = heap_size(32 + random.below(400));
            blocks.push_back(heap.make(size, i % 64, 'x'));
        }
        EXPECT_GT(heap.mapped_bytes(), size_t{36} << 20);
        while (!blocks.empty()) {
            std::swap(blocks[random.below(blocks.size())], blocks.back());
            heap.release(blocks.back());
            blocks.pop_back();
        }
        EXPECT_LE(heap.mapped_bytes(), Heap::kRegionBytes);
    }
}

TEST(Heap, FreedBlocksAreUsedAgain) {
    TestedHeap heap;
    std::vector<Piece> blocks;
    for (int i = 0; i < 100'000; ++i) blocks.push_back(heap.make(112, 0, 'x'));
    const size_t mapped = heap.mapped_bytes();
    for (int round = 0; round < 10; ++round) {
        for (size_t i = 0; i < blocks.size(); i += 2) heap.release(blocks[i]);
        for (size_t i = 0; i < blocks.size(); i += 2) blocks[i] = heap.make(112, 0, 'y');
    }
    EXPECT_EQ(heap.mapped_bytes(), mapped);
    for (const Piece& block : blocks) heap.release(block);
}

// Each thread frees what the other made, while both make more.
TEST(Heap, ThreadsMayFreeEachOthersBlocks) {
    constexpr int kRounds = 20'000;
    TestedHeap heap;
    std::vector<std::atomic<char*>> mailbox(64);
    const auto work = [&](unsigned stripe) {
        SmallRandom random(stripe + 1);
        for (int i = 0; i < kRounds; ++i) {
            auto* mine = static_cast<char*>(heap.allocate(64, stripe));
            ASSERT_NE(mine, nullptr);
            std::memset(mine, static_cast<int>(stripe), 64);
            char* other = mailbox[random.below(mailbox.size())].exchange(mine);
            if (other == nullptr) continue;
            for (int k = 1; k < 64; ++k) ASSERT_EQ(other[k], other[0]);
            heap.free(other, 64);
        }
    };
    std::thread a(work, 3);
    std::thread b(work, 4);
    a.join();
    b.join();
    for (auto& slot : mailbox) heap.free(slot.load(), 64);
    EXPECT_LE(heap.mapped_bytes(), Heap::kRegionBytes);
}

}  // namespace
}  // namespace synap
