#include <algorithm>

#include "tests/unit/commands/hash_test.h"

namespace synap {
namespace {

class HashesTest : public SmallAndLargeHashTest {};

INSTANTIATE_TEST_SUITE_P(SmallAndLarge, HashesTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Large" : "Small"; });

TEST_P(HashesTest, SetsAndReadsFields) {
    fill("h");
    EXPECT_EQ(run("HSET h a 1 b 2"), ":2");
    EXPECT_EQ(run("HSET h a 3 c 4"), ":1");
    EXPECT_EQ(run("HGET h a"), "$3");
    EXPECT_EQ(run("HGET h none"), "_");
    EXPECT_EQ(run("HMGET h a none b a"), "[$3 _ $2 $3]");
    EXPECT_EQ(run("HLEN h"), size(3));
    EXPECT_EQ(run("HEXISTS h b"), ":1");
    EXPECT_EQ(run("HEXISTS h none"), ":0");
    EXPECT_EQ(run("HSTRLEN h a"), ":1");
    EXPECT_EQ(run("HSTRLEN h none"), ":0");
    EXPECT_EQ(run("TYPE h"), "+hash");
}

TEST_P(HashesTest, AFieldThatIsRepeatedCountsOnceAndTakesTheLastValue) {
    fill("h");
    EXPECT_EQ(run("HSET h f 1 f 2 g 3 f 4"), ":2");
    EXPECT_EQ(run("HGET h f"), "$4");
    EXPECT_EQ(run("HDEL h f f g f"), ":2");
    EXPECT_EQ(run("HLEN h"), size(0));
}

TEST_P(HashesTest, TheLastFieldTakesTheKeyWithIt) {
    EXPECT_EQ(run("HSET h f 1 g 2"), ":2");
    fill("h");
    EXPECT_EQ(run("HDEL h none"), ":0");
    EXPECT_EQ(run("HDEL h f g none"), ":2");
    for (int i = 0; GetParam() && i < kFiller; ++i) {
        EXPECT_EQ(run("HDEL h filler" + std::to_string(i)), ":1");
    }
    EXPECT_EQ(run("EXISTS h"), ":0");
    EXPECT_EQ(run("DBSIZE"), ":0");
    EXPECT_EQ(run("HDEL h f"), ":0");
}

TEST_P(HashesTest, HsetnxSetsOnlyWhatIsAbsent) {
    fill("h");
    EXPECT_EQ(run("HSETNX h f 1"), ":1");
    EXPECT_EQ(run("HSETNX h f 2"), ":0");
    EXPECT_EQ(run("HGET h f"), "$1");
}

TEST_P(HashesTest, CountsInFields) {
    fill("h");
    EXPECT_EQ(run("HINCRBY h n 5"), ":5");
    EXPECT_EQ(run("HINCRBY h n -7"), ":-2");
    EXPECT_EQ(run("HINCRBYFLOAT h n 0.5"), "$-1.5");
    EXPECT_EQ(run("HINCRBY h n 1"), "-ERR hash value is not an integer");
    EXPECT_EQ(run("HINCRBYFLOAT h n 1.5e0"), "$0");
    EXPECT_EQ(run("HINCRBYFLOAT h m 3.0e3"), "$3000");
    run("HSET h top 9223372036854775807 text abc");
    EXPECT_EQ(run("HINCRBY h top 1"), "-ERR increment or decrement would overflow");
    EXPECT_EQ(run("HINCRBY h text 1"), "-ERR hash value is not an integer");
    EXPECT_EQ(run("HINCRBYFLOAT h text 1"), "-ERR hash value is not a float");
    EXPECT_EQ(run("HINCRBY h n 1.5"), kNotAnInteger);
    EXPECT_EQ(run("HINCRBYFLOAT h n x"), "-ERR value is not a valid float");
    EXPECT_EQ(run("HINCRBYFLOAT h n inf"), "-ERR value is NaN or Infinity");
    EXPECT_EQ(run("HGET h top"), "$9223372036854775807");
    EXPECT_EQ(run("HEXISTS none n"), ":0");
}

TEST_P(HashesTest, ScansEveryFieldOnce) {
    fill("h");
    run("HSET h a 1 b 2");
    std::string cursor = "0";
    std::string seen;
    int pages = 0;
    do {
        const std::string page = run("HSCAN h " + cursor + " COUNT 20 NOVALUES");
        cursor = page.substr(2, page.find(' ') - 2);  // "[$cursor [...]]"
        seen += page.substr(page.find(' ')) + " ";
        ASSERT_LT(++pages, 1000);
    } while (cursor != "0");
    std::vector<std::string> fields{"$a", "$b"};
    for (int i = 0; GetParam() && i < kFiller; ++i) fields.push_back("$filler" + std::to_string(i));
    for (const std::string& field : fields) {
        size_t times = 0;
        for (size_t at = seen.find(field); at != std::string::npos; at = seen.find(field, at + 1)) {
            const char after = seen[at + field.size()];
            times += after == ' ' || after == ']' ? 1 : 0;
        }
        EXPECT_EQ(times, 1u) << field;
    }
    EXPECT_EQ(pages > 1, GetParam());
}

TEST_P(HashesTest, DrawsFields) {
    run("HSET h a 1");
    EXPECT_EQ(run("HRANDFIELD h"), "$a");
    EXPECT_EQ(run("HRANDFIELD h -3"), "[$a $a $a]");
    EXPECT_EQ(run("HRANDFIELD h -2 withvalues"), "{$a $1 $a $1}");
    EXPECT_EQ(run("HRANDFIELD h 5"), "[$a]");
    EXPECT_EQ(run("HRANDFIELD h 0"), "[]");
    fill("h");
    run("HSET h b 2 c 3");
    const int all = GetParam() ? 3 + kFiller : 3;
    for (const int count : {1, 2, 10, 100, 302, 303, 1000}) {
        const std::string reply = run("HRANDFIELD h " + std::to_string(count));
        std::istringstream in(reply.substr(1, reply.size() - 2));
        std::vector<std::string> drawn;
        for (std::string word; in >> word;) drawn.push_back(word);
        EXPECT_EQ(static_cast<int>(drawn.size()), std::min(count, all)) << count;
        std::sort(drawn.begin(), drawn.end());
        EXPECT_EQ(std::adjacent_find(drawn.begin(), drawn.end()), drawn.end()) << count;
    }
}

class HashErrorsTest : public CommandTest {};

TEST_F(HashErrorsTest, ShowsWholeHashes) {
    run("HSET h a 1 b 2");
    EXPECT_EQ(run("HGETALL h"), "{$a $1 $b $2}");
    EXPECT_EQ(run("HKEYS h"), "[$a $b]");
    EXPECT_EQ(run("HVALS h"), "[$1 $2]");
    EXPECT_EQ(run("HSCAN h 0"), "[$0 [$a $1 $b $2]]");
    EXPECT_EQ(run("HSCAN h 77 MATCH b*"), "[$0 [$b $2]]");
    EXPECT_EQ(run("HSCAN h 0 COUNT 1 NOVALUES MATCH *"), "[$0 [$a $b]]");
    EXPECT_EQ(run("HMSET h a 3"), "+OK");
    EXPECT_EQ(run("HSET '' '' ''"), ":1");
    EXPECT_EQ(run("HGETALL ''"), "{$ $}");
}

TEST_F(HashErrorsTest, AnAbsentHashIsEmpty) {
    EXPECT_EQ(run("HGET h f"), "_");
    EXPECT_EQ(run("HMGET h f g"), "[_ _]");
    EXPECT_EQ(run("HGETALL h"), "{}");
    EXPECT_EQ(run("HKEYS h"), "[]");
    EXPECT_EQ(run("HVALS h"), "[]");
    EXPECT_EQ(run("HLEN h"), ":0");
    EXPECT_EQ(run("HSTRLEN h f"), ":0");
    EXPECT_EQ(run("HEXISTS h f"), ":0");
    EXPECT_EQ(run("HDEL h f"), ":0");
    EXPECT_EQ(run("HRANDFIELD h"), "_");
    EXPECT_EQ(run("HRANDFIELD h 3 WITHVALUES"), "[]");
    EXPECT_EQ(run("HSCAN h 5"), "[$0 []]");
    EXPECT_EQ(run("HSCAN h 5 nonsense"), "[$0 []]");  // as Redis: options are not looked at
    EXPECT_EQ(run("DBSIZE"), ":0");
}

TEST_F(HashErrorsTest, OtherTypesAreRefusedAndUntouched) {
    run("SET s text");
    run("HSET h f 1");
    for (const char* call : {"HSET s f 1",
                             "HMSET s f 1",
                             "HSETNX s f 1",
                             "HGET s f",
                             "HMGET s f",
                             "HGETALL s",
                             "HKEYS s",
                             "HVALS s",
                             "HLEN s",
                             "HSTRLEN s f",
                             "HEXISTS s f",
                             "HDEL s f",
                             "HINCRBY s f 1",
                             "HINCRBYFLOAT s f 1",
                             "HRANDFIELD s",
                             "HRANDFIELD s 0",
                             "HSCAN s 0 nonsense",
                             "GET h",
                             "INCR h",
                             "APPEND h x",
                             "GETEX h",
                             "GETDEL h"}) {
        EXPECT_EQ(run(call), kWrongType) << call;
    }
    EXPECT_EQ(run("GET s"), "$text");
    EXPECT_EQ(run("HGETALL h"), "{$f $1}");
    EXPECT_EQ(run("MGET s h"), "[$text _]");
}

TEST_F(HashErrorsTest, RefusesArgumentsThatAreNone) {
    run("HSET h f 1");
    EXPECT_EQ(run("HSET h f"), wrong_arguments("hset"));
    EXPECT_EQ(run("HSET h f 1 g"), wrong_arguments("hset"));
    EXPECT_EQ(run("HMSET h f 1 g"), wrong_arguments("hmset"));
    EXPECT_EQ(run("HSETNX h f 1 g"), wrong_arguments("hsetnx"));
    EXPECT_EQ(run("HSCAN h x"), "-ERR invalid cursor");
    EXPECT_EQ(run("HSCAN h 0 COUNT 0"), kSyntaxError);
    EXPECT_EQ(run("HSCAN h 0 COUNT x"), kNotAnInteger);
    EXPECT_EQ(run("HSCAN h 0 MATCH"), kSyntaxError);
    EXPECT_EQ(run("HSCAN h 0 TYPE hash"), kSyntaxError);
    EXPECT_EQ(run("HRANDFIELD h x"), kNotAnInteger);
    EXPECT_EQ(run("HRANDFIELD h 1 x"), kSyntaxError);
    EXPECT_EQ(run("HRANDFIELD h 1 WITHVALUES x"), kSyntaxError);
    EXPECT_EQ(run("HRANDFIELD h 9223372036854775807 WITHVALUES"), "-ERR value is out of range");
    EXPECT_EQ(run("HRANDFIELD h -9223372036854775808"),
              "-ERR value is out of range, value must between -9223372036854775807 and "
              "9223372036854775807");
    EXPECT_EQ(run("HRANDFIELD h 9223372036854775807"), "[$f]");
    EXPECT_EQ(run("HRANDFIELD h -2000000"), "-ERR value is out of range");
    EXPECT_EQ(run("HGETALL h"), "{$f $1}");
}

TEST_F(HashErrorsTest, HashesKeepTheLifeOfTheirKey) {
    run("HSET h f 1");
    run("PEXPIRE h 1000");
    run("HSET h g 2");
    run("HINCRBY h f 1");
    EXPECT_EQ(run("PTTL h"), ":1000");
    advance_ms(1000);
    EXPECT_EQ(run("HGETALL h"), "{}");
    EXPECT_EQ(run("HSET h f 1"), ":1");
    EXPECT_EQ(run("PTTL h"), ":-1");
}

TEST_F(HashErrorsTest, ManyFieldsInOneCall) {
    std::vector<std::string> words{"HSET", "h"};
    const std::string value(3000, 'v');  // beyond what one effect carries
    for (int i = 0; i < 1000; ++i) {
        words.push_back("field" + std::to_string(i));
        words.push_back(value);
    }
    EXPECT_EQ(run_words(words), ":1000");
    EXPECT_EQ(run("HLEN h"), ":1000");
    EXPECT_EQ(run("HGET h field999"), "$" + value);
    EXPECT_EQ(run_words(words), ":0");
}

}  // namespace
}  // namespace synap
