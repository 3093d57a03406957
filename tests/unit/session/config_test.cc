#include <atomic>
#include <string>
#include <thread>

#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class Config : public SessionTest {
protected:
    void SetUp() override { open(); }
};

TEST_F(Config, GetUnderRedisNamesAndOwnNames) {
    Client client(engine);
    EXPECT_EQ(client("CONFIG GET maxmemory"), "{$maxmemory $0}");
    EXPECT_EQ(client("CONFIG GET MAXMEMORY"), "{$MAXMEMORY $0}");
    EXPECT_EQ(client("CONFIG GET max_memory"), "{$max_memory $0}");
    EXPECT_EQ(client("CONFIG GET nosuch"), "{}");
    EXPECT_EQ(client("CONFIG GET maxmem*ry maxmemory"), "{$maxmemory $0}");
    EXPECT_EQ(client("CONFIG GET MAXMEMORY-[ps]*"),
              "{$maxmemory-policy $noeviction $maxmemory-samples $5}");
    EXPECT_EQ(client("CONFIG GET save appendonly databases"),
              "{$save $ $appendonly $no $databases $16}");
}

TEST_F(Config, FactsOfTheHost) {
    Client client(engine);
    EXPECT_EQ(client("CONFIG GET port"), "{}");
    engine->host_facts().set("config", "port", "15500");
    EXPECT_EQ(client("CONFIG GET port"), "{$port $15500}");
    EXPECT_EQ(client("CONFIG SET port 1"),
              "-ERR CONFIG SET failed (possibly related to argument 'port') - can't set "
              "immutable config");
}

TEST_F(Config, WordsAreThoseOfTheNameAskedFor) {
    Client client(engine);
    EXPECT_EQ(client("CONFIG SET max_memory_policy lru"), "+OK");
    EXPECT_EQ(client("CONFIG GET maxmemory-policy"), "{$maxmemory-policy $allkeys-lru}");
    EXPECT_EQ(client("CONFIG GET max_memory_policy"), "{$max_memory_policy $lru}");
    EXPECT_EQ(client("CONFIG SET maxmemory-policy VOLATILE-LFU"), "+OK");
    EXPECT_EQ(client("CONFIG GET max_memory_policy"), "{$max_memory_policy $volatile-lfu}");
    EXPECT_EQ(client("CONFIG SET appendfsync no"), "+OK");
    EXPECT_EQ(client("CONFIG GET appendfsync persistence.fsync"),
              "{$appendfsync $no $persistence.fsync $never}");
    EXPECT_EQ(client("CONFIG SET slowlog-log-slower-than -1"), "+OK");
    EXPECT_EQ(client("CONFIG GET slowlog-log-slower-than"), "{$slowlog-log-slower-than $-1}");
}

TEST_F(Config, SetTakesUnits) {
    Client client(engine);
    EXPECT_EQ(client("CONFIG SET maxmemory 100MB maxmemory-samples 10"), "+OK");
    EXPECT_EQ(client("CONFIG GET maxmemory maxmemory-samples"),
              "{$maxmemory $104857600 $maxmemory-samples $10}");
    EXPECT_EQ(client("CONFIG SET maxmemory 1k"), "+OK");
    EXPECT_EQ(client("CONFIG GET maxmemory"), "{$maxmemory $1000}");
}

TEST_F(Config, SetRefuses) {
    Client client(engine);
    const auto failed = [](const std::string& name, const std::string& why) {
        return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why;
    };
    EXPECT_EQ(client("CONFIG SET maxmemory"),
              "-ERR wrong number of arguments for 'config|set' command");
    EXPECT_EQ(client("CONFIG SET maxmemory 1 maxmemory"), "-ERR syntax error");
    EXPECT_EQ(client("CONFIG SET nosuch 1"),
              "-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'");
    EXPECT_EQ(client("CONFIG SET maxmemory abc"),
              failed("maxmemory", "argument must be a memory value"));
    EXPECT_EQ(client("CONFIG SET maxmemory -1"),
              failed("maxmemory", "argument must be a memory value"));
    EXPECT_EQ(client("CONFIG SET maxmemory 1 MAXMEMORY 2"),
              failed("maxmemory", "duplicate parameter"));
    EXPECT_EQ(client("CONFIG SET databases 3"), failed("databases", "can't set immutable config"));
    EXPECT_EQ(client("CONFIG SET slots 2048"), failed("slots", "can't set immutable config"));
    EXPECT_EQ(client("CONFIG SET maxmemory-samples x"),
              failed("maxmemory-samples", "argument couldn't be parsed into an integer"));
    EXPECT_EQ(client("CONFIG SET maxmemory-samples 0"),
              failed("maxmemory-samples", "argument must be between 1 and 64 inclusive"));
    EXPECT_EQ(
        client("CONFIG SET appendfsync foo"),
        failed("appendfsync", "argument(s) must be one of the following: always, everysec, no"));
    EXPECT_EQ(client("CONFIG SET maxmemory-policy x"),
              failed("maxmemory-policy",
                     "argument(s) must be one of the following: noeviction, allkeys-lru, "
                     "allkeys-lfu, allkeys-random, volatile-ttl, volatile-lru, volatile-lfu, "
                     "volatile-random"));
}

TEST_F(Config, SetIsAllOrNothing) {
    Client client(engine);
    EXPECT_EQ(client("CONFIG SET maxmemory 5mb maxmemory-samples x")[0], '-');
    EXPECT_EQ(client("CONFIG SET maxmemory 5mb nosuch x")[0], '-');
    EXPECT_EQ(client("CONFIG GET maxmemory"), "{$maxmemory $0}");
}

TEST_F(Config, ResetStat) {
    Client client(engine);
    client("GET missing");
    EXPECT_EQ(client.info("keyspace_misses"), "1");
    EXPECT_EQ(client("CONFIG RESETSTAT"), "+OK");
    EXPECT_EQ(client.info("keyspace_misses"), "0");
    EXPECT_EQ(client.info("cmdstat_get"), "(none)");
    client("GET missing");
    client("GET missing");
    EXPECT_EQ(client.info("keyspace_misses"), "2");
    EXPECT_EQ(client.info("cmdstat_get"),
              "calls=2,usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0");
    EXPECT_EQ(client("CONFIG RESETSTAT"), "+OK");
    EXPECT_EQ(client.info("keyspace_misses"), "0");
}

TEST_F(Config, ResetStatResetsWhatItsOwnBatchHasCounted) {
    Client client(engine);
    const std::string_view get[] = {"GET", "missing"};
    const std::string_view reset[] = {"CONFIG", "RESETSTAT"};
    const Call calls[] = {{get, 2}, {reset, 2}};
    EXPECT_EQ(client.session.run(calls).done, 2u);
    EXPECT_EQ(client.info("keyspace_misses"), "0");
    EXPECT_EQ(client.info("cmdstat_get"), "(none)");
}

TEST_F(Config, ResetStatBesideCommandsNeverGoesBelowZero) {
    constexpr int kReads = 20'000;
    std::atomic<bool> done{false};
    std::thread reader([&] {
        Client other(engine);
        for (int i = 0; i < kReads; ++i) other("GET missing");
        done = true;
    });
    Client client(engine);
    while (!done) {
        client("CONFIG RESETSTAT");
        EXPECT_LE(std::stoll(client.info("keyspace_misses")), kReads);
    }
    reader.join();
    client("CONFIG RESETSTAT");
    EXPECT_EQ(client.info("keyspace_misses"), "0");
}

TEST_F(Config, SaveTellsWhenSnapshotsAreTaken) {
    engine.reset();
    open(std::make_shared<SimDisk>());
    Client client(engine);
    EXPECT_EQ(client("CONFIG GET save appendonly"), "{$save $3600 1 $appendonly $yes}");
    EXPECT_EQ(client("CONFIG SET snapshot.interval_ms 0"), "+OK");
    EXPECT_EQ(client("CONFIG GET save"), "{$save $}");
}

}  // namespace
}  // namespace synap
