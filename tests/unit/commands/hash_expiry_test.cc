#include "tests/unit/commands/hash_test.h"

namespace synap {
namespace {

constexpr const char* kNoFields =
    "-ERR Mandatory argument FIELDS is missing or not at the right position";
constexpr const char* kBadCount = "-ERR Number of fields must be a positive integer";
constexpr const char* kOtherCount =
    "-ERR The `numfields` parameter must match the number of arguments";

class HashExpiryTest : public SmallAndLargeHashTest {
protected:
    void expect_no_key(const std::string& key, const std::string& after) {
        EXPECT_EQ(run("EXISTS " + key), ":0") << after;
        EXPECT_EQ(run("TYPE " + key), "+none") << after;
        EXPECT_EQ(run("DBSIZE"), ":0") << after;
    }
};

INSTANTIATE_TEST_SUITE_P(SmallAndLarge, HashExpiryTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Large" : "Small"; });

TEST_P(HashExpiryTest, FieldsEndAtTheirTime) {
    fill("h");
    run("HSET h a 1 b 2 c 3");
    EXPECT_EQ(run("HPEXPIRE h 1500 FIELDS 2 a none"), "[:1 :-2]");
    EXPECT_EQ(run("HEXPIREAT h 9999999999 FIELDS 1 b"), "[:1]");
    EXPECT_EQ(run("HPTTL h FIELDS 3 a c none"), "[:1500 :-1 :-2]");
    EXPECT_EQ(run("HTTL h FIELDS 1 a"), "[:2]");
    EXPECT_EQ(run("HPEXPIRETIME h FIELDS 2 a b"),
              "[:" + std::to_string(now_ms() + 1500) + " :9999999999000]");
    EXPECT_EQ(run("HEXPIRETIME h FIELDS 1 b"), "[:9999999999]");
    advance_ms(1499);
    EXPECT_EQ(run("HGET h a"), "$1");
    EXPECT_EQ(run("HPTTL h FIELDS 1 a"), "[:1]");
    advance_ms(1);
    EXPECT_EQ(run("HGET h a"), "_");
    EXPECT_EQ(run("HTTL h FIELDS 2 a b"),
              "[:-2 :" + std::to_string((9'999'999'999'000 - now_ms() + 999) / 1000) + "]");
    EXPECT_EQ(run("HLEN h"), size(2));
    EXPECT_EQ(run("HPERSIST h FIELDS 4 a b c b"), "[:-2 :1 :-1 :-1]");
    EXPECT_EQ(run("HTTL h FIELDS 1 b"), "[:-1]");
}

TEST_P(HashExpiryTest, ConditionsLookAtTheDeadlineThatIsThere) {
    fill("h");
    run("HSET h a 1 b 2");
    EXPECT_EQ(run("HEXPIRE h 100 XX FIELDS 1 a"), "[:0]");
    EXPECT_EQ(run("HEXPIRE h 100 GT FIELDS 1 a"), "[:0]");  // none is later than any
    EXPECT_EQ(run("HEXPIRE h 100 nx FIELDS 1 a"), "[:1]");
    EXPECT_EQ(run("HEXPIRE h 200 NX FIELDS 1 a"), "[:0]");
    EXPECT_EQ(run("HEXPIRE h 100 GT FIELDS 1 a"), "[:0]");
    EXPECT_EQ(run("HEXPIRE h 100 LT FIELDS 1 a"), "[:0]");
    EXPECT_EQ(run("HEXPIRE h 150 GT FIELDS 1 a"), "[:1]");
    EXPECT_EQ(run("HEXPIRE h 50 LT FIELDS 2 a b"), "[:1 :1]");
    EXPECT_EQ(run("HEXPIRE h 60 XX FIELDS 2 a b"), "[:1 :1]");
    EXPECT_EQ(run("HTTL h FIELDS 2 a b"), "[:60 :60]");
    // A condition comes before a time that has passed.
    EXPECT_EQ(run("HPEXPIREAT h 1 GT FIELDS 1 a"), "[:0]");
    EXPECT_EQ(run("HPEXPIREAT h 1 LT FIELDS 1 a"), "[:2]");
    EXPECT_EQ(run("HEXISTS h a"), ":0");
}

TEST_P(HashExpiryTest, AFieldNamedTwiceIsFoundAsTheFirstLeftIt) {
    fill("h");
    run("HSET h a 1 b 2");
    EXPECT_EQ(run("HEXPIRE h 9 NX FIELDS 3 a a b"), "[:1 :0 :1]");
    EXPECT_EQ(run("HPERSIST h FIELDS 2 a a"), "[:1 :-1]");
    EXPECT_EQ(run("HEXPIRE h 0 FIELDS 2 a a"), "[:2 :-2]");
    EXPECT_EQ(run("HGETDEL h FIELDS 3 b none b"), "[$2 _ _]");
    EXPECT_EQ(run("HSETEX h EX 5 FIELDS 2 a 1 a 2"), ":1");
    EXPECT_EQ(run("HGET h a"), "$2");
    EXPECT_EQ(run("HGETEX h PXAT 1 FIELDS 2 a a"), "[$2 _]");
    // Among many fields they are told apart in another way.
    run("HSET h a 1");
    std::string call = "HEXPIRE h 9 NX FIELDS 40";
    std::string reply;
    for (int i = 0; i < 40; ++i) {
        call += i % 20 == 19 ? " a" : " other" + std::to_string(i);
        reply += i == 19 ? ":1 " : i == 39 ? ":0" : ":-2 ";
    }
    EXPECT_EQ(run(call), "[" + reply + "]");
}

TEST_P(HashExpiryTest, CountingKeepsADeadlineAndSettingClearsIt) {
    fill("h");
    run("HSET h f 1");
    EXPECT_EQ(run("HEXPIRE h 200 FIELDS 1 f"), "[:1]");
    EXPECT_EQ(run("HINCRBYFLOAT h f 1.5"), "$2.5");
    EXPECT_EQ(run("HTTL h FIELDS 1 f"), "[:200]");
    EXPECT_EQ(run("HINCRBYFLOAT h f 0.5"), "$3");
    EXPECT_EQ(run("HINCRBY h f 1"), ":4");
    EXPECT_EQ(run("HTTL h FIELDS 1 f"), "[:200]");
    EXPECT_EQ(run("HSETNX h f 7"), ":0");
    EXPECT_EQ(run("COPY h copy"), ":1");
    EXPECT_EQ(run("HTTL copy FIELDS 1 f"), "[:200]");
    EXPECT_EQ(run("HSET h f 1"), ":0");
    EXPECT_EQ(run("HTTL h FIELDS 1 f"), "[:-1]");
    EXPECT_EQ(run("HTTL copy FIELDS 1 f"), "[:200]");
    run("HEXPIRE h 200 FIELDS 1 f");
    EXPECT_EQ(run("HMSET h f 1"), "+OK");
    EXPECT_EQ(run("HTTL h FIELDS 1 f"), "[:-1]");
    run("HEXPIRE h 200 FIELDS 1 f");
    EXPECT_EQ(run("HSETEX h KEEPTTL FIELDS 2 f 2 new 3"), ":1");
    EXPECT_EQ(run("HTTL h FIELDS 2 f new"), "[:200 :-1]");
    EXPECT_EQ(run("HSETEX h FIELDS 1 f 2"), ":1");
    EXPECT_EQ(run("HTTL h FIELDS 1 f"), "[:-1]");
}

TEST_P(HashExpiryTest, TheLastFieldTakesTheKeyWithItHoweverItGoes) {
    EXPECT_EQ(run("HSETEX n EXAT 1 FIELDS 1 f v"), ":1");
    expect_no_key("n", "HSETEX of a time that has passed");
    EXPECT_EQ(run("HSETEX n PX 0 FNX FIELDS 2 f v g w"), ":1");
    expect_no_key("n", "HSETEX PX 0");
    for (const char* call :
         {"HGETEX n PXAT 1 FIELDS 1 f", "HPEXPIREAT n 1 FIELDS 1 f", "HGETDEL n FIELDS 1 f",
          "HEXPIRE n 0 FIELDS 1 f", "HSETEX n EXAT 1 FIELDS 1 f w", "HDEL n f"}) {
        run("HSET n f v");
        run("HPEXPIRE n 100 FIELDS 1 f");
        EXPECT_NE(run(call)[0], '-') << call;
        expect_no_key("n", call);
        fill("n");
        run("HSET n f v");
        run(call);
        EXPECT_EQ(run("HEXISTS n f"), ":0") << call;
        run("DEL n");
    }
    run("HSETEX n PX 50 FIELDS 2 f v g w");
    advance_ms(50);
    expect_no_key("n", "time");
}

TEST_P(HashExpiryTest, HgetexReadsAndChangesTheDeadline) {
    fill("h");
    run("HSET h a 1 b 2");
    EXPECT_EQ(run("HGETEX h FIELDS 2 a none"), "[$1 _]");
    EXPECT_EQ(run("HTTL h FIELDS 1 a"), "[:-1]");
    EXPECT_EQ(run("HGETEX h EX 10 FIELDS 1 a"), "[$1]");
    EXPECT_EQ(run("HTTL h FIELDS 2 a b"), "[:10 :-1]");
    EXPECT_EQ(run("HGETEX h FIELDS 1 a"), "[$1]");
    EXPECT_EQ(run("HTTL h FIELDS 1 a"), "[:10]");
    EXPECT_EQ(run("HGETEX h PERSIST FIELDS 2 a b"), "[$1 $2]");
    EXPECT_EQ(run("HTTL h FIELDS 1 a"), "[:-1]");
    EXPECT_EQ(run("HGETEX h PX 0 FIELDS 2 a none"), "[$1 _]");
    EXPECT_EQ(run("HEXISTS h a"), ":0");
}

TEST_P(HashExpiryTest, HsetexSetsAllOrNothing) {
    fill("h");
    run("HSET h a 1");
    EXPECT_EQ(run("HSETEX h FNX FIELDS 2 b 2 a 2"), ":0");
    EXPECT_EQ(run("HMGET h a b"), "[$1 _]");
    EXPECT_EQ(run("HSETEX h FXX FIELDS 2 a 2 b 2"), ":0");
    EXPECT_EQ(run("HMGET h a b"), "[$1 _]");
    EXPECT_EQ(run("HSETEX h FXX PX 100 FIELDS 1 a 2"), ":1");
    EXPECT_EQ(run("HSETEX h PX 100 FNX FIELDS 1 b 2"), ":1");
    EXPECT_EQ(run("HPTTL h FIELDS 2 a b"), "[:100 :100]");
    advance_ms(100);
    EXPECT_EQ(run("HSETEX h FXX FIELDS 1 a 2"), ":0");
    EXPECT_EQ(run("HSETEX h KEEPTTL FNX FIELDS 1 a 2"), ":1");
    EXPECT_EQ(run("HPTTL h FIELDS 1 a"), "[:-1]");
}

// More fields have expired than one visit to the hash deletes.
TEST_F(CommandTest, ExpiredFieldsThatAreStillHeldAreAsGoodAsAbsent) {
    const auto prepare = [&] {
        run("DEL h");
        std::vector<std::string> words{"HSETEX", "h", "PX", "10", "FIELDS", "3000"};
        for (int i = 0; i < 3000; ++i) {
            words.push_back("e" + std::to_string(i));
            words.push_back("9");
        }
        run_words(words);
        run("HSET h l 1");
        advance_ms(10);
    };
    const auto each_expired = [&](const std::string& head, const std::string& tail,
                                  const std::string& reply) {
        prepare();
        for (int i = 2999; i >= 0; i -= 300) {  // whichever are still held
            EXPECT_EQ(run(head + " e" + std::to_string(i) + tail), reply) << head;
        }
    };
    each_expired("HGET h", "", "_");
    each_expired("HMGET h l", "", "[$1 _]");
    each_expired("HEXISTS h", "", ":0");
    each_expired("HSTRLEN h", "", ":0");
    each_expired("HDEL h", "", ":0");
    each_expired("HSET h", " 1", ":1");
    each_expired("HSETNX h", " 1", ":1");
    each_expired("HINCRBY h", " 1", ":1");
    each_expired("HINCRBYFLOAT h", " 1", "$1");
    each_expired("HPERSIST h FIELDS 2 l", "", "[:-1 :-2]");
    each_expired("HEXPIRE h 100 FIELDS 1", "", "[:-2]");
    each_expired("HTTL h FIELDS 1", "", "[:-2]");
    each_expired("HPEXPIRETIME h FIELDS 1", "", "[:-2]");
    each_expired("HGETEX h PERSIST FIELDS 1", "", "[_]");
    each_expired("HGETDEL h FIELDS 1", "", "[_]");
    each_expired("HSETEX h FXX FIELDS 1", " 1", ":0");
    each_expired("HSETEX h FNX FIELDS 1", " 1", ":1");
    for (const auto& [call, reply] : std::vector<std::pair<const char*, const char*>>{
             {"HLEN h", ":1"},
             {"HGETALL h", "{$l $1}"},
             {"HKEYS h", "[$l]"},
             {"HVALS h", "[$1]"},
             {"HRANDFIELD h", "$l"},
             {"HRANDFIELD h 5", "[$l]"},
             {"HRANDFIELD h -2 WITHVALUES", "{$l $1 $l $1}"},
             {"HSCAN h 0 COUNT 100000", "[$0 [$l $1]]"}}) {
        prepare();
        EXPECT_EQ(run(call), reply) << call;
    }
}

TEST_F(CommandTest, FieldsKeepTheirTimeUnderAnotherName) {
    run("HSETEX a PX 100 FIELDS 2 f 1 g 2");
    run("HPERSIST a FIELDS 1 g");
    run("RENAME a b");
    EXPECT_EQ(run("HPTTL b FIELDS 2 f g"), "[:100 :-1]");
    EXPECT_EQ(run("HPEXPIRE b 50 FIELDS 1 g"), "[:1]");
    run("COPY b c");
    run("DEL b");
    EXPECT_EQ(run("MOVE c 1"), ":1");
    run("HSET b f 1");  // the old name again: its fields have no deadline
    run("HSETEX x PX 100 FIELDS 1 f 1");
    run("SET x text");
    run("HSETEX y PX 60 FIELDS 1 f y");
    run("HSETEX z PX 90 FIELDS 1 f z");
    run("RENAME y t");
    run("RENAME z y");
    run("RENAME t z");
    advance_ms(60);
    EXPECT_EQ(run("EXISTS z"), ":0");
    EXPECT_EQ(run("HGETALL y"), "{$f $z}");
    run("SELECT 1");
    EXPECT_EQ(run("HGETALL c"), "{$f $1}");
    EXPECT_EQ(run("SWAPDB 0 1"), "+OK");
    run("SELECT 0");
    advance_ms(40);
    EXPECT_EQ(run("EXISTS c"), ":0");
    run("SELECT 1");
    EXPECT_EQ(run("HGETALL b"), "{$f $1}");
    EXPECT_EQ(run("GET x"), "$text");
    EXPECT_EQ(run("EXISTS y"), ":0");
    EXPECT_EQ(run("DBSIZE"), ":2");
}

// However many fields a call names, and whatever of them is there: each is answered by itself.
TEST_P(HashExpiryTest, CallsOnAnyNumberOfFields) {
    for (const int count : {1, 2, 15, 16, 17, 33, 100}) {
        SCOPED_TRACE(count);
        run("DEL h");
        fill("h");
        // Every third field is absent.
        std::vector<std::string> named{"FIELDS", std::to_string(count)};
        std::vector<std::string> set{"HSET", "h", "some", "0"};
        std::string values;
        std::string done;
        for (int i = 0; i < count; ++i) {
            const std::string field = "f" + std::to_string(i);
            named.push_back(field);
            const bool there = i % 3 != 2;
            if (there) set.insert(set.end(), {field, "v" + std::to_string(i)});
            const char* const blank = i == 0 ? "" : " ";
            values += blank + (there ? "$v" + std::to_string(i) : std::string("_"));
            done += std::string(blank) + (there ? ":1" : ":-2");
        }
        run_words(set);
        const auto call = [&](std::vector<std::string> words, bool counted) {
            words.insert(words.end(), named.begin() + (counted ? 0 : 2), named.end());
            return run_words(words);
        };
        const std::string number = std::to_string(count - count / 3);
        EXPECT_EQ(call({"HMGET", "h"}, false), "[" + values + "]");
        EXPECT_EQ(call({"HEXPIRE", "h", "1000"}, true), "[" + done + "]");
        EXPECT_EQ(call({"HEXPIRE", "h", "2000", "XX"}, true).size(), done.size() + 2);
        EXPECT_EQ(call({"HPERSIST", "h"}, true), "[" + done + "]");
        EXPECT_EQ(call({"HGETEX", "h", "EX", "100"}, true), "[" + values + "]");
        EXPECT_EQ(call({"HGETDEL", "h"}, true), "[" + values + "]");
        EXPECT_EQ(run("HLEN h"), size(1));
        run_words(set);
        EXPECT_EQ(call({"HDEL", "h"}, false), ":" + number);
        EXPECT_EQ(run("HLEN h"), size(1));
    }
}

TEST_F(CommandTest, CallsOnFieldsAreRefusedAsRedisRefusesThem) {
    run("SET s text");
    run("HSET h a 1");
    const std::string late = "70368744177664";
    for (const auto& [call, reply] : std::vector<std::pair<std::string, std::string>>{
             {"HEXPIRE h x FIELDS 1 a", kNotAnInteger},
             {"HEXPIRE h -1 FIELD 1 a", "-ERR invalid expire time, must be >= 0"},
             {"HEXPIRE h 9223372036854775807 FIELDS 1 a", invalid_expiry("hexpire")},
             {"HPEXPIRE h 9223372036854775807 FIELDS 1 a", invalid_expiry("hpexpire")},
             {"HPEXPIREAT h " + late + " FIELDS 1 a", invalid_expiry("hpexpireat")},
             {"HEXPIREAT h 70368744178 FIELDS 1 a", invalid_expiry("hexpireat")},
             {"HEXPIRE h 10 FIELD 1 a", kNoFields},
             {"HEXPIRE h 10 NX XX FIELDS 1 a", kNoFields},
             {"HEXPIRE h 10 FIELDS 0 a", "-ERR Parameter `numFields` should be greater than 0"},
             {"HEXPIRE h 10 FIELDS x a", "-ERR Parameter `numFields` should be greater than 0"},
             {"HEXPIRE h 10 FIELDS 2 a", kOtherCount},
             {"HEXPIRE h 10 FIELDS 1 a NX", kOtherCount},
             {"HEXPIRE h 10 FIELDS 1", wrong_arguments("hexpire")},
             {"HEXPIRE s x FIELDS 1 a", kWrongType},
             {"HEXPIRE none 1 FIELDS 2 a b", "[:-2 :-2]"},
             {"HTTL h FIELD 1 a", kNoFields},
             {"HTTL h FIELDS 0 a", kBadCount},
             {"HTTL none FIELDS 2 a", kOtherCount},
             {"HPTTL none FIELDS 2 a b", "[:-2 :-2]"},
             {"HEXPIRETIME s FIELDS 2 a", kWrongType},
             {"HPERSIST s FIELDS 2 a", kWrongType},
             {"HPERSIST h FIELDS 9223372036854775808 a", kBadCount},
             {"HGETDEL s FIELD 1 a", kWrongType},
             {"HGETDEL none FIELDS 1 a", "[_]"},
             {"HGETEX none EX x FIELDS 1 a", kNotAnInteger},
             {"HGETEX s EX x FIELDS 1 a", kWrongType},
             {"HGETEX h EX 10 PX 10 FIELDS 1 a", kNoFields},
             {"HGETEX h KEEPTTL FIELDS 1 a", kNoFields},
             {"HGETEX h EX 10 20", wrong_arguments("hgetex")},
             {"HGETEX h EX 10 FIELDS 1", kOtherCount},
             {"HGETEX h EXAT 70368744178 FIELDS 1 a", invalid_expiry("hgetex")},
             {"HSETEX s EX x FIELDS 1 a 1", kNotAnInteger},
             {"HSETEX s EX 10 FIELDS 1 a 1", kWrongType},
             {"HSETEX h EX -1 FOO 1 a 1", "-ERR invalid expire time, must be >= 0"},
             {"HSETEX h FIELDS 1 a 1 b 2", wrong_arguments("hsetex")},
             {"HSETEX h FIELDS 2147483648 a 1", "-ERR invalid number of fields"},
             {"HSETEX h FIELDS 0 a 1", "-ERR invalid number of fields"},
             {"HSETEX h FIELDS x a 1", "-ERR invalid number of fields"},
             {"HSETEX h FIELDS 0 a", wrong_arguments("hsetex")},
             {"HSETEX h FXX FIELDS x", wrong_arguments("hsetex")},
             {"HSETEX h FIELDS 1 a 1 EX 10", wrong_arguments("hsetex")},
             {"HSETEX h FXX EX 10 FIELDS", wrong_arguments("hsetex")},
             {"HSETEX h FXX FNX FIELDS 1 a 1",
              "-ERR Only one of FXX or FNX arguments can be specified"},
             {"HSETEX h EX 10 KEEPTTL FIELDS 1 a 1",
              "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified"},
             {"HSETEX h PERSIST FIELDS 1 a 1", "-ERR unknown argument: PERSIST"},
             {"HSETEX h EX 10 20 FIELDS 1 a 1", "-ERR unknown argument: 20"},
             {std::string("HSETEX h a\0b FIELDS 1 a 1", 25), "-ERR unknown argument: a"}}) {
        EXPECT_EQ(run(call), reply) << call;
    }
    EXPECT_EQ(run("HGETALL h"), "{$a $1}");
    EXPECT_EQ(run("HTTL h FIELDS 1 a"), "[:-1]");
    EXPECT_EQ(run("DBSIZE"), ":2");
}

}  // namespace
}  // namespace synap
