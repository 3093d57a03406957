// What WATCH costs grows with the number of keys, not with its square: other clients wait for the
// slots meanwhile.
#include <algorithm>
#include <ctime>

#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class WatchCost : public SessionTest {
protected:
    // Of WATCH and UNWATCH of so many keys, by the thread's own clock; the least of three.
    double seconds_of(size_t keys) {
        Client client(engine);
        std::vector<std::string> words{"WATCH"};
        for (size_t i = 0; i < keys; ++i) words.push_back("key:" + std::to_string(i));
        double least = 1e9;
        for (int turn = 0; turn < 3; ++turn) {
            timespec began{};
            timespec ended{};
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &began);
            EXPECT_EQ(client.call(words), "+OK");
            EXPECT_EQ(client("UNWATCH"), "+OK");
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ended);
            least = std::min(least, static_cast<double>(ended.tv_sec - began.tv_sec) +
                                        static_cast<double>(ended.tv_nsec - began.tv_nsec) / 1e9);
        }
        return least;
    }
};

// Sixteen times as many keys: 256 times the work where each is compared with all before it.
TEST_F(WatchCost, GrowsWithTheNumberOfKeys) {
    open();
    const double few = seconds_of(2'000);
    const double many = seconds_of(32'000);
    EXPECT_LT(many, few * 80) << few << " s and " << many << " s";
}

}  // namespace
}  // namespace synap
