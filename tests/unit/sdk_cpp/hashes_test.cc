// Typed methods of hashes.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <synap/synap.hpp>

namespace synap {
namespace {

using namespace std::chrono_literals;

class SdkHashes : public testing::Test {
protected:
    Store store_ = Store::open(":memory:");
    Session session_ = Session::open(store_);
};

TEST_F(SdkHashes, TakeFieldsInBracesAndAsRanges) {
    EXPECT_EQ(session_.hset("h", {{"a", 1}, {"b", "two"}}), 2);
    const std::map<std::string, std::string> more{{"a", "5"}, {"c", "3"}};
    EXPECT_EQ(session_.hset("h", more), 1);
    EXPECT_EQ(session_.hget("h", "a"), "5");
    const std::vector<std::string> names{"a", "z"};
    const std::vector<std::optional<std::string>> expected{"5", std::nullopt};
    EXPECT_EQ(session_.hmget("h", names), expected);
    EXPECT_EQ(session_.hmget("h", {"a", "z"}), expected);
    const auto all = session_.hgetall("h");
    EXPECT_EQ(all.size(), 3U);
    EXPECT_EQ(all.at("b"), "two");
    EXPECT_EQ(session_.hdel("h", {"a", "z"}), 1);
    EXPECT_EQ(session_.hlen("h"), 2);
}

TEST_F(SdkHashes, GiveRandomFieldsAndPages) {
    EXPECT_EQ(session_.hrandfield("h"), std::nullopt);
    session_.hset("h", {{"b", 2}});
    EXPECT_EQ(session_.hrandfield("h"), "b");
    EXPECT_EQ(session_.hrandfield_count("h", -2), (std::vector<std::string>{"b", "b"}));
    const std::vector<std::pair<std::string, std::string>> pairs{{"b", "2"}};
    EXPECT_EQ(session_.hrandfield_withvalues("h", 3), pairs);
    EXPECT_EQ(session_.hscan("h").fields, pairs);
    EXPECT_EQ(session_.hscan("h", 0, {.match = "x*"}).fields.size(), 0U);
    EXPECT_EQ(session_.hscan_novalues("h").keys, (std::vector<std::string>{"b"}));
}

TEST_F(SdkHashes, GiveFieldsDeadlines) {
    session_.hset("h", {{"a", 1}, {"b", 2}});
    EXPECT_EQ(session_.hexpire("h", 100s, {"a", "z"}), (std::vector<int64_t>{1, -2}));
    EXPECT_EQ(session_.hexpire("h", 50s, {"a"}, {.gt = true}), (std::vector<int64_t>{0}));
    EXPECT_GT(session_.httl("h", {"a"}).at(0), 90);
    EXPECT_EQ(session_.hpersist("h", {"a"}), (std::vector<int64_t>{1}));
    EXPECT_EQ(session_.hgetex("h", {"a"}, {.ex = 60s}),
              (std::vector<std::optional<std::string>>{"1"}));
    EXPECT_TRUE(session_.hsetex("h", {{"c", 3}}, {.px = 60'000ms}));
    EXPECT_FALSE(session_.hsetex("h", {{"c", 4}}, {.fnx = true}));
    EXPECT_GT(session_.hpttl("h", {"c"}).at(0), 0);
    EXPECT_EQ(session_.hgetdel("h", {"a", "b", "c"}).size(), 3U);
    EXPECT_EQ(session_.exists("h"), 0);
}

}  // namespace
}  // namespace synap
