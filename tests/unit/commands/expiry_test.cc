#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

class ExpiryTest : public CommandTest {
protected:
    void SetUp() override {
        CommandTest::SetUp();
        run("SET k v");
    }
};

TEST_F(ExpiryTest, FourWaysToSetADeadline) {
    EXPECT_EQ(run("EXPIRE nosuch 10"), ":0");
    EXPECT_EQ(run("EXPIRE k 10"), ":1");
    EXPECT_EQ(run("PEXPIRETIME k"), ":" + std::to_string(now_ms() + 10'000));
    EXPECT_EQ(run("PEXPIRE k 1234"), ":1");
    EXPECT_EQ(run("PTTL k"), ":1234");
    EXPECT_EQ(run("EXPIREAT k 4102444800"), ":1");
    EXPECT_EQ(run("PEXPIRETIME k"), ":4102444800000");
    EXPECT_EQ(run("PEXPIREAT k 4102444800777"), ":1");
    EXPECT_EQ(run("PEXPIRETIME k"), ":4102444800777");
}

TEST_F(ExpiryTest, TheKeyIsGoneAtItsDeadline) {
    run("PEXPIRE k 1000");
    advance_ms(999);
    EXPECT_EQ(run("GET k"), "$v");
    EXPECT_EQ(run("PTTL k"), ":1");
    advance_ms(1);
    for (const char* command : {"GET k", "OBJECT ENCODING k"}) EXPECT_EQ(run(command), "_");
    EXPECT_EQ(run("TTL k"), ":-2");
    EXPECT_EQ(run("EXISTS k"), ":0");
    EXPECT_EQ(run("PERSIST k"), ":0");
    EXPECT_EQ(run("TYPE k"), "+none");
    EXPECT_EQ(run("EXPIRE k 10"), ":0");
    EXPECT_EQ(client->info("expired_keys"), "1");
}

TEST_F(ExpiryTest, RemainingTimeIsRounded) {
    EXPECT_EQ(run("TTL nosuch"), ":-2");
    EXPECT_EQ(run("PTTL nosuch"), ":-2");
    EXPECT_EQ(run("EXPIRETIME nosuch"), ":-2");
    EXPECT_EQ(run("PEXPIRETIME nosuch"), ":-2");
    EXPECT_EQ(run("TTL k"), ":-1");
    EXPECT_EQ(run("PTTL k"), ":-1");
    EXPECT_EQ(run("EXPIRETIME k"), ":-1");
    EXPECT_EQ(run("PEXPIRETIME k"), ":-1");
    run("PEXPIRE k 1499");
    EXPECT_EQ(run("TTL k"), ":1");
    run("PEXPIRE k 1500");
    EXPECT_EQ(run("TTL k"), ":2");
    run("PEXPIRE k 499");
    EXPECT_EQ(run("TTL k"), ":0");
    run("PEXPIREAT k 4102444800500");
    EXPECT_EQ(run("EXPIRETIME k"), ":4102444801");
}

TEST_F(ExpiryTest, PastTimesDelete) {
    for (const std::string& command :
         {std::string("EXPIRE k 0"), std::string("EXPIRE k -1"),
          std::string("EXPIRE k -9223372036854775"), std::string("PEXPIRE k -9223372036854775808"),
          std::string("EXPIREAT k 1"), std::string("PEXPIREAT k 0"),
          "PEXPIREAT k " + std::to_string(now_ms())}) {
        run("SET k v");
        EXPECT_EQ(run(command), ":1") << command;
        EXPECT_EQ(run("DBSIZE"), ":0") << command;
        EXPECT_EQ(run(command), ":0") << command;
    }
}

TEST_F(ExpiryTest, TimesOutsideOfTheRangeAreRefused) {
    EXPECT_EQ(run("EXPIRE k 9223372036854776"), invalid_expiry("expire"));
    EXPECT_EQ(run("EXPIRE k -9223372036854776"), invalid_expiry("expire"));
    EXPECT_EQ(run("EXPIRE k 9223372036854775"), invalid_expiry("expire"));
    EXPECT_EQ(run("PEXPIRE k 9223372036854775807"), invalid_expiry("pexpire"));
    EXPECT_EQ(run("EXPIREAT k 9223372036854776"), invalid_expiry("expireat"));
    EXPECT_EQ(run("EXPIRE nosuch 9223372036854776"), invalid_expiry("expire"));
    EXPECT_EQ(run("EXPIRE k abc"), kNotAnInteger);
    EXPECT_EQ(run("EXPIRE nosuch 1.5"), kNotAnInteger);
    EXPECT_EQ(run("TTL k"), ":-1");
    EXPECT_EQ(run("PEXPIREAT k 9223372036854775807"), ":1");
    EXPECT_EQ(run("PEXPIRETIME k"), ":9223372036854775807");
    EXPECT_EQ(run("EXPIRETIME k"), ":9223372036854776");
    engine->maintain();
    EXPECT_EQ(run("GET k"), "$v");
}

TEST_F(ExpiryTest, ConditionsCompareWithThePresentDeadline) {
    EXPECT_EQ(run("EXPIRE k 100 XX"), ":0");
    EXPECT_EQ(run("EXPIRE k 100 GT"), ":0");
    EXPECT_EQ(run("EXPIRE k 100 nx"), ":1");
    EXPECT_EQ(run("EXPIRE k 200 NX"), ":0");
    EXPECT_EQ(run("EXPIRE k 100 GT"), ":0");
    EXPECT_EQ(run("EXPIRE k 100 LT"), ":0");
    EXPECT_EQ(run("EXPIRE k 200 GT"), ":1");
    EXPECT_EQ(run("EXPIRE k 50 XX LT"), ":1");
    EXPECT_EQ(run("TTL k"), ":50");
    EXPECT_EQ(run("EXPIRE k 60 XX GT"), ":1");
    EXPECT_EQ(run("EXPIRE k -1 GT"), ":0");
    run("PERSIST k");
    EXPECT_EQ(run("EXPIRE k 100 LT"), ":1");
    run("PERSIST k");
    EXPECT_EQ(run("EXPIRE k 100 XX LT"), ":0");
    EXPECT_EQ(run("EXPIRE k -1 LT"), ":1");
    EXPECT_EQ(run("EXISTS k"), ":0");
}

TEST_F(ExpiryTest, ConditionsAreCheckedBeforeAnythingElse) {
    const char* not_with_nx =
        "-ERR NX and XX, GT or LT options at the same time are not compatible";
    EXPECT_EQ(run("EXPIRE k abc NX XX"), not_with_nx);
    EXPECT_EQ(run("EXPIRE k 10 GT NX"), not_with_nx);
    EXPECT_EQ(run("EXPIRE k 10 NX LT GT"), not_with_nx);
    EXPECT_EQ(run("EXPIRE k 10 GT LT"),
              "-ERR GT and LT options at the same time are not compatible");
    EXPECT_EQ(run("EXPIRE k 10 NX nosuch XX"), "-ERR Unsupported option nosuch");
    EXPECT_EQ(run("EXPIRE k 10 ''"), "-ERR Unsupported option ");
    EXPECT_EQ(run_words({"EXPIRE", "k", "10", "a\r\nb"}), "-ERR Unsupported option a  b");
    EXPECT_EQ(run("EXPIRE k"), wrong_arguments("expire"));
    EXPECT_EQ(run("TTL k"), ":-1");
}

TEST_F(ExpiryTest, PersistRemovesADeadline) {
    EXPECT_EQ(run("PERSIST k"), ":0");
    EXPECT_EQ(run("PERSIST nosuch"), ":0");
    run("PEXPIRE k 10");
    EXPECT_EQ(run("PERSIST k"), ":1");
    EXPECT_EQ(run("TTL k"), ":-1");
    advance_ms(1000);
    EXPECT_EQ(run("GET k"), "$v");
}

TEST_F(ExpiryTest, TimeIsTheSameThroughoutATransaction) {
    run("PEXPIRE k 10");
    run("MULTI");
    run("PTTL k");
    run("PEXPIRE k 20");
    run("PTTL k");
    EXPECT_EQ(run("EXEC"), "[:10 :1 :20]");
}

}  // namespace
}  // namespace synap
