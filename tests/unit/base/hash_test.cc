#include "core/base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace synap {
namespace {

// Slots of snapshots and cursors of SCAN are stored by these values: they are part of the format.
TEST(Hash, ValuesNeverChange) {
    const HashSecret secret = make_hash_secret(42);
    EXPECT_EQ(hash_key(secret, 0, "key"), hash_key(make_hash_secret(42), 0, "key"));
    EXPECT_EQ(hash_key(secret, 0, ""), 0x52592e21dc969357u);
    EXPECT_EQ(hash_key(secret, 0, "key"), 0x3de91477582061ceu);
    EXPECT_EQ(hash_key(secret, 3, "key"), 0x182d9a469c02e030u);
    EXPECT_EQ(hash_key(secret, 0, std::string(300, 'x')), 0x86e06f9df4d6d4e6u);
}

TEST(Hash, SecretsNamespacesAndKeysEachMatter) {
    std::set<uint64_t> seen;
    for (const uint64_t seed : {0, 1, 2}) {
        const HashSecret secret = make_hash_secret(seed);
        for (uint8_t name_space = 0; name_space < 17; ++name_space) {
            for (const char* key : {"", "a", "b", "ab", "ba"}) {
                seen.insert(hash_key(secret, name_space, key));
            }
        }
    }
    EXPECT_EQ(seen.size(), 3u * 17 * 5);
}

TEST(Hash, KeysWithZeroBytesDiffer) {
    const HashSecret secret = make_hash_secret(7);
    EXPECT_NE(hash_key(secret, 0, std::string_view("a\0", 2)), hash_key(secret, 0, "a"));
    EXPECT_NE(hash_bytes(std::string_view("\0", 1)), hash_bytes(std::string_view("\0\0", 2)));
}

// The top bits choose the slot; consecutive keys, and one key in all namespaces, must spread.
TEST(Hash, TopBitsSpread) {
    constexpr size_t kSlots = 1024;
    constexpr size_t kKeys = 64 * kSlots;
    const HashSecret secret = make_hash_secret(99);
    std::vector<size_t> keys_of(kSlots);
    for (size_t i = 0; i < kKeys; ++i) {
        ++keys_of[hash_key(secret, 0, "key:" + std::to_string(i)) >> 54];
    }
    for (const size_t keys : keys_of) {
        EXPECT_GT(keys, 20u);
        EXPECT_LT(keys, 120u);
    }
    std::set<uint64_t> slots_of_one_key;
    for (uint8_t name_space = 0; name_space < 16; ++name_space) {
        slots_of_one_key.insert(hash_key(secret, name_space, "key") >> 54);
    }
    EXPECT_GT(slots_of_one_key.size(), 12u);
}

}  // namespace
}  // namespace synap
