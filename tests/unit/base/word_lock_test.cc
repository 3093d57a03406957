#include "core/base/word_lock.h"

#include <gtest/gtest.h>

#include <thread>

namespace synap {
namespace {

TEST(WordLock, ExcludesThreads) {
    WordLock lock;
    int counter = 0;
    const auto work = [&] {
        for (int i = 0; i < 100'000; ++i) {
            lock.lock();
            ++counter;
            lock.unlock();
        }
    };
    std::thread other(work);
    work();
    other.join();
    EXPECT_EQ(counter, 200'000);
}

}  // namespace
}  // namespace synap
