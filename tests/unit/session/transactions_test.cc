#include <thread>

#include "core/platform/real.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class Transactions : public SessionTest {
protected:
    void SetUp() override { open(); }
};

TEST_F(Transactions, QueueAndExec) {
    Client client(engine);
    EXPECT_EQ(client("MULTI"), "+OK");
    EXPECT_EQ(client("SET a 1"), "+QUEUED");
    EXPECT_EQ(client("INCR a"), "+QUEUED");
    EXPECT_EQ(client("GET missing"), "+QUEUED");
    EXPECT_EQ(client("EXEC"), "[+OK :2 _]");
    EXPECT_EQ(client("GET a"), "$2");
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "[]");
}

TEST_F(Transactions, NothingRunsBeforeExec) {
    Client client(engine);
    Client other(engine);
    client("MULTI");
    client("SET a 1");
    EXPECT_EQ(other("GET a"), "_");
    EXPECT_EQ(client("DISCARD"), "+OK");
    EXPECT_EQ(other("GET a"), "_");
    EXPECT_EQ(client("GET a"), "_");
}

TEST_F(Transactions, WithoutMulti) {
    Client client(engine);
    EXPECT_EQ(client("EXEC"), "-ERR EXEC without MULTI");
    EXPECT_EQ(client("DISCARD"), "-ERR DISCARD without MULTI");
    EXPECT_EQ(client("UNWATCH"), "+OK");
}

TEST_F(Transactions, MultiAndWatchInsideMulti) {
    Client client(engine);
    client("MULTI");
    EXPECT_EQ(client("MULTI"), "-ERR MULTI calls can not be nested");
    EXPECT_EQ(client("WATCH a"), "-ERR WATCH inside MULTI is not allowed");
    client("SET a 1");
    EXPECT_EQ(client("EXEC"), "[+OK]");  // neither spoils it
}

TEST_F(Transactions, ErrorsWhileQueueingAbort) {
    const std::string aborted = "-EXECABORT Transaction discarded because of previous errors.";
    Client client(engine);
    for (const char* line : {"NOSUCH", "GET", "CONFIG nosuch", "SAVE"}) {
        client("MULTI");
        client("SET a 1");
        EXPECT_EQ(client(line)[0], '-') << line;
        client("SET b 1");
        EXPECT_EQ(client("EXEC"), aborted) << line;
        EXPECT_EQ(client("EXISTS a b"), ":0") << line;
    }
    client("MULTI");
    client("NOSUCH");
    EXPECT_EQ(client("DISCARD"), "+OK");
    EXPECT_EQ(client("SET a 1"), "+OK");
}

TEST_F(Transactions, ErrorsInsideExecDoNotAbort) {
    Client client(engine);
    client("SET s text");
    client("MULTI");
    client("SET a 1");
    client("INCR s");
    client("SET b 2");
    EXPECT_EQ(client("EXEC"), "[+OK -ERR value is not an integer or out of range +OK]");
    EXPECT_EQ(client("MGET a b s"), "[$1 $2 $text]");
}

TEST_F(Transactions, QueueIsBounded) {
    Client client(engine);
    client("CONFIG SET limits.transaction_commands 2");
    client("MULTI");
    client("SET a 1");
    client("SET b 1");
    EXPECT_EQ(client("SET c 1"),
              "-ERR the transaction is too large; see limits.transaction_commands");
    EXPECT_EQ(client("EXEC"), "-EXECABORT Transaction discarded because of previous errors.");
}

TEST_F(Transactions, SelectInside) {
    Client client(engine);
    client("MULTI");
    client("SET a zero");
    client("SELECT 1");
    client("SET a one");
    EXPECT_EQ(client("EXEC"), "[+OK +OK +OK]");
    EXPECT_EQ(client.session.database(), 1u);
    EXPECT_EQ(client("GET a"), "$one");
    client("SELECT 0");
    EXPECT_EQ(client("GET a"), "$zero");
}

TEST_F(Transactions, KeyspaceCommandsInside) {
    Client client(engine);
    client("SET a 1");
    client("MULTI");
    client("DBSIZE");
    client("FLUSHALL");
    client("SET b 1");
    client("SWAPDB 0 1");
    client("DBSIZE");
    client("RENAME nosuch x");
    EXPECT_EQ(client("EXEC"), "[:1 +OK +OK +OK :0 -ERR no such key]");
    client("SELECT 1");
    EXPECT_EQ(client("GET b"), "$1");
}

TEST_F(Transactions, OneRecord) {
    engine.reset();
    open(std::make_shared<SimDisk>());
    Client client(engine);
    client("MULTI");
    for (int i = 0; i < 10; ++i) client("SET key" + std::to_string(i) + " v");
    client("EXEC");
    EXPECT_EQ(client.info("synap_log_records"), "1");
    client("MULTI");
    client("GET key1");
    client("EXEC");
    EXPECT_EQ(client.info("synap_log_records"), "1");
}

class Watching : public Transactions {
protected:
    // Whether EXEC of a client that watched `watched` fails after `line` of another client.
    bool spoils(const std::string& line, const std::string& watched = "a") {
        Client watcher(engine);
        Client other(engine);
        EXPECT_EQ(watcher("WATCH " + watched), "+OK");
        const std::string reply = other(line);
        EXPECT_NE(reply[0], '-') << reply;
        watcher("MULTI");
        watcher("PING");
        const std::string outcome = watcher("EXEC");
        EXPECT_TRUE(outcome == "_[]" || outcome == "[+PONG]") << outcome;
        return outcome == "_[]";
    }
};

TEST_F(Watching, ChangesByAnotherSession) {
    Client client(engine);
    client("SET a 1");
    EXPECT_TRUE(spoils("SET a 1"));
    EXPECT_TRUE(spoils("INCR a"));
    EXPECT_TRUE(spoils("APPEND a x"));
    EXPECT_TRUE(spoils("EXPIRE a 100"));
    EXPECT_TRUE(spoils("PERSIST a"));
    EXPECT_TRUE(spoils("RENAME a b"));
    EXPECT_TRUE(spoils("RENAME b a"));
    EXPECT_TRUE(spoils("COPY a c", "c"));
    EXPECT_TRUE(spoils("DEL a"));
    EXPECT_TRUE(spoils("SET a 1"));  // was absent
    EXPECT_TRUE(spoils("FLUSHDB"));
}

TEST_F(Watching, WhatDoesNotSpoil) {
    Client client(engine);
    client("SET a 1");
    EXPECT_FALSE(spoils("GET a"));
    EXPECT_FALSE(spoils("TTL a"));
    EXPECT_FALSE(spoils("TOUCH a"));
    EXPECT_FALSE(spoils("SET b 1"));
    EXPECT_FALSE(spoils("DEL missing", "missing"));
    EXPECT_FALSE(spoils("SET a 2 NX"));
    EXPECT_FALSE(spoils("COPY a c"));
    EXPECT_FALSE(spoils("FLUSHDB", "missing"));
}

TEST_F(Watching, OtherDatabases) {
    Client client(engine);
    client("SELECT 1");
    Client watcher(engine);
    watcher("WATCH a");
    client("SET a 1");
    watcher("MULTI");
    EXPECT_EQ(watcher("EXEC"), "[]");
    watcher("SELECT 1");
    watcher("WATCH a");
    watcher("SELECT 0");
    client("SET a 2");
    watcher("MULTI");
    EXPECT_EQ(watcher("EXEC"), "_[]");
}

TEST_F(Watching, OwnChangesCount) {
    Client client(engine);
    client("WATCH a");
    client("SET a 1");
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "_[]");
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "[]");  // the watch is over
}

TEST_F(Watching, EndsWithExecDiscardAndUnwatch) {
    Client client(engine);
    Client other(engine);
    client("WATCH a b a");
    EXPECT_EQ(client.session.transaction().watched(), 2u);
    client("MULTI");
    client("EXEC");
    EXPECT_EQ(client.session.transaction().watched(), 0u);
    client("WATCH a");
    client("MULTI");
    client("DISCARD");
    other("SET a 1");
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "[]");
    client("WATCH a");
    other("SET a 2");
    EXPECT_EQ(client("UNWATCH"), "+OK");
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "[]");
}

TEST_F(Watching, UnwatchInsideExecChangesNothing) {
    Client client(engine);
    Client other(engine);
    client("WATCH a");
    client("MULTI");
    EXPECT_EQ(client("UNWATCH"), "+QUEUED");
    other("SET a 1");
    EXPECT_EQ(client("EXEC"), "_[]");
}

TEST_F(Watching, AKeyThatExpires) {
    Client client(engine);
    client("SET a 1 PX 100");
    client("WATCH a");
    clock.advance_ms(101);
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "_[]");  // seen by EXEC itself

    client("SET a 1 PX 100");
    client("WATCH a");
    clock.advance_ms(101);
    engine->maintain();  // deleted meanwhile
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "_[]");
}

TEST_F(Watching, AKeyThatWasExpiredAlready) {
    Client client(engine);
    client("SET a 1 PX 100");
    clock.advance_ms(101);
    client("WATCH a");
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "[]");

    client("SET a 1 PX 100");
    clock.advance_ms(101);
    client("WATCH a");
    engine->maintain();  // what was absent for the watcher goes away: no change
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "[]");

    client("SET a 1 PX 100");
    clock.advance_ms(101);
    client("WATCH a");
    engine->maintain();
    client("SET a 2");
    client("MULTI");
    EXPECT_EQ(client("EXEC"), "_[]");
}

TEST_F(Watching, SwapOfDatabases) {
    Client client(engine);
    EXPECT_FALSE(spoils("SWAPDB 0 1"));  // absent in both
    client("SET a 1");
    EXPECT_FALSE(spoils("SWAPDB 2 3"));
    EXPECT_TRUE(spoils("SWAPDB 0 1"));  // present before, absent after
    EXPECT_TRUE(spoils("SWAPDB 1 0"));  // absent before, present after
    Client watcher(engine);
    watcher("WATCH b");
    client("SWAPDB 0 1");
    client("SELECT 1");
    client("SET b 1");  // not the database that is watched
    watcher("MULTI");
    EXPECT_EQ(watcher("EXEC"), "[]");
    watcher("WATCH b");
    client("SELECT 0");
    client("SET b 1");
    watcher("MULTI");
    EXPECT_EQ(watcher("EXEC"), "_[]");
}

TEST_F(Watching, EndsWithTheSession) {
    {
        Client watcher(engine);
        watcher("WATCH a b c");
    }
    Client client(engine);
    EXPECT_EQ(client("SET a 1"), "+OK");
}

TEST(TransactionIsolation, NobodySeesHalfOfIt) {
    auto opened = Engine::open({nullptr, &real_clock(), &real_entropy(), true}, Options());
    ASSERT_TRUE(opened);
    const std::shared_ptr<Engine> engine = *opened;
    std::atomic<bool> stop{false};
    std::thread writer([&] {
        Client client(engine);
        for (int i = 0; i < 3000; ++i) {
            client("MULTI");
            client("INCR x");
            client("INCR y");
            client("EXEC");
        }
        stop = true;
    });
    Client reader(engine);
    int64_t differing = 0;
    while (!stop) {
        const std::string both = reader("MGET x y");
        const size_t middle = both.find(' ');
        differing += both.substr(1, middle - 1) != both.substr(middle + 1, middle - 1);
    }
    writer.join();
    EXPECT_EQ(differing, 0);
    EXPECT_EQ(reader("MGET x y"), "[$3000 $3000]");
    EXPECT_TRUE(engine->close());
}

TEST(TransactionIsolation, OptimisticCountersLoseNothing) {
    auto opened = Engine::open({nullptr, &real_clock(), &real_entropy(), true}, Options());
    ASSERT_TRUE(opened);
    const std::shared_ptr<Engine> engine = *opened;
    constexpr int kRounds = 500;
    const auto count = [&] {
        Client client(engine);
        for (int done = 0; done < kRounds;) {
            client("WATCH n");
            const std::string old = client("GET n");
            const int64_t n = old == "_" ? 0 : std::stoll(old.substr(1));
            client("MULTI");
            client("SET n " + std::to_string(n + 1));
            done += client("EXEC") != "_[]" ? 1 : 0;
        }
    };
    std::thread other(count);
    count();
    other.join();
    Client client(engine);
    EXPECT_EQ(client("GET n"), "$" + std::to_string(2 * kRounds));
    EXPECT_TRUE(engine->close());
}

TEST(TransactionRecord, WhatGoesBeyondItsLimitIsRefused) {
    const auto disk = std::make_shared<SimDisk>();
    SimClock clock;
    SimEntropy entropy(1);
    const auto open = [&] { return *Engine::open({disk, &clock, &entropy, false}, Options()); };
    auto engine = open();
    {
        SessionOptions options;
        options.protocol = 3;
        options.record_bytes = 1u << 20;
        Client client(engine, options);
        const std::string big(300u << 10, 'x');
        client("SET big x");
        client("MULTI");
        for (const char* key : {"a", "b", "c", "d", "e"}) client.call({"GETSET", key, big});
        client("GET later");
        EXPECT_EQ(client("EXEC"),
                  "[_ _ _ _ -ERR the transaction has written 1048576 bytes, and may write no "
                  "more _]");
        EXPECT_EQ(client("SET later 1"), "+OK");
    }
    ASSERT_TRUE(engine->close());
    engine = open();
    {
        Client client(engine);
        EXPECT_EQ(client("EXISTS a b c d e later"), ":5");
        EXPECT_EQ(client("STRLEN d"), ":307200");
    }
    ASSERT_TRUE(engine->close());
}

// Copies on the tape are bounded: then strings move to where replies can share them, and are the
// same strings.
TEST_F(Transactions, ManyReadsAreRepliedByReference) {
    open();
    Client client(engine);
    const std::string value(16'000, 'v');
    client.call({"SET", "k", value, "EX", "100"});
    client.call({"SET", "short", std::string(127, 's')});
    const int64_t used = static_cast<int64_t>(engine->used_memory());
    const uint64_t digest = engine->keyspace().digest();
    constexpr int kReads = 1'000;
    client("WATCH k");
    client("MULTI");
    for (int i = 0; i < kReads; ++i) client(i % 2 == 0 ? "GET k" : "MGET k short none");
    const std::string replies = client("EXEC");
    EXPECT_LT(client.session.reply().size(), 2'000'000U);
    size_t found = 0;
    for (size_t at = 0; (at = replies.find("$" + value, at)) != std::string::npos; ++at) ++found;
    EXPECT_EQ(found, size_t{kReads});
    EXPECT_EQ(engine->keyspace().digest(), digest);
    EXPECT_NEAR(static_cast<double>(engine->used_memory()), static_cast<double>(used), 1'000.0);
    EXPECT_EQ(client("TTL k"), ":100");
    EXPECT_EQ(client("OBJECT ENCODING k"), "$raw");
    client("APPEND k !");
    EXPECT_EQ(client("GET k"), "$" + value + "!");
}

TEST_F(Transactions, ReadsNoMoreThanItMay) {
    open();
    Client client(engine);
    client.call({"SET", "k", std::string(1'000'000, 'v')});
    client("MULTI");
    constexpr size_t kReads = limits::kTransactionReplyBytes / 16'000 + 2;
    for (size_t i = 0; i < kReads; ++i) client("GETRANGE k 0 15999");
    client("SET k 1");
    const std::string replies = client("EXEC");
    EXPECT_NE(replies.find("-ERR the transaction has read 268435456 bytes, and may read no more"),
              std::string::npos);
    EXPECT_EQ(client("GET k"), "$1");
}

}  // namespace
}  // namespace synap
