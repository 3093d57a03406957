// Rounds of I/O threads over whose client is to be cut.
#include "server/net/client_memory.h"

#include <gtest/gtest.h>

#include <new>
#include <string>
#include <utility>

namespace synap::server {
namespace {

// Threads that write down who was asked.
struct Threads {
    explicit Threads(size_t limit) : memory(limit) {
        for (const char name : {'a', 'b', 'c'}) {
            memory.add_thread([this, name] { asked += name; });
        }
    }
    std::string take() { return std::exchange(asked, {}); }

    ClientMemory memory;
    std::string asked;
};

// Fault case 9.
TEST(ClientMemory, TheThreadWithTheLargestClientCutsIt) {
    Threads threads(1'000);
    ClientMemory& memory = threads.memory;
    memory.changed(600);
    EXPECT_TRUE(memory.is_short());
    EXPECT_EQ(threads.take(), "");
    memory.changed(500);
    EXPECT_EQ(threads.take(), "abc");
    memory.changed(10);
    EXPECT_EQ(threads.take(), "") << "a round is under way";
    EXPECT_FALSE(memory.report(2, 300));
    EXPECT_FALSE(memory.report(2, 900)) << "one report of each";
    EXPECT_FALSE(memory.report(0, 500));
    EXPECT_FALSE(memory.report(1, 200));
    EXPECT_EQ(threads.take(), "a");
    EXPECT_FALSE(memory.report(1, 200));
    EXPECT_TRUE(memory.report(0, 500));
    memory.changed(-500);
    memory.was_cut();
    EXPECT_EQ(threads.take(), "") << "it is enough";
    EXPECT_EQ(memory.total(), 610U);
}

TEST(ClientMemory, GoesOnUntilItIsEnough) {
    Threads threads(1'000);
    ClientMemory& memory = threads.memory;
    memory.changed(5'000);
    EXPECT_EQ(threads.take(), "abc");
    EXPECT_FALSE(memory.report(0, 1));
    EXPECT_FALSE(memory.report(1, 1));
    EXPECT_TRUE(memory.report(2, 2'500)) << "the last to report has the largest itself";
    memory.changed(-2'500);
    memory.was_cut();
    EXPECT_EQ(threads.take(), "abc");
}

TEST(ClientMemory, NobodyIsCutWhenTheLimitHoldsAgain) {
    Threads threads(1'000);
    ClientMemory& memory = threads.memory;
    memory.changed(1'100);
    memory.changed(-200);
    for (const size_t thread : {0, 1, 2}) {
        EXPECT_FALSE(memory.report(thread, 300));
    }
    threads.take();
    memory.changed(200);
    EXPECT_EQ(threads.take(), "abc");
}

TEST(ClientMemory, WithoutALimitThereAreNoRounds) {
    Threads threads(0);
    threads.memory.changed(1L << 40);
    EXPECT_EQ(threads.take(), "");
    EXPECT_FALSE(threads.memory.is_short());
}

TEST(ClientMemory, AThreadThatCannotBeAskedEndsTheRound) {
    ClientMemory memory(1'000);
    int asked = 0;
    memory.add_thread([&] {
        if (++asked == 1) throw std::bad_alloc();
    });
    memory.changed(2'000);
    memory.changed(1);
    EXPECT_EQ(asked, 2);
    EXPECT_TRUE(memory.report(0, 2'001));
}

}  // namespace
}  // namespace synap::server
