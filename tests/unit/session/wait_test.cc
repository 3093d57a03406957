#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class Wait : public SessionTest {
protected:
    void on_disk() { open(std::make_shared<SimDisk>()); }

    // The reply of a call that waited, as if its time were over.
    std::string finished(Client& client) {
        Reply reply;
        answer_wait(*engine, client.session.pending_wait(), Code::kTimeout, {}, reply);
        ReplyText text;
        size_t at = 0;
        reply.replay_one(at, text);
        return text.text();
    }
};

TEST_F(Wait, ForReplicas) {
    open();
    Client client(engine);
    EXPECT_EQ(client("WAIT 0 0"), ":0");
    EXPECT_EQ(client("WAIT -1 0"), ":0");
    EXPECT_EQ(client("WAIT 1 100"), "(pending)");
    EXPECT_EQ(client.session.pending_wait().timeout_ms, 100u);
    EXPECT_EQ(finished(client), ":0");
    EXPECT_EQ(client("WAIT x 0"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(client("WAIT 0 x"), "-ERR timeout is not an integer or out of range");
    EXPECT_EQ(client("WAIT 0 -1"), "-ERR timeout is negative");
    EXPECT_EQ(client("WAIT 0 9223372036854775807"), "-ERR timeout is out of range");
}

TEST_F(Wait, ForTheDisk) {
    on_disk();
    Client client(engine);
    client("SET a 1");
    EXPECT_EQ(client("WAITAOF 0 0 0"), "[:0 :0]");
    EXPECT_EQ(client("WAITAOF 1 0 0"), "(pending)");
    EXPECT_EQ(client.session.pending_wait().position, client.session.last_write());
    EXPECT_EQ(finished(client), "[:0 :0]");
    ASSERT_TRUE(engine->log()->sync(client.session.last_write()));
    EXPECT_EQ(finished(client), "[:1 :0]");
    EXPECT_EQ(client("WAITAOF 1 0 0"), "[:1 :0]");
    EXPECT_EQ(client("WAITAOF 0 0 0"), "[:1 :0]");
    EXPECT_EQ(client("WAITAOF 1 1 50"), "(pending)");
    EXPECT_EQ(finished(client), "[:1 :0]");
}

TEST_F(Wait, DiskArguments) {
    open();
    Client client(engine);
    EXPECT_EQ(client("WAITAOF 2 0 0"), "-ERR value is out of range, value must between 0 and 1");
    EXPECT_EQ(client("WAITAOF -1 0 0"), "-ERR value is out of range, value must between 0 and 1");
    EXPECT_EQ(client("WAITAOF x 0 0"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(client("WAITAOF 0 -1 0"), "-ERR value is out of range, must be positive");
    EXPECT_EQ(client("WAITAOF 0 x 0"), "-ERR value is out of range, must be positive");
    EXPECT_EQ(client("WAITAOF 1 0 -5"), "-ERR timeout is negative");
    EXPECT_EQ(client("WAITAOF 1 0 0"),
              "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
    EXPECT_EQ(client("WAITAOF 0 0 0"), "[:0 :0]");
}

class Ending final : public LogWaiter {
public:
    explicit Ending(std::vector<Code>& codes) : codes_(codes) {}
    void complete(Code code, std::string_view) noexcept override { codes_.push_back(code); }

private:
    std::vector<Code>& codes_;
};

// WAITAOF waits for this disk and for replicas: for the first of them alone it does not end.
TEST_F(Wait, OfTwoPartsEndsWithTheSecond) {
    on_disk();
    Client client(engine);
    client("SET a 1");
    std::vector<Code> codes;
    const uint64_t position = client.session.last_write();
    const uint64_t id = engine->waits().new_id();
    engine->waits().start(engine->log(), position, Durability::kDisk, 0, 1,
                          std::make_unique<Ending>(codes), 2, id);
    ASSERT_TRUE(engine->log()->sync(position));
    EXPECT_TRUE(codes.empty());
    engine->waits().reached(id);
    EXPECT_EQ(codes, std::vector<Code>{Code::kOk});
    engine->waits().reached(id);
    engine->waits().end(id, Code::kTimeout, "");
    EXPECT_EQ(codes.size(), 1u);
    const uint64_t late = engine->waits().new_id();
    engine->waits().start(nullptr, position, Durability::kDisk, 0, 1,
                          std::make_unique<Ending>(codes), 2, late);
    engine->waits().reached(late);
    engine->waits().end(late, Code::kTimeout, "");
    EXPECT_EQ(codes.back(), Code::kTimeout);
    EXPECT_EQ(codes.size(), 2u);
}

TEST_F(Wait, NothingWaitsInsideExec) {
    on_disk();
    Client client(engine);
    client("MULTI");
    client("SET a 1");
    client("WAIT 1 0");
    client("WAITAOF 1 0 0");
    EXPECT_EQ(client("EXEC"), "[+OK :0 [:1 :0]]");  // of writes before the transaction
}

TEST_F(Wait, SessionDurability) {
    on_disk();
    Client client(engine);
    EXPECT_EQ(client("SYNAP.SESSION"), "{$durability $default $effective-durability $memory}");
    EXPECT_EQ(client("SYNAP.SESSION DURABILITY disk"), "+OK");
    EXPECT_EQ(client("SYNAP.SESSION"), "{$durability $disk $effective-durability $disk}");
    EXPECT_EQ(client("SYNAP.SESSION DURABILITY os"), "+OK");
    EXPECT_EQ(client("SYNAP.SESSION"), "{$durability $os $effective-durability $os}");
    EXPECT_EQ(client("SYNAP.SESSION DURABILITY default"), "+OK");
    client("CONFIG SET appendfsync always");
    EXPECT_EQ(client("SYNAP.SESSION"), "{$durability $default $effective-durability $disk}");
    EXPECT_EQ(client("SYNAP.SESSION DURABILITY memory"), "+OK");
    EXPECT_EQ(client("SYNAP.SESSION"), "{$durability $memory $effective-durability $memory}");
    EXPECT_EQ(client("SYNAP.SESSION DURABILITY"), "-ERR syntax error");
    EXPECT_EQ(client("SYNAP.SESSION DURABILITY foo"), "-ERR syntax error");
}

TEST_F(Wait, SessionDurabilityInMemory) {
    open();
    Client client(engine);
    EXPECT_EQ(client("SYNAP.SESSION DURABILITY memory"), "+OK");
    EXPECT_EQ(client("SYNAP.SESSION DURABILITY disk"),
              "-ERR this store is in memory only: no write can be more durable");
}

TEST_F(Wait, Token) {
    on_disk();
    Client client(engine);
    const std::string epoch = ":" + std::to_string(engine->epoch_word());
    EXPECT_EQ(engine->epoch_word() >> 32, 1u);
    EXPECT_EQ(client("SYNAP.TOKEN"), "[" + epoch + " :0]");
    client("SET a 1");
    EXPECT_EQ(client("SYNAP.TOKEN"),
              "[" + epoch + " :" + std::to_string(engine->log()->appended()) + "]");
}

}  // namespace
}  // namespace synap
