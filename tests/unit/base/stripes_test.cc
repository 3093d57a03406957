#include "core/base/stripes.h"

#include <gtest/gtest.h>

#include <barrier>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace synap {
namespace {

TEST(Stripes, AThreadKeepsItsOwn) {
    StripeOwners owners;
    const unsigned stripe = owners.mine();
    EXPECT_LT(stripe, kSharedStripe);
    EXPECT_EQ(owners.mine(), stripe);
}

TEST(Stripes, OneThreadOwnsAStripeAndTheRestShareOne) {
    constexpr int kThreads = 80;  // more than there are stripes
    StripeOwners owners;
    std::mutex mutex;
    std::map<unsigned, int> threads_of;
    std::barrier all_are_there(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            const unsigned stripe = owners.mine();
            {
                const std::lock_guard<std::mutex> guard(mutex);
                ++threads_of[stripe];
            }
            all_are_there.arrive_and_wait();  // or a later thread could take an identity over
        });
    }
    for (auto& thread : threads) thread.join();
    for (const auto& [stripe, count] : threads_of) {
        ASSERT_LE(stripe, kSharedStripe);
        EXPECT_TRUE(count == 1 || stripe == kSharedStripe) << "stripe " << stripe;
    }
    EXPECT_GE(threads_of[kSharedStripe], kThreads - static_cast<int>(limits::kStripes));
}

TEST(Stripes, NothingIsLostWhicheverStripeAThreadHas) {
    constexpr int kThreads = 80;
    constexpr uint64_t kAdditions = 10'000;
    StripeOwners owners;
    std::atomic<uint64_t> stripes[kAllStripes]{};
    std::barrier all_are_there(kThreads);
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&] {
            all_are_there.arrive_and_wait();
            for (uint64_t n = 0; n < kAdditions; ++n) {
                const unsigned stripe = owners.mine();
                add_to_stripe(stripes[stripe], uint64_t{1}, stripe);
            }
            all_are_there.arrive_and_wait();
        });
    }
    for (auto& thread : threads) thread.join();
    uint64_t sum = 0;
    for (const auto& stripe : stripes) sum += stripe.load();
    EXPECT_EQ(sum, kThreads * kAdditions);
}

}  // namespace
}  // namespace synap
