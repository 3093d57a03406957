// The shadow of option debug.shadow: follows by records alone, from wherever it begins, and says
// where it differs first.
#include "core/platform/sim_disk.h"
#include "core/types/hash_body.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class ShadowTest : public SessionTest {
protected:
    void open_store(bool with_shadow = true) {
        Options options;
        options.set_number(OptionId::kShadow, with_shadow ? 1 : 0);
        open(disk, options);
    }

    Effect effect_on(std::string_view key, EffectKind kind) {
        const KeyRef ref = engine->keyspace().key(0, key);
        Effect effect;
        effect.kind = kind;
        effect.key = key;
        effect.hash = ref.hash;
        return effect;
    }
    // Fields [from, from + count) of a hash, in memory and in the log.
    void set_fields(std::string_view key, size_t from, size_t count) {
        std::string bytes;
        for (size_t i = from; i < from + count; ++i) {
            const std::string field = "field" + std::to_string(i);
            hash_body::append(bytes, hash_body::set(field, "value", 0));
        }
        Effect effect = effect_on(key, EffectKind::kEdit);
        effect.type = ValueType::kHash;
        effect.body.argument = count;
        effect.body.bytes = bytes;
        engine->keyspace().apply(effect, 0);
        EffectBuffer record;
        record.add(effect);
        ASSERT_NE(engine->log()->append(record, clock.wall_ms()), 0u);
    }

    const std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
};

TEST_F(ShadowTest, FollowsWhatClientsDo) {
    open_store();
    Client client(engine);
    for (int i = 0; i < 1000; ++i) client("SET key" + std::to_string(i) + " " + std::to_string(i));
    client.call({"SET", "large", std::string(3 << 20, 'x')});
    client("PEXPIRE key1 100");
    client("RENAME key2 key3");
    client("COPY large larger");
    client("MOVE key4 5");
    client("SWAPDB 5 7");
    client("MULTI");
    client("APPEND large more");
    client("DEL key5");
    client("EXEC");
    EXPECT_EQ(engine->difference_from_shadow(), "");
    clock.advance_ms(200);
    engine->maintain();
    EXPECT_EQ(engine->difference_from_shadow(), "");
    client("FLUSHDB");
    EXPECT_EQ(engine->difference_from_shadow(), "");
}

TEST_F(ShadowTest, FollowsHashesOfAnySizeAndBeginsWithThem) {
    open_store();
    set_fields("small", 0, 5);
    set_fields("large", 0, 20'000);
    set_fields("large", 10'000, 20'000);
    EXPECT_EQ(engine->difference_from_shadow(), "");
    ASSERT_TRUE(engine->snapshots().take());
    set_fields("large", 50'000, 100);
    ASSERT_TRUE(engine->close());
    open_store();
    EXPECT_EQ(engine->difference_from_shadow(), "");
    set_fields("large", 0, 100'000);
    EXPECT_EQ(engine->difference_from_shadow(), "");
}

TEST_F(ShadowTest, SaysWhereItDiffersFirst) {
    open_store();
    Client client(engine);
    client("MSET a 1 b 2 c 3");
    for (const char* key : {"c", "b"}) {  // not logged
        engine->keyspace().apply(effect_on(key, EffectKind::kDelete), 0);
        EXPECT_EQ(engine->difference_from_shadow(),
                  "namespace 0, key '" + std::string(key) + "' is in the shadow only");
    }
    Effect effect = effect_on("a", EffectKind::kDeadline);
    effect.expires_at = clock.wall_ms() + 1000;
    engine->keyspace().apply(effect, 0);
    EXPECT_EQ(engine->difference_from_shadow(), "namespace 0, key 'a' differs in the shadow");
    engine->keyspace().set_name_space_of(3, 4);
    EXPECT_EQ(engine->difference_from_shadow(),
              "database 3 stands for namespace 4, in the shadow for 3");
}

TEST_F(ShadowTest, IsThereOnlyWhereItWasAskedFor) {
    open_store(false);
    EXPECT_EQ(engine->difference_from_shadow(), "there is no shadow");
}

}  // namespace
}  // namespace synap
