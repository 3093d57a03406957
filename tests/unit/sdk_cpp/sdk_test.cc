#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <synap/synap.hpp>

namespace synap {
namespace {

class Sdk : public testing::Test {
protected:
    Store store_ = Store::open(":memory:");
};

TEST_F(Sdk, RunsCommandsInThreeWays) {
    Session session = Session::open(store_);
    EXPECT_EQ(session.exec({"SET", "answer", 42}).root().bytes(), "OK");
    EXPECT_EQ(session.exec({"GET", "answer"}).root().text(), "42");
    EXPECT_EQ(session.get("answer"), "42");
    const std::vector<Arg> argv{"INCRBYFLOAT", "answer", 0.5};
    EXPECT_EQ(session.exec(argv).root().bytes(), "42.5");
}

TEST_F(Sdk, TellsNothingFromEmpty) {
    Session session = Session::open(store_);
    session.exec({"SET", "empty", ""});
    const Reply reply = session.exec({"MGET", "empty", "absent"});
    EXPECT_EQ(reply.root().size(), 2U);
    EXPECT_EQ(reply.root()[0].text(), "");
    EXPECT_EQ(reply.root()[1].text(), std::nullopt);
    std::vector<bool> nulls;
    for (const Node value : reply.root()) {
        nulls.push_back(value.is_null());
    }
    EXPECT_EQ(nulls, (std::vector<bool>{false, true}));
}

TEST_F(Sdk, KeepsArgumentsBinarySafe) {
    Session session = Session::open(store_);
    const std::string binary("\0\r\n\xff", 4);
    session.exec({"SET", binary, binary});
    EXPECT_EQ(session.exec({"GET", binary}).root().bytes(), binary);
}

TEST_F(Sdk, GivesErrorsAsValuesOrExceptions) {
    Session session = Session::open(store_);
    const Reply refused = session.exec({"INCR"});
    EXPECT_TRUE(refused.root().is_error());
    EXPECT_THROW(std::ignore = refused.or_throw(), CommandError);
    try {
        session.exec({"SET", "a", "x"});
        session.incr("a");
        FAIL() << "no exception";
    } catch (const CommandError& error) {
        EXPECT_EQ(error.code(), SYNAP_REPLY_ERR);
        EXPECT_EQ(error.message(), "ERR value is not an integer or out of range");
        EXPECT_TRUE(error.not_applied());
    }
    const auto failed = Config().try_set("no.such.option", "1");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().status(), SYNAP_E_INVALID_ARGUMENT);
    EXPECT_THROW(Config().set("no.such.option", "1"), Error);
}

TEST_F(Sdk, RepliesOutliveSessionAndStore) {
    Reply reply;
    {
        Session session = Session::open(store_);
        session.exec({"SET", "a", "kept"});
        reply = session.exec({"GET", "a"});
        store_.close();
        const auto late = session.try_exec({"GET", "a"});
        ASSERT_FALSE(late);
        EXPECT_EQ(late.error().status(), SYNAP_E_SHUTDOWN);
    }
    const Reply copy = reply;
    reply = Reply();
    EXPECT_FALSE(reply);
    EXPECT_EQ(copy.root().bytes(), "kept");
}

TEST_F(Sdk, HandlesMoveAndShare) {
    Store shared = store_;
    Store moved = std::move(shared);
    shared = moved;
    Session first = Session::open(shared);
    Session second = Session::open(moved);
    first.exec({"SET", "a", 1});
    EXPECT_EQ(second.exec({"GET", "a"}).root().text(), "1");
    EXPECT_EQ(moved.state().state, static_cast<uint32_t>(SYNAP_STATE_READY));
}

TEST_F(Sdk, DeliversCompletionsThroughAQueue) {
    Session session = Session::open(store_);
    Events events = Events::open(store_);
    const std::array<Arg, 1> ping{"PING"};
    const Submitted at_once = session.submit(ping, events, 7);
    ASSERT_FALSE(at_once.pending);
    EXPECT_EQ(at_once.reply.root().bytes(), "PONG");
    EXPECT_FALSE(events.wait(0));
    EXPECT_EQ(events.take().size(), 0U);
    // One local fsync that a store in memory can never give: the wait ends by its own limit.
    const std::array<Arg, 4> wait{"WAITAOF", 0, 1, 50};
    const Submitted later = session.submit(wait, events, 8);
    if (later.pending) {
        ASSERT_TRUE(events.wait(10'000));
        EventBatch batch = events.take();
        ASSERT_EQ(batch.size(), 1U);
        EXPECT_EQ(batch.kind(0), static_cast<uint32_t>(SYNAP_EVENT_COMPLETION));
        EXPECT_EQ(batch.tag(0), 8U);
        EXPECT_TRUE(batch.take_reply(0));
    }
}

TEST_F(Sdk, ReadsAndChangesOptions) {
    Config config;
    config.set("persistence.fsync", "never");
    Store store = Store::open(":memory:", config);
    EXPECT_EQ(store.option("persistence.fsync"), "never");
    store.set("persistence.fsync", "always");
    EXPECT_EQ(store.option("persistence.fsync"), "always");
    EXPECT_THROW(store.set("persistence.fsync", "sometimes"), Error);
    store.close();
}

}  // namespace
}  // namespace synap
