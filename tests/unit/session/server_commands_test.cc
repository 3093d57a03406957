#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class ServerCommands : public SessionTest {
protected:
    void on_disk() { open(disk = std::make_shared<SimDisk>()); }

    std::shared_ptr<SimDisk> disk;
};

TEST_F(ServerCommands, Time) {
    open();
    Client client(engine);
    clock.advance_ms(1234);
    EXPECT_EQ(client("TIME"), "[$1700000001 $234000]");
}

TEST_F(ServerCommands, Role) {
    on_disk();
    Client client(engine);
    client("SET a 1");
    EXPECT_EQ(client("ROLE"), "[$master :" + std::to_string(engine->log()->appended()) + " []]");
}

TEST_F(ServerCommands, SaveAndLastSave) {
    on_disk();
    Client client(engine);
    EXPECT_EQ(client("LASTSAVE"), ":1700000000");  // the start
    clock.advance_ms(5000);
    client("SET a 1");
    EXPECT_EQ(client("SAVE"), "+OK");
    EXPECT_EQ(client("LASTSAVE"), ":1700000005");
}

TEST_F(ServerCommands, SaveReportsWhatTheDiskSays) {
    on_disk();
    Client client(engine);
    client("SET a 1");
    ASSERT_TRUE(engine->log()->sync(engine->log()->appended()));  // its epoch has begun
    disk->fail_at(DiskCall::kCreate, 1, DiskFault::kNoSpace);
    EXPECT_EQ(client("SAVE").rfind("-ERR ", 0), 0u);
    EXPECT_EQ(client.info("rdb_last_bgsave_status"), "err");
    EXPECT_NE(client.info("synap_snapshot_error"), "(none)");
    EXPECT_EQ(client("SAVE"), "+OK");
    EXPECT_EQ(client.info("rdb_last_bgsave_status"), "ok");
}

TEST_F(ServerCommands, BackgroundSave) {
    on_disk();
    Client client(engine);
    client("SET a 1");
    EXPECT_EQ(client("BGSAVE foo"), "-ERR syntax error");
    EXPECT_EQ(client("BGSAVE"), "+Background saving started");
    EXPECT_EQ(client.info("rdb_bgsave_in_progress"), "1");
    EXPECT_EQ(client("BGSAVE"), "-ERR Background save already in progress");
    engine->maintain();
    EXPECT_EQ(client.info("rdb_bgsave_in_progress"), "1");
    EXPECT_EQ(client("BGSAVE SCHEDULE"), "-ERR Background save already in progress");
    EXPECT_EQ(client("SAVE"), "-ERR Background save already in progress");
    for (;;) {
        auto done = engine->snapshots().step(1024);
        ASSERT_TRUE(done) << done.error().message;
        if (*done) break;
    }
    EXPECT_EQ(client.info("rdb_bgsave_in_progress"), "0");
    EXPECT_EQ(client.info("rdb_saves"), "1");
}

TEST_F(ServerCommands, NoSnapshotsInMemory) {
    open();
    Client client(engine);
    const std::string text =
        "-ERR this store is in memory only: there is no directory for a snapshot";
    EXPECT_EQ(client("SAVE"), text);
    EXPECT_EQ(client("BGSAVE"), text);
    EXPECT_EQ(client("LASTSAVE"), ":1700000000");
}

TEST_F(ServerCommands, ShutdownIsTheHosts) {
    open();
    Client client(engine);
    EXPECT_EQ(client("SHUTDOWN NOSAVE"), "(host)");
    EXPECT_EQ(client.last.done, 0u);
    EXPECT_EQ(client("PING"), "+PONG");
    client("MULTI");
    EXPECT_EQ(client("SHUTDOWN"), "-ERR Command not allowed inside a transaction");
}

TEST_F(ServerCommands, Slowlog) {
    open();
    Client client(engine);
    client("CLIENT SETNAME joe");
    for (int i = 0; i < 12; ++i) {
        engine->slow_log().add({0, 1700000000, 12345, {"KEYS", "*"}, "1.2.3.4:5", "joe"}, 128);
    }
    EXPECT_EQ(client("SLOWLOG LEN"), ":12");
    EXPECT_EQ(client("SLOWLOG GET 1"), "[[:11 :1700000000 :12345 [$KEYS $*] $1.2.3.4:5 $joe]]");
    EXPECT_EQ(client("SLOWLOG GET 0"), "[]");
    const auto entries = [](const std::string& text) {
        size_t n = 0;
        for (size_t at = 0; (at = text.find("$KEYS", at)) != std::string::npos; ++at) ++n;
        return n;
    };
    EXPECT_EQ(entries(client("SLOWLOG GET")), 10u);
    EXPECT_EQ(entries(client("SLOWLOG GET -1")), 12u);
    EXPECT_EQ(client("SLOWLOG GET -2"), "-ERR count should be greater than or equal to -1");
    EXPECT_EQ(client("SLOWLOG GET x"), "-ERR count should be greater than or equal to -1");
    EXPECT_EQ(client("SLOWLOG GET 1 2"),
              "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.");
    EXPECT_EQ(client("SLOWLOG RESET"), "+OK");
    EXPECT_EQ(client("SLOWLOG LEN"), ":0");
}

TEST_F(ServerCommands, SlowlogRecordsSlowClasses) {
    open();
    Client client(engine);
    client("CONFIG SET slowlog-log-slower-than 0");
    client("MEMORY USAGE a");
    EXPECT_NE(client("SLOWLOG GET").find("[$MEMORY $USAGE $a]"), std::string::npos);
    client("CONFIG SET slowlog-log-slower-than -1");
    client("SLOWLOG RESET");
    client("MEMORY USAGE a");
    EXPECT_EQ(client("SLOWLOG LEN"), ":0");
}

// A threshold of 0 is every call, whatever it locks, and what EXEC ran in its place.
TEST_F(ServerCommands, SlowlogOfZeroRecordsEveryCall) {
    open();
    Client client(engine);
    client("CONFIG SET slowlog-log-slower-than 0");
    client("SLOWLOG RESET");
    for (const char* line : {"SET k v", "GET k", "KEYS none", "SCAN 0", "COPY k l DB 1", "MOVE k 2",
                             "SELECT 1", "NOSUCH", "MULTI", "GET l", "EXEC", "SELECT 0"}) {
        client(line);
    }
    client.pipeline({"GET a", "GET b"});
    const std::string log = client("SLOWLOG GET -1");
    for (const char* entry :
         {"[$SET $k $v]", "[$GET $k]", "[$KEYS $none]", "[$SCAN $0]", "[$COPY $k $l $DB $1]",
          "[$MOVE $k $2]", "[$SELECT $1]", "[$MULTI]", "[$GET $l]", "[$GET $a]", "[$GET $b]"}) {
        EXPECT_NE(log.find(entry), std::string::npos) << entry << log;
    }
    EXPECT_EQ(log.find("$EXEC"), std::string::npos);
    EXPECT_EQ(log.find("$NOSUCH"), std::string::npos);
}

TEST_F(ServerCommands, SlowlogShortensWhatIsLongAndTellsNoSecrets) {
    open();
    Client client(engine);
    client("CONFIG SET slowlog-log-slower-than 0");
    client.call({"SET", "k", std::string(130, 'v')});
    EXPECT_NE(client("SLOWLOG GET 1").find("$" + std::string(128, 'v') + "... (2 more bytes)]"),
              std::string::npos);
    std::vector<std::string> words(33, "k");
    words[0] = "MGET";
    client.call(words);
    EXPECT_NE(client("SLOWLOG GET 1").find("$k $... (2 more arguments)]"), std::string::npos);
    client("AUTH somebody hush");
    EXPECT_NE(client("SLOWLOG GET 1").find("[$AUTH $(redacted) $(redacted)]"), std::string::npos);
    client("HELLO 2 AUTH somebody hush SETNAME joe");
    const std::string log = client("SLOWLOG GET 1");
    EXPECT_NE(log.find("[$HELLO $2 $AUTH $(redacted) $(redacted) $SETNAME $joe]"),
              std::string::npos)
        << log;
}

// A fast command that had to wait is slow, too.
TEST_F(ServerCommands, SlowlogHoldsAFastCommandThatStoodStill) {
    class Leaping final : public Clock {
    public:
        int64_t wall_ms() noexcept override { return 1'700'000'000'000; }
        uint64_t monotonic_us() noexcept override { return now_us += step_us; }
        uint64_t now_us = 0;
        uint64_t step_us = 1;
    };
    Leaping leaping;
    auto opened = Engine::open({nullptr, &leaping, &entropy, false}, Options());
    ASSERT_TRUE(opened);
    engine = *opened;
    {
        Client client(engine);
        client("GET quick");
        EXPECT_EQ(client("SLOWLOG LEN"), ":0");
        leaping.step_us = 10'000;
        client("GET k");
        client("SET k v");
        leaping.step_us = 1;
        EXPECT_EQ(client("SLOWLOG LEN"), ":2");
        EXPECT_NE(client("SLOWLOG GET").find(":10000 [$SET $k $v]"), std::string::npos);
        EXPECT_NE(client("SLOWLOG GET").find(":10000 [$GET $k]"), std::string::npos);
    }
    EXPECT_TRUE(engine->close());
    engine.reset();
}

TEST_F(ServerCommands, MemoryUsage) {
    open();
    Client client(engine);
    EXPECT_EQ(client("MEMORY USAGE a"), "_");
    client.call({"SET", "a", std::string(1000, 'x')});
    const int64_t bytes = std::stoll(client("MEMORY USAGE a").substr(1));
    EXPECT_GT(bytes, 1000);
    EXPECT_LT(bytes, 1400);
    EXPECT_EQ(client("MEMORY USAGE a SAMPLES 0"), ":" + std::to_string(bytes));
    EXPECT_EQ(client("MEMORY USAGE a SAMPLES -1"), "-ERR syntax error");
    EXPECT_EQ(client("MEMORY USAGE a SAMPLES x"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(client("MEMORY USAGE a SAMPLES"), "-ERR syntax error");
    EXPECT_EQ(client("MEMORY USAGE a foo"), "-ERR syntax error");
}

TEST_F(ServerCommands, MemoryStatsAndDoctor) {
    open();
    Client client(engine);
    // All that an empty store is charged for was there at its start.
    EXPECT_NE(client("MEMORY STATS").find(" $dataset.bytes :0 "), std::string::npos);
    client("SET a 1");
    const std::string stats = client("MEMORY STATS");
    EXPECT_EQ(stats.rfind("{$peak.allocated :", 0), 0u);
    EXPECT_NE(stats.find(" $keys.count :1 "), std::string::npos);
    EXPECT_EQ(client("MEMORY DOCTOR"), "=Little memory is used: there is nothing to judge.\n");
    client("CONFIG SET maxmemory 1");
    EXPECT_NE(client("MEMORY DOCTOR").find("Memory is full"), std::string::npos);
    EXPECT_EQ(client("MEMORY PURGE"), "+OK");
}

}  // namespace
}  // namespace synap
