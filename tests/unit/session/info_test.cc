#include <thread>

#include "core/platform/real.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class Info : public SessionTest {
protected:
    void SetUp() override { open(); }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(Info, Sections) {
    Client client(engine);
    const std::string usual = client("INFO");
    for (const char* title : {"Server", "Clients", "Memory", "Persistence", "Stats", "Replication",
                              "CPU", "Cluster", "Keyspace"}) {
        EXPECT_TRUE(has(usual, std::string("# ") + title + "\r\n")) << title;
    }
    EXPECT_EQ(usual.rfind("=# Server\r\nredis_version:7.2.4\r\nredis_git_sha1:", 0), 0u);
    EXPECT_TRUE(has(usual, "\r\nsynap_version:"));
    EXPECT_TRUE(has(usual, "\r\n\r\n# Clients\r\n"));
    EXPECT_FALSE(has(usual, "# Commandstats"));
    EXPECT_TRUE(has(client("INFO all"), "# Commandstats"));
    EXPECT_TRUE(has(client("INFO default commandstats"), "# Commandstats"));
    EXPECT_EQ(client("INFO nosuch"), "=");
    EXPECT_EQ(client("INFO KEYSPACE"), "=# Keyspace\r\n");
    EXPECT_EQ(client("INFO keyspace cluster"),
              "=# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\n");
}

TEST_F(Info, Keyspace) {
    Client client(engine);
    client("SET a 1");
    client("SET b 1 EX 100");
    client("SELECT 9");
    client("SET c 1");
    EXPECT_EQ(client("INFO keyspace"),
              "=# Keyspace\r\ndb0:keys=2,expires=1,avg_ttl=100000\r\n"
              "db9:keys=1,expires=0,avg_ttl=0\r\n");
    client("SWAPDB 0 9");
    EXPECT_EQ(client.info("db9"), "keys=2,expires=1,avg_ttl=100000");
    clock.advance_ms(40'000);
    client("SET d 1 PX 20000");
    EXPECT_EQ(client.info("db9"), "keys=3,expires=2,avg_ttl=40000");
}

// Of many keys it is an estimate.
TEST_F(Info, AverageLifeOfManyKeys) {
    Client client(engine);
    for (int i = 0; i < 20'000; ++i) {
        client("SET k" + std::to_string(i) + " x PX " + std::to_string(10'000 + i));
    }
    const std::string line = client.info("db0");
    EXPECT_NEAR(std::stod(line.substr(line.find("avg_ttl=") + 8)), 20'000, 2'000) << line;
}

// Fault case 11: tools take these lines apart by their order, and add the numbers up.
TEST_F(Info, TimeIsSharedAmongTheCommandsOfABatch) {
    class SteppingClock final : public Clock {
    public:
        int64_t wall_ms() noexcept override { return 1'700'000'000'000; }
        uint64_t monotonic_us() noexcept override { return now_us += 60; }
        uint64_t now_us = 0;
    };
    engine.reset();
    SteppingClock stepping;
    auto opened = Engine::open({nullptr, &stepping, &entropy, false}, Options());
    ASSERT_TRUE(opened);
    engine = *opened;
    {
        Client client(engine);
        client("GET a");
        const std::string got = client.info("cmdstat_get");
        EXPECT_EQ(
            got.rfind("calls=1,usec=60,usec_per_call=60.00,rejected_calls=0,failed_calls=", 0), 0u)
            << got;
        // Slow classes look at the clock for SLOWLOG as well: six looks in all, five steps.
        client.pipeline({"GET a", "SET a 1", "GET a", "SET b 1", "GET b", "DBSIZE"});
        EXPECT_EQ(client.info("cmdstat_get").substr(0, 37),
                  "calls=4,usec=210,usec_per_call=52.50,");
        EXPECT_EQ(client.info("cmdstat_set").substr(0, 37),
                  "calls=2,usec=100,usec_per_call=50.00,");
        // One call of 60 us, three of which each had a sixth of 300 us.
        EXPECT_EQ(client.info("latency_percentiles_usec_get"),
                  "p50=56.000,p99=64.000,p99.9=64.000");
        EXPECT_EQ(client.info("latency_percentiles_usec_lcs"), "(none)");
        client("CONFIG RESETSTAT");
        EXPECT_EQ(client.info("cmdstat_get"), "(none)");
        EXPECT_EQ(client.info("latency_percentiles_usec_get"), "(none)");
        client("GET a");
        EXPECT_EQ(client.info("latency_percentiles_usec_get"),
                  "p50=64.000,p99=64.000,p99.9=64.000");
        EXPECT_EQ(client("CONFIG SET latency-tracking no"), "+OK");
        client("SET a 1");
        EXPECT_EQ(client.info("latency_percentiles_usec_set"), "(none)");
    }
    EXPECT_TRUE(engine->close());
    engine.reset();
}

TEST(Latency, AStepIsNotWiderThanAQuarterOfItsDurations) {
    for (uint64_t us = 0; us < uint64_t{1} << 25; us += 1 + us / 1000) {
        const uint64_t bound = latency_bound(latency_step(us));
        ASSERT_GT(bound, us);
        ASSERT_LE(bound, us + 1 + us / 4) << us;
    }
    EXPECT_EQ(latency_step(UINT64_MAX), kLatencySteps - 1);
}

TEST_F(Info, ErrorsAreCountedByTheirCode) {
    Client client(engine);
    client("NOSUCH");
    client("GET");
    client("SET s x");
    client("INCR s");
    client("MULTI");
    client("INCR s");
    client("EXEC");
    client("MULTI");
    client("NOSUCH");
    client("EXEC");
    EXPECT_TRUE(has(client("INFO errorstats"),
                    "# Errorstats\r\nerrorstat_ERR:count=5\r\nerrorstat_EXECABORT:count=1\r\n"))
        << client("INFO errorstats");
    EXPECT_EQ(client.info("total_error_replies"), "6");
    client("CONFIG RESETSTAT");
    EXPECT_EQ(client("INFO errorstats"), "=# Errorstats\r\n");
}

TEST_F(Info, WhatDoesNotApplyIsANumber) {
    Client client(engine);
    const std::string text = client("INFO everything");
    for (const char* field :
         {"blocked_clients:0", "used_memory_lua:0", "rdb_last_cow_size:0", "sync_full:0",
          "tracking_total_keys:0", "used_cpu_sys_children:0.000000",
          "rdb_current_bgsave_time_sec:-1", "aof_last_rewrite_time_sec:-1"}) {
        EXPECT_TRUE(has(text, std::string("\r\n") + field + "\r\n")) << field;
    }
}

TEST_F(Info, Counters) {
    Client client(engine);
    client("SET a 1 PX 10");
    client("GET a");
    client("GET missing");
    clock.advance_ms(11);
    client("GET a");
    client("INCR a b");
    client("NOSUCH");
    client("SET s x");
    client("INCR s");
    EXPECT_EQ(client.info("keyspace_hits"), "1");
    EXPECT_EQ(client.info("keyspace_misses"), "2");
    EXPECT_EQ(client.info("expired_keys"), "1");
    EXPECT_EQ(client.info("total_error_replies"), "3");
    EXPECT_EQ(client.info("synap_unknown_commands"), "1");
    EXPECT_EQ(client.info("cmdstat_get"),
              "calls=3,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0");
    EXPECT_EQ(client.info("cmdstat_incr"),
              "calls=1,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=1");
    client("CONFIG GET maxmemory");
    EXPECT_EQ(client.info("cmdstat_config|get"),
              "calls=1,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0");
    EXPECT_EQ(client.info("cmdstat_lcs"), "(none)");
}

TEST_F(Info, OperationsPerSecond) {
    Client client(engine);
    engine->maintain();
    for (int tick = 0; tick < 10; ++tick) {
        for (int i = 0; i < 20; ++i) client("PING");
        clock.advance_ms(100);
        engine->maintain();
    }
    EXPECT_EQ(client.info("instantaneous_ops_per_sec"), "200");
    EXPECT_GE(std::stoi(client.info("total_commands_processed")), 200);
}

TEST_F(Info, TimeAndClients) {
    Client client(engine);
    clock.advance_ms(2 * 86400 * 1000 + 5000);
    EXPECT_EQ(client.info("uptime_in_seconds"), "172805");
    EXPECT_EQ(client.info("uptime_in_days"), "2");
    EXPECT_EQ(client.info("connected_clients"), "1");
    Client other(engine);
    EXPECT_EQ(client.info("connected_clients"), "2");
    EXPECT_EQ(client.info("run_id").size(), 40u);
}

TEST_F(Info, Memory) {
    Client client(engine);
    const uint64_t before = std::stoull(client.info("used_memory"));
    client.call({"SET", "a", std::string(1 << 20, 'x')});
    const uint64_t after = std::stoull(client.info("used_memory"));
    EXPECT_GE(after - before, uint64_t{1} << 20);
    EXPECT_GE(std::stoull(client.info("used_memory_peak")), after);
    engine->maintain();
    client("DEL a");
    EXPECT_GE(std::stoull(client.info("used_memory_peak")), after);
    EXPECT_LT(std::stoull(client.info("used_memory")), after);
    client("CONFIG SET maxmemory 1536kb max_memory_policy lru");
    EXPECT_EQ(client.info("maxmemory"), "1572864");
    EXPECT_EQ(client.info("maxmemory_human"), "1.50M");
    EXPECT_EQ(client.info("maxmemory_policy"), "allkeys-lru");
}

TEST_F(Info, FactsOfTheHost) {
    Client client(engine);
    EXPECT_EQ(client.info("tcp_port"), "0");
    engine->host_facts().set("server", "tcp_port", "15500");
    engine->host_facts().set("clients", "maxclients", "10000");
    EXPECT_EQ(client.info("tcp_port"), "15500");
    EXPECT_TRUE(has(client("INFO clients"), "maxclients:10000\r\n"));
    EXPECT_FALSE(has(client("INFO server"), "tcp_port:0"));
}

TEST_F(Info, PersistenceInMemory) {
    Client client(engine);
    EXPECT_EQ(client.info("loading"), "0");
    EXPECT_EQ(client.info("aof_enabled"), "0");
    EXPECT_EQ(client.info("synap_log_appended"), "(none)");
}

TEST_F(Info, PersistenceOnDisk) {
    engine.reset();
    open(std::make_shared<SimDisk>());
    Client client(engine);
    client("SET a 1");
    client("SET b 1");
    EXPECT_EQ(client.info("aof_enabled"), "1");
    EXPECT_EQ(client.info("rdb_changes_since_last_save"), "2");
    EXPECT_EQ(client.info("synap_log_records"), "2");
    EXPECT_NE(client.info("synap_log_appended"), client.info("synap_log_synced"));
    EXPECT_EQ(client("SAVE"), "+OK");
    EXPECT_EQ(client.info("rdb_changes_since_last_save"), "0");
    EXPECT_EQ(client.info("rdb_saves"), "1");
    EXPECT_EQ(client.info("synap_snapshot_keys"), "2");
    EXPECT_EQ(client.info("rdb_last_bgsave_status"), "ok");
    EXPECT_EQ(client.info("synap_log_appended"), client.info("synap_log_synced"));
}

TEST(StoreThatIsNotLoaded, StillSaysWhatItKnows) {
    auto disk = std::make_shared<SimDisk>();
    disk->fail_at(DiskCall::kOpen, 1, DiskFault::kInputOutput, 1000);
    disk->fail_at(DiskCall::kList, 1, DiskFault::kInputOutput, 1000);
    Options options;
    ASSERT_TRUE(options.set(OptionId::kOpenWait, "false"));
    auto opened = Engine::open({disk, &real_clock(), &real_entropy(), true}, options);
    ASSERT_TRUE(opened);
    const std::shared_ptr<Engine> engine = *opened;
    {
        Client client(engine);
        while (engine->state() == EngineState::kLoading) std::this_thread::yield();
        ASSERT_EQ(engine->state(), EngineState::kFailed);
        EXPECT_TRUE(has(client("GET a"), "-ERR the store could not be opened: "));
        EXPECT_TRUE(has(client("INFO everything"), "# Keyspace\r\n"));
        EXPECT_TRUE(has(client("HELLO 3"), "$proto :3"));
        EXPECT_EQ(client("SELECT 1"), "+OK");
        EXPECT_EQ(client("CONFIG GET maxmemory"), "{$maxmemory $0}");
        EXPECT_TRUE(has(client("CLIENT LIST"), "db=1 "));
        EXPECT_TRUE(has(client("ROLE"), "[$master :0 []]"));
        client("LASTSAVE");
        EXPECT_EQ(client("SYNAP.TOKEN"), "[:0 :0]");
        EXPECT_TRUE(has(client("WATCH a"), "-ERR the store could not be opened: "));
        client("MULTI");
        client("INFO keyspace");
        EXPECT_EQ(client("EXEC"), "[=# Keyspace\r\n]");
    }
    engine->close().ignore();
}

TEST(OpsSampler, CountsOverTheWindow) {
    OpsSampler sampler;
    EXPECT_EQ(sampler.per_second(), 0u);
    sampler.sample(1'000'000, 0);
    EXPECT_EQ(sampler.per_second(), 0u);
    sampler.sample(1'000'001, 500);  // too soon to count
    EXPECT_EQ(sampler.per_second(), 0u);
    sampler.sample(1'500'000, 1000);
    EXPECT_EQ(sampler.per_second(), 2000u);
    for (uint64_t i = 1; i <= 40; ++i) sampler.sample(1'500'000 + i * 100'000, 1000 + i * 10);
    EXPECT_EQ(sampler.per_second(), 100u);
    sampler.sample(9'000'000, 3);  // the counters were reset
    EXPECT_EQ(sampler.per_second(), 0u);
    sampler.sample(10'000'000, 53);
    EXPECT_EQ(sampler.per_second(), 50u);
}

}  // namespace
}  // namespace synap
