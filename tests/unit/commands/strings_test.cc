#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class StringsTest : public CommandTest {};

TEST_F(StringsTest, GetOfMissingTextNumberAndLargeValue) {
    EXPECT_EQ(run("GET k"), "_");
    run("SET k hello");
    EXPECT_EQ(run("GET k"), "$hello");
    run("SET k -9223372036854775808");
    EXPECT_EQ(run("GET k"), "$-9223372036854775808");
    run("SET k ''");
    EXPECT_EQ(run("GET k"), "$");
    const std::string binary("a\0\r\n\xff", 5);
    run_words({"SET", "k", binary});
    EXPECT_EQ(run("GET k"), "$" + binary);
    for (const size_t size : {16u * 1024, 16u * 1024 + 1, 300'000u}) {
        const std::string large(size, 'x');
        run_words({"SET", "k", large});
        EXPECT_EQ(run("GET k"), "$" + large);
    }
}

TEST_F(StringsTest, MgetAnswersNullForMissingKeys) {
    run("MSET a 1 b two");
    const std::string large(20'000, 'c');
    run_words({"SET", "c", large});
    EXPECT_EQ(run("MGET a nosuch b a c"), "[$1 _ $two $1 $" + large + "]");
}

TEST_F(StringsTest, StrlenCountsBytesOfEveryEncoding) {
    EXPECT_EQ(run("STRLEN k"), ":0");
    run("SET k -12345");
    EXPECT_EQ(run("STRLEN k"), ":6");
    run("SET k text");
    EXPECT_EQ(run("STRLEN k"), ":4");
    run_words({"SET", "k", std::string(100'000, 'x')});
    EXPECT_EQ(run("STRLEN k"), ":100000");
}

TEST_F(StringsTest, GetdelReturnsAndRemoves) {
    EXPECT_EQ(run("GETDEL k"), "_");
    run("SET k v");
    EXPECT_EQ(run("GETDEL k"), "$v");
    EXPECT_EQ(run("EXISTS k"), ":0");
    const std::string large(50'000, 'x');
    run_words({"SET", "k", large});
    EXPECT_EQ(run("GETDEL k"), "$" + large);
    EXPECT_EQ(run("EXISTS k"), ":0");
}

TEST_F(StringsTest, GetexChangesTheDeadline) {
    EXPECT_EQ(run("GETEX k EX 10"), "_");
    run("SET k v");
    EXPECT_EQ(run("GETEX k"), "$v");
    EXPECT_EQ(run("TTL k"), ":-1");
    EXPECT_EQ(run("GETEX k EX 10"), "$v");
    EXPECT_EQ(run("PTTL k"), ":10000");
    EXPECT_EQ(run("GETEX k"), "$v");
    EXPECT_EQ(run("PTTL k"), ":10000");
    EXPECT_EQ(run("GETEX k px 1500"), "$v");
    EXPECT_EQ(run("PTTL k"), ":1500");
    EXPECT_EQ(run("GETEX k PERSIST"), "$v");
    EXPECT_EQ(run("TTL k"), ":-1");
    EXPECT_EQ(run("GETEX k PXAT " + std::to_string(now_ms() + 77)), "$v");
    EXPECT_EQ(run("PTTL k"), ":77");
    EXPECT_EQ(run("GETEX k EXAT 4102444800"), "$v");
    EXPECT_EQ(run("EXPIRETIME k"), ":4102444800");
}

TEST_F(StringsTest, GetexWithAPastTimeAnswersAndDeletes) {
    run("SET k v");
    EXPECT_EQ(run("GETEX k EXAT 1"), "$v");
    EXPECT_EQ(run("EXISTS k"), ":0");
    run("SET k v");
    EXPECT_EQ(run("GETEX k PXAT " + std::to_string(now_ms())), "$v");
    EXPECT_EQ(run("EXISTS k"), ":0");
}

TEST_F(StringsTest, GetexRefusesWrongOptions) {
    run("SET k v");
    for (const char* wrong : {"GETEX k EX", "GETEX k NX", "GETEX k EX 10 PX 10",
                              "GETEX k EX 10 PERSIST", "GETEX k PERSIST EX 10", "GETEX k KEEPTTL",
                              "GETEX k GET", "GETEX k nosuch", "GETEX nosuchkey EX"}) {
        EXPECT_EQ(run(wrong), kSyntaxError) << wrong;
    }
    EXPECT_EQ(run("GETEX k EX abc"), kNotAnInteger);
    for (const char* wrong :
         {"GETEX k EX 0", "GETEX k PX -1", "GETEX k EXAT 0", "GETEX k EX 9223372036854775807",
          "GETEX k PX 9223372036854775807", "GETEX k EXAT 9223372036854776"}) {
        EXPECT_EQ(run(wrong), invalid_expiry("getex")) << wrong;
    }
    // The time of a missing key is not looked at.
    EXPECT_EQ(run("GETEX nosuchkey EX abc"), "_");
    EXPECT_EQ(run("TTL k"), ":-1");
}

TEST_F(StringsTest, ReadsCountHitsAndMisses) {
    run("SET k v");
    run("CONFIG RESETSTAT");
    run("GET k");
    run("MGET k k nosuch");
    run("EXISTS nosuch k");
    run("TTL k");
    EXPECT_EQ(client->info("keyspace_hits"), "5");
    EXPECT_EQ(client->info("keyspace_misses"), "2");
    // Commands that write look without counting.
    run("INCR n");
    run("APPEND k x");
    run("SET k y NX");
    EXPECT_EQ(client->info("keyspace_hits"), "5");
    EXPECT_EQ(client->info("keyspace_misses"), "2");
}

}  // namespace
}  // namespace synap
