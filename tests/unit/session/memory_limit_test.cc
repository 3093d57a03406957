// The limit on memory: who is evicted, when, and what is refused first (fault cases 9 and 15).
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

constexpr size_t kKeys = 400;
constexpr size_t kValueBytes = 10'000;

class MemoryLimit : public SessionTest {
protected:
    void fill(Client& client) {
        for (size_t i = 0; i < kKeys; ++i) {
            client.call({"SET", "k" + std::to_string(i), std::string(kValueBytes, 'x')});
        }
    }
    void limit_to(Client& client, uint64_t bytes, const std::string& policy = "allkeys-lru") {
        EXPECT_EQ(client("CONFIG SET maxmemory-policy " + policy), "+OK");
        EXPECT_EQ(client("CONFIG SET maxmemory " + std::to_string(bytes)), "+OK");
    }
    std::string evicted(Client& client) { return client.info("evicted_keys"); }

    std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>(SimDiskOptions{});
};

TEST_F(MemoryLimit, ALoweredLimitIsMetWithoutAWrite) {  // fault case 15
    open(disk);
    std::string left;
    {
        Client client(engine);
        fill(client);
        const uint64_t limit = engine->used_memory() / 2;
        limit_to(client, limit);
        EXPECT_EQ(client("DBSIZE"), ":400");
        engine->maintain();
        EXPECT_LE(engine->used_memory(), limit);
        left = client("DBSIZE");
        EXPECT_LT(std::stoi(left.substr(1)), 400);
        EXPECT_GT(std::stoi(left.substr(1)), 100);
    }
    ASSERT_TRUE(engine->close());
    open(disk);  // deletes by eviction are logged
    Client client(engine);
    EXPECT_EQ(client("DBSIZE"), left);
}

TEST_F(MemoryLimit, APolicyThatMayEvictIsFollowedWithoutAWrite) {
    open();
    Client client(engine);
    fill(client);
    const uint64_t limit = engine->used_memory() / 2;
    limit_to(client, limit, "noeviction");
    engine->maintain();
    EXPECT_EQ(client("DBSIZE"), ":400");
    EXPECT_EQ(client("CONFIG SET maxmemory-policy volatile-lru"), "+OK");
    engine->maintain();
    EXPECT_EQ(client("DBSIZE"), ":400");  // none may go
    client("EXPIRE k1 1000");
    engine->maintain();
    EXPECT_EQ(client("EXISTS k1"), ":0");
    EXPECT_EQ(client("CONFIG SET maxmemory-policy allkeys-random"), "+OK");
    engine->maintain();
    EXPECT_LE(engine->used_memory(), limit);
}

TEST_F(MemoryLimit, WhatReadersHoldEvictsNothing) {  // fault case 9
    open();
    Client client(engine);
    fill(client);
    const uint64_t used = engine->used_memory();
    limit_to(client, used + 1'000'000);
    engine->charge_host_memory(static_cast<int64_t>(3 * used));
    EXPECT_GE(engine->used_memory(), 4 * used);  // it is shown
    for (int i = 0; i < 50; ++i) EXPECT_EQ(client("SET small" + std::to_string(i) + " v"), "+OK");
    engine->maintain();
    EXPECT_EQ(client("DBSIZE"), ":450");
    EXPECT_EQ(evicted(client), "0");
    engine->charge_host_memory(-static_cast<int64_t>(3 * used));
}

TEST_F(MemoryLimit, WhatCanNeverFitIsRefusedBeforeAnythingIsEvicted) {  // fault case 9
    open();
    Client client(engine);
    fill(client);
    const uint64_t limit = engine->used_memory() + 1000;
    limit_to(client, limit);
    const std::string oom = "-OOM command not allowed when used memory > 'maxmemory'.";
    const std::string huge(limit, 'x');
    EXPECT_EQ(client.call({"SET", "huge", huge}), oom);
    EXPECT_EQ(client.call({"MSET", "a", huge.substr(limit / 2), "b", huge.substr(limit / 2)}), oom);
    EXPECT_EQ(client.call({"SETRANGE", "k0", std::to_string(limit), "x"}), oom);
    EXPECT_EQ(client.call({"APPEND", "new", huge}), oom);
    client("MULTI");
    EXPECT_EQ(client.call({"SET", "a", huge.substr(limit / 2)}), "+QUEUED");
    EXPECT_EQ(client.call({"SET", "b", huge.substr(limit / 2)}), "+QUEUED");
    EXPECT_EQ(client("EXEC"), "-EXECABORT Transaction discarded because of: " + oom.substr(1));
    engine->maintain();
    EXPECT_EQ(client("DBSIZE"), ":400");
    EXPECT_EQ(evicted(client), "0");
    // What fits once others have gone is taken.
    EXPECT_EQ(client.call({"SET", "large", huge.substr(limit / 2)}), "+OK");
    engine->maintain();
    EXPECT_LE(engine->used_memory(), limit);
}

TEST_F(MemoryLimit, OtherLimitsThatAreLoweredHoldAtOnce) {  // fault case 15
    Options options;
    options.set_number(OptionId::kSnapshotKeep, 3);
    open(disk, options);
    Client client(engine);
    for (int i = 0; i < 10; ++i) engine->slow_log().add({}, 128);
    EXPECT_EQ(client("SLOWLOG LEN"), ":10");
    client("CONFIG SET slowlog-max-len 2");
    EXPECT_EQ(client("SLOWLOG LEN"), ":2");

    for (int i = 0; i < 3; ++i) {
        client("SET k" + std::to_string(i) + " v");
        EXPECT_EQ(client("SAVE"), "+OK");
    }
    EXPECT_EQ(list_snapshots(*disk)->size(), 3u);
    EXPECT_EQ(client("CONFIG SET snapshot.keep 1"), "+OK");
    engine->maintain();
    EXPECT_EQ(list_snapshots(*disk)->size(), 1u);
    ASSERT_TRUE(engine->close());
    open(disk);
    Client again(engine);
    EXPECT_EQ(again("DBSIZE"), ":3");
}

}  // namespace
}  // namespace synap
