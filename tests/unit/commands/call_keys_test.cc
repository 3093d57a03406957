// Keys in the arguments of a call, for every form of key spec that Redis' commands have.
#include "core/commands/call_keys.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace synap {
namespace {

// The keys of "WORD word ..." by these specs, with a blank behind each.
std::string keys_of(std::span<const KeySpec> specs, const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    const std::vector<std::string_view> argv(words.begin(), words.end());
    CommandRecord command{};
    command.key_specs = specs;
    std::string keys;
    each_key(command, argv, [&](size_t place, const KeySpec&) { keys += words[place] + " "; });
    return keys;
}

constexpr KeySpec kSecond[] = {{kKeyRo, 2, 0, 1}};
constexpr KeySpec kAll[] = {{kKeyRm, 1, -1, 1}};
constexpr KeySpec kPairs[] = {{kKeyOw, 1, -1, 2}};
constexpr KeySpec kButLast[] = {{kKeyRw, 1, -2, 1}};
constexpr KeySpec kEval[] = {{kKeyRw, 2, 0, 1, 0, true}};
constexpr KeySpec kUnionStore[] = {{kKeyOw, 1, 0, 1}, {kKeyRo, 2, 0, 1, 0, true}};
constexpr KeySpec kRead[] = {{kKeyRo, 1, -1, 1, 2, false, "STREAMS"}};
constexpr KeySpec kStore[] = {{kKeyRo, 1, 0, 1}, {kKeyOw, 2, 0, 1, 0, false, "STORE"}};
constexpr KeySpec kFromTheEnd[] = {{kKeyRw, -2, -1, 1, 0, false, "KEYS"}};

TEST(CallKeys, StandAtTheirPlaces) {
    EXPECT_EQ(keys_of(kSecond, "OBJECT ENCODING a"), "a ");
    EXPECT_EQ(keys_of(kSecond, "OBJECT ENCODING"), "");
    EXPECT_EQ(keys_of(kAll, "DEL a b a"), "a b a ");
    EXPECT_EQ(keys_of(kPairs, "MSET a 1 b 2"), "a b ");
    EXPECT_EQ(keys_of(kPairs, "MSET a 1 b"), "a b ");
    EXPECT_EQ(keys_of(kButLast, "BLPOP a b 0"), "a b ");
    EXPECT_EQ(keys_of(kButLast, "BLPOP 0"), "");
}

TEST(CallKeys, FollowTheirNumber) {
    EXPECT_EQ(keys_of(kEval, "EVAL script 2 a b c"), "a b ");
    EXPECT_EQ(keys_of(kEval, "EVAL script 3 a b c"), "a b c ");
    for (const char* number :
         {"0", "-1", "4", "x", "9223372036854775807", "99999999999999999999"}) {
        EXPECT_EQ(keys_of(kEval, "EVAL script " + std::string(number) + " a b c"), "") << number;
    }
    EXPECT_EQ(keys_of(kEval, "EVAL script 1"), "");
    EXPECT_EQ(keys_of(kEval, "EVAL script"), "");
    EXPECT_EQ(keys_of(kUnionStore, "ZUNIONSTORE to 2 a b WEIGHTS 1 2"), "to a b ");
    EXPECT_EQ(keys_of(kUnionStore, "ZUNIONSTORE to 5 a b"), "to ");
}

TEST(CallKeys, FollowTheirKeyword) {
    EXPECT_EQ(keys_of(kRead, "XREAD COUNT 1 streams a b 0 0"), "a b ");
    EXPECT_EQ(keys_of(kRead, "XREAD STREAMS STREAMS 0"), "STREAMS ");
    EXPECT_EQ(keys_of(kRead, "XREAD COUNT 1"), "");
    EXPECT_EQ(keys_of(kRead, "XREAD STREAMS"), "");
    EXPECT_EQ(keys_of(kStore, "SORT a LIMIT 0 1 Store b"), "a b ");
    EXPECT_EQ(keys_of(kStore, "SORT STORE"), "STORE ");
    EXPECT_EQ(keys_of(kStore, "SORT a STORE"), "a ");
    EXPECT_EQ(keys_of(kFromTheEnd, "MIGRATE host KEYS a KEYS b c"), "b c ");
    EXPECT_EQ(keys_of(kFromTheEnd, "MIGRATE host port"), "");
}

}  // namespace
}  // namespace synap
