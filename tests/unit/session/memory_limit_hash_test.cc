// The limit on memory where most of the data is one large hash: what is on its way out, and what
// somebody else still holds, costs no other key its place.
#include <string>
#include <vector>

#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

constexpr size_t kMegabyte = 1'000'000;
constexpr size_t kKeys = 4'000;
constexpr size_t kKeyBytes = 10'000;
constexpr size_t kHashBytes = 60 * kMegabyte;

// Keys of 10 kB beside a hash of 60 MB that nobody has asked for since, and a limit that the hash
// alone is beyond: of 64 keys that are looked at for a victim it is the first to go.
class MemoryLimitHash : public SessionTest {
protected:
    void fill(Client& client) {
        constexpr size_t kFieldsAtOnce = 1'000;
        const std::string value(80, 'v');
        for (size_t i = 0; hash_bytes() < kHashBytes; i += kFieldsAtOnce) {
            std::vector<std::string> call{"HSET", "cold"};
            for (size_t j = i; j < i + kFieldsAtOnce; ++j) {
                call.push_back("field:" + std::to_string(j));
                call.push_back(value);
            }
            ASSERT_EQ(client.call(call), ":1000");
            fields += kFieldsAtOnce;
        }
        clock.advance_ms(100'000);
        engine->maintain();
        for (size_t i = 0; i < kKeys; ++i) {
            client.call({"SET", "k" + std::to_string(i), std::string(kKeyBytes, 'x')});
        }
        client("CONFIG SET maxmemory-policy allkeys-lru");
        client("CONFIG SET maxmemory-samples 64");
        client("CONFIG SET maxmemory " + std::to_string(engine->used_memory() - 20 * kMegabyte));
    }
    size_t hash_bytes() {
        const HashTree* tree = cold().tree();
        return tree == nullptr ? 0 : tree->memory();
    }
    HashRef cold() {
        Keyspace& keyspace = engine->keyspace();
        return HashRef(keyspace.find(keyspace.key(0, "cold")));
    }
    // The hash goes, and of the others those that were chosen before it was looked at.
    void expect_hash_and_few_others_go(Client& client) {
        EXPECT_EQ(client.call({"SET", "large", std::string(kMegabyte, 'x')}), "+OK");
        engine->maintain();
        EXPECT_EQ(client("EXISTS cold large"), ":1");
        EXPECT_GT(std::stoul(client("DBSIZE").substr(1)), kKeys - 500);
        const uint64_t left = std::stoul(client("DBSIZE").substr(1));
        // Nor does anything go while the hash is freed, however slowly.
        for (int i = 0; i < 20; ++i) {
            EXPECT_EQ(client.call({"SET", "k0", std::string(kKeyBytes, 'y')}), "+OK");
            engine->maintain();
        }
        EXPECT_GE(std::stoul(client("DBSIZE").substr(1)), left);
    }

    size_t fields = 0;
};

TEST_F(MemoryLimitHash, WhatIsBeingFreedEvictsNobody) {
    open();
    Client client(engine);
    fill(client);
    expect_hash_and_few_others_go(client);
    while (engine->free_some()) {
    }
    EXPECT_LT(engine->used_memory(), 50 * kMegabyte);
}

TEST_F(MemoryLimitHash, WhatASnapshotHoldsEvictsNobody) {
    open();
    Client client(engine);
    fill(client);
    HashTreeRef held = cold().tree()->share();
    expect_hash_and_few_others_go(client);
    EXPECT_EQ(held.count(), fields);
    TreeEntry entry;
    EXPECT_TRUE(held.find("field:7", entry));
}

// As a snapshot holds a hash that is written to meanwhile: what writing has cost goes with the
// snapshot, not with other keys.
TEST_F(MemoryLimitHash, AHashThatIsWrittenWhileASnapshotHoldsItGoesToo) {
    open();
    Client client(engine);
    fill(client);
    HashTreeRef held = cold().tree()->share();
    client("CONFIG SET maxmemory 0");
    for (size_t i = 0; i < fields; i += 20) {
        client("HSET cold field:" + std::to_string(i) + " w");
    }
    clock.advance_ms(100'000);
    engine->maintain();
    for (size_t i = 0; i < kKeys; ++i) client("TOUCH k" + std::to_string(i));
    client("CONFIG SET maxmemory " + std::to_string(engine->used_memory() - 20 * kMegabyte));
    expect_hash_and_few_others_go(client);
    EXPECT_EQ(held.count(), fields);
}

TEST_F(MemoryLimitHash, TheCopyOfAHashIsAKeyOfItsOwn) {
    open();
    Client client(engine);
    fill(client);
    client("CONFIG SET maxmemory 0");
    EXPECT_EQ(client("COPY cold copy"), ":1");
    EXPECT_EQ(client("UNLINK cold"), ":1");
    EXPECT_EQ(client("RENAME copy cold"), "+OK");
    clock.advance_ms(100'000);
    engine->maintain();
    for (size_t i = 0; i < kKeys; ++i) client("TOUCH k" + std::to_string(i));
    client("CONFIG SET maxmemory " + std::to_string(engine->used_memory() - 20 * kMegabyte));
    expect_hash_and_few_others_go(client);
}

}  // namespace
}  // namespace synap
