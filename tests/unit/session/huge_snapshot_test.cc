// A hash and a slot of more than a GiB each, written, snapshotted and loaded again on a real disk.
// Takes about 6 GiB of memory, as much of disk and half a minute: only with SYNAP_HUGE=1.
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "core/platform/real.h"
#include "core/snapshot/snapshot.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

constexpr uint64_t kGibibyte = 1ull << 30;

class HugeSnapshot : public testing::Test {
protected:
    void SetUp() override {
        if (std::getenv("SYNAP_HUGE") == nullptr) GTEST_SKIP() << "only with SYNAP_HUGE=1";
        std::string pattern = std::filesystem::temp_directory_path() / "synap-huge-XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        path = pattern;
    }
    void TearDown() override {
        if (engine != nullptr) {
            EXPECT_TRUE(engine->close());
        }
        if (!path.empty()) std::filesystem::remove_all(path);
    }
    void open() {
        auto disk = open_real_disk(path.string(), false);
        ASSERT_TRUE(disk);
        Options options;  // no other snapshot comes between
        options.set_number(OptionId::kSnapshotInterval, 0);
        options.set_number(OptionId::kSnapshotLogGrowth, 0);
        auto opened =
            Engine::open({std::move(*disk), &real_clock(), &real_entropy(), true}, options);
        ASSERT_TRUE(opened) << opened.error().message;
        engine = *opened;
    }
    void reopen() {
        ASSERT_TRUE(engine->close());
        engine.reset();
        open();
    }
    void fill_hash(Client& client) {
        constexpr size_t kAtOnce = 1'000;
        std::vector<std::string> call(2 + 2 * kAtOnce, std::string(900, 'v'));
        call[0] = "HSET";
        call[1] = "huge";
        for (uint64_t bytes = 0, number = 0; bytes < kGibibyte + (kGibibyte >> 3);) {
            for (size_t i = 0; i < kAtOnce; ++i, ++number) {
                call[2 + 2 * i] = "field:" + std::to_string(number);
                call[3 + 2 * i].replace(0, call[2 + 2 * i].size(), call[2 + 2 * i]);
                bytes += call[2 + 2 * i].size() + call[3 + 2 * i].size();
            }
            ASSERT_EQ(client.call(call), ":1000");
        }
    }
    // Keys of a megabyte that share a slot with "huge": no hash of its own, but more than a GiB.
    void fill_slot(Client& client) {
        constexpr size_t kKeys = 1'100;
        Keyspace& keyspace = engine->keyspace();
        const uint32_t slot = keyspace.slot_index(keyspace.key(0, "huge").hash) ^ 1;
        std::string value(1 << 20, 'w');
        for (size_t number = 0, stored = 0; stored < kKeys; ++number) {
            const std::string key = "key:" + std::to_string(number);
            if (keyspace.slot_index(keyspace.key(0, key).hash) != slot) continue;
            value.replace(0, key.size(), key);
            ASSERT_EQ(client.call({"SET", key, value}), "+OK");
            ++stored;
        }
    }

    std::filesystem::path path;
    std::shared_ptr<Engine> engine;
};

TEST_F(HugeSnapshot, IsLoadedAsItWas) {
    open();
    std::string fields;
    {
        Client client(engine);
        fill_hash(client);
        fill_slot(client);
        fields = client("HLEN huge");
    }
    const uint64_t digest = engine->keyspace().digest();
    const Status taken = engine->snapshots().take();
    ASSERT_TRUE(taken) << taken.error().message;
    ASSERT_GT(engine->snapshots().state().last_bytes, 2 * kGibibyte);
    reopen();
    EXPECT_EQ(engine->snapshots().state().loaded_keys, 1'101u);
    EXPECT_EQ(engine->keyspace().digest(), digest);
    {
        Client client(engine);
        EXPECT_EQ(client("HLEN huge"), fields);
        EXPECT_EQ(client("HSET huge another 1"), ":1");
        EXPECT_EQ(client("HDEL huge field:0"), ":1");
    }
    const uint64_t changed = engine->keyspace().digest();
    EXPECT_NE(changed, digest);
    reopen();
    EXPECT_EQ(engine->keyspace().digest(), changed);
}

}  // namespace
}  // namespace synap
