// Hashes after a store was closed and opened again: from the log, from a snapshot, from both.
#include "tests/unit/commands/command_test.h"

namespace synap {
namespace {

enum class From : uint8_t { kLog, kSnapshot, kBoth };

class HashRecoveryTest : public CommandTest, public testing::WithParamInterface<From> {
protected:
    void SetUp() override { start_again(); }

    void start_again() {
        check_shadow();
        client.reset();
        if (engine != nullptr) {
            ASSERT_TRUE(engine->close());
            engine = nullptr;
        }
        Options options;
        options.set_number(OptionId::kShadow, 1);
        ASSERT_NO_FATAL_FAILURE(open(disk, options));
        client = std::make_unique<Client>(engine);
    }
    void save_where(bool wanted) {
        if (!wanted) return;
        EXPECT_EQ(run("SAVE"), "+OK");
    }

    std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>(SimDiskOptions{});
};

INSTANTIATE_TEST_SUITE_P(Ways, HashRecoveryTest,
                         testing::Values(From::kLog, From::kSnapshot, From::kBoth));

TEST_P(HashRecoveryTest, WhatBecameOfDeadlinesIsThereAgain) {
    run("HSET h f 1 g 2 l 3");
    run("HEXPIRE h 200 FIELDS 2 f g");
    std::vector<std::string> words{"HSETEX", "large", "EX", "200", "FIELDS", "500"};
    for (int i = 0; i < 500; ++i) {
        words.push_back("field" + std::to_string(i));
        words.push_back("1");
    }
    EXPECT_EQ(run_words(words), ":1");
    save_where(GetParam() == From::kBoth);
    for (const std::string key : {"h f", "large field7"})
        EXPECT_EQ(run("HINCRBY " + key + " 1"), ":2");
    run("HINCRBYFLOAT large field8 0.5");
    run("HSET h g 5");
    run("HSET large field9 5");
    run("HPERSIST large FIELDS 1 field10");
    run("HDEL large field11");
    run("RENAME large moved");
    run("COPY moved copy");
    run("HSETEX gone EXAT 1 FIELDS 1 f v");
    save_where(GetParam() == From::kSnapshot);
    start_again();
    EXPECT_EQ(run("HTTL h FIELDS 3 f g l"), "[:200 :-1 :-1]");
    EXPECT_EQ(run("HGETALL h"), "{$f $2 $g $5 $l $3}");
    for (const std::string key : {"moved", "copy"}) {
        EXPECT_EQ(run("HTTL " + key + " FIELDS 5 field7 field8 field9 field10 field11"),
                  "[:200 :200 :-1 :-1 :-2]");
        EXPECT_EQ(run("HMGET " + key + " field7 field8 field9"), "[$2 $1.5 $5]");
        EXPECT_EQ(run("HLEN " + key), ":499");
    }
    EXPECT_EQ(run("DBSIZE"), ":3");
    advance_ms(200'000);
    EXPECT_EQ(run("HGETALL h"), "{$g $5 $l $3}");
    EXPECT_EQ(run("HKEYS h"), "[$g $l]");
    EXPECT_EQ(run("HLEN copy"), ":2");
}

TEST_P(HashRecoveryTest, FieldsThatEndedWhileTheStoreWasClosedAreAbsent) {
    run("HSETEX h PX 100 FIELDS 2 a 1 b 2");
    run("HSETEX all PX 100 FIELDS 1 a 1");
    run("HPERSIST h FIELDS 1 b");
    save_where(GetParam() != From::kLog);
    advance_ms(100);
    start_again();
    EXPECT_EQ(run("HGETALL h"), "{$b $2}");
    EXPECT_EQ(run("HGETALL all"), "{}");
    EXPECT_EQ(run("EXISTS all"), ":0");
}

}  // namespace
}  // namespace synap
