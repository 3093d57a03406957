// What clients send as fields and parameters: right, absent, or an error that names it.
// fault case 7: a field of a wrong type never counts as an absent one.
#include "server/http/fields.h"

#include <gtest/gtest.h>

#include <string>

#include "server/http/number.h"

namespace synap::server::http {
namespace {

constexpr std::array kInner = {
    FieldSpec{.name = "unit", .required = true, .choices = "s|ms"},
    FieldSpec{.name = "n", .type = FieldType::kInteger, .required = true, .min = 0, .max = 9},
};
constexpr std::array kSpecs = {
    FieldSpec{.name = "text"},
    FieldSpec{.name = "number", .type = FieldType::kInteger},
    FieldSpec{.name = "count", .type = FieldType::kInteger, .min = 0, .max = 100},
    FieldSpec{.name = "flag", .type = FieldType::kFlag},
    FieldSpec{.name = "any", .type = FieldType::kAny},
    FieldSpec{.name = "object",
              .type = FieldType::kObject,
              .members = kInner.data(),
              .members_count = kInner.size()},
    FieldSpec{.name = "texts", .type = FieldType::kTexts},
    FieldSpec{.name = "pairs", .type = FieldType::kPairs},
};

class HttpFields : public testing::Test {
protected:
    // What is wrong with a body; "" when all is right.
    std::string error(const std::string& body, FieldSpecs specs = kSpecs) {
        Json document;
        if (parser_.parse(body).get(document) != simdjson::SUCCESS) return "no JSON: " + body;
        return Fields().read(document, specs).value_or("");
    }
    int64_t number(const std::string& json) {
        Json document;
        EXPECT_EQ(parser_.parse(R"({"number":)" + json + "}").get(document), simdjson::SUCCESS);
        Fields fields;
        EXPECT_EQ(fields.read(document, kSpecs), std::nullopt) << json;
        return fields.integer("number", -77);
    }

    simdjson::dom::parser parser_;
};

TEST_F(HttpFields, AbsentAndNullMeanTheDefault) {
    EXPECT_EQ(number("null"), -77);
    EXPECT_EQ(error("{}"), "");
    EXPECT_EQ(error("null"), "");
    EXPECT_EQ(error(R"({"text":null,"count":null,"flag":null,"object":null,"texts":null})"), "");
}

TEST_F(HttpFields, NumbersAreReadExactlyOrNotAtAll) {
    EXPECT_EQ(number("60"), 60);
    EXPECT_EQ(number("60.0"), 60);
    EXPECT_EQ(number("6e1"), 60);
    EXPECT_EQ(number("-0.0"), 0);
    EXPECT_EQ(number(R"("60")"), 60);
    EXPECT_EQ(number(R"("-9223372036854775808")"), std::numeric_limits<int64_t>::min());
    EXPECT_EQ(number("9223372036854775807"), std::numeric_limits<int64_t>::max());
    EXPECT_EQ(number("9007199254740992.0"), 9007199254740992);
    for (const char* wrong :
         {"60.5", "1e-3", "9223372036854775808", "18446744073709551615", "9.3e18", "1e300",
          "9007199254740994.0", "true", "false", "[]", "[60]", "{}", R"("")", R"(" 60")",
          R"("+60")", R"("60.0")", R"("0x3c")", R"("sixty")", R"("9223372036854775808")"}) {
        const std::string text = error(R"({"number":)" + std::string(wrong) + "}");
        EXPECT_EQ(text.find("'number' must be a whole number from -9223372036854775808 to "), 0U)
            << wrong;
        EXPECT_NE(text.find(", not "), std::string::npos) << text;
    }
    EXPECT_EQ(error(R"({"count":-1})"), "'count' must be a whole number from 0 to 100, not -1");
    EXPECT_EQ(error(R"({"count":101.0})").substr(0, 15), "'count' must be");
    EXPECT_EQ(error(R"({"count":"100"})"), "");
}

TEST_F(HttpFields, OtherTypesAreTakenAsTheyAre) {
    for (const char* wrong : {R"("true")", "1", "0", R"("")", "[]"}) {
        EXPECT_EQ(error(R"({"flag":)" + std::string(wrong) + "}").substr(0, 34),
                  "'flag' must be true or false, not ");
    }
    EXPECT_EQ(error(R"({"text":5})"), "'text' must be a string, not 5");
    EXPECT_EQ(error(R"({"text":{}})"), "'text' must be a string, not an object");
    EXPECT_EQ(error(R"({"texts":"a"})"), "'texts' must be an array of strings, not \"a\"");
    EXPECT_EQ(error(R"({"texts":["a",null]})"),
              "Invalid texts array: item 1 must be a string, not null");
    EXPECT_EQ(error(R"({"object":[]})"), "'object' must be an object, not an array");
    EXPECT_EQ(error(R"({"object":{"unit":"s"}})"), "Missing 'object.n' field");
    EXPECT_EQ(error(R"({"object":{"unit":"h","n":1}})"),
              "'object.unit' must be one of s, ms, not \"h\"");
    EXPECT_EQ(error(R"({"object":{"unit":"s","n":10}})"),
              "'object.n' must be a whole number from 0 to 9, not 10");
    EXPECT_EQ(error(R"({"pairs":{}})"), "'pairs' must be an array of pairs, not an object");
    EXPECT_EQ(error(R"({"pairs":[["a",1],["b"]]})"),
              "'pairs[1]' must be a key, which is a string, and a value");
    EXPECT_EQ(error(R"({"pairs":[{"key":1,"value":1}]})"),
              "'pairs[0].key' must be a string, not 1");
    EXPECT_EQ(error(R"({"pairs":[{"key":"a","value":1,"ttl":5}]})").substr(0, 35),
              "Unknown field 'pairs[0].ttl'; known");
    EXPECT_EQ(error(R"({"pairs":["a"]})"), "'pairs[0]' must be an object or an array, not \"a\"");
    EXPECT_EQ(error("[]"), "the fields must be in an object, not in an array");
    EXPECT_EQ(error("5"), "the fields must be in an object, not in 5");
}

TEST_F(HttpFields, UnknownAndRepeatedNamesAreErrors) {
    EXPECT_EQ(error(R"({"cuont":1})"), "Unknown field 'cuont'; did you mean count?");
    EXPECT_EQ(error(R"({"zebra":1})"),
              "Unknown field 'zebra'; known: text, number, count, flag, any, object, texts, pairs");
    EXPECT_EQ(error(R"({"zebra":1})", {}), "Unknown field 'zebra'; there are none here");
    EXPECT_EQ(error(R"({"count":1,"count":2})"), "Field 'count' is given twice");
    EXPECT_EQ(error(R"({"count":null,"co\u0075nt":2})"), "Field 'count' is given twice");
    EXPECT_EQ(error(R"({"pairs":[{"key":"a","value":1,"key":"b"}]})"),
              "Field 'pairs[0].key' is given twice");
    EXPECT_LT(error("{\"" + std::string(100'000, 'x') + "\":1}").size(), 200U);
}

TEST_F(HttpFields, FieldsThatExcludeEachOtherCountOnlyWhereTheySaySomething) {
    constexpr std::array kExclusive = {
        FieldSpec{.name = "keep", .type = FieldType::kFlag},
        FieldSpec{.name = "ttl", .type = FieldType::kInteger, .excludes = "keep"},
        FieldSpec{.name = "glob", .type = FieldType::kPattern},
        FieldSpec{.name = "beginning", .type = FieldType::kPrefix, .excludes = "glob"}};
    EXPECT_EQ(error(R"({"keep":true,"ttl":1})", kExclusive), "'keep' and 'ttl' exclude each other");
    EXPECT_EQ(error(R"({"keep":false,"ttl":1})", kExclusive), "");
    EXPECT_EQ(error(R"({"keep":true,"ttl":null})", kExclusive), "");
    EXPECT_EQ(error(R"({"glob":"","beginning":"a"})", kExclusive), "");
    EXPECT_EQ(error(R"({"glob":"*","beginning":"a"})", kExclusive),
              "'glob' and 'beginning' exclude each other");
    EXPECT_EQ(error(R"({"glob":5})", kExclusive), "'glob' must be a string, not 5");
}

TEST_F(HttpFields, MakeTheWordsOfACommand) {
    constexpr std::array kAll = {FieldSpec{.name = "beginning", .type = FieldType::kPrefix},
                                 FieldSpec{.name = "any", .type = FieldType::kAny},
                                 FieldSpec{.name = "texts", .type = FieldType::kTexts},
                                 FieldSpec{.name = "map", .type = FieldType::kMap},
                                 FieldSpec{.name = "pairs", .type = FieldType::kPairs},
                                 FieldSpec{.name = "flag", .type = FieldType::kFlag}};
    const auto words = [&](const std::string& body) {
        Json document;
        EXPECT_EQ(parser_.parse(body).get(document), simdjson::SUCCESS) << body;
        Fields fields;
        EXPECT_EQ(fields.read(document, kAll), std::nullopt) << body;
        Words words;
        std::string all;
        for (const FieldSpec& spec : kAll) {
            if (fields.given(spec.name)) fields.add_words(spec.name, words);
        }
        for (size_t at = 0; at < words.argv.size(); ++at) {
            all += std::string(words.text(at)) + "|";
        }
        return all;
    };
    EXPECT_EQ(words(R"({"beginning":"a*[b]\\?^"})"), R"(a\*\[b\]\\\?\^*|)");
    EXPECT_EQ(words(R"({"any":"text"})"), "text|");
    EXPECT_EQ(words(R"({"any":{"a": [1, null]}})"), R"({"a":[1,null]}|)");
    EXPECT_EQ(words(R"({"any":null})"), "null|");
    EXPECT_EQ(words(R"({"texts":["a","","b"]})"), "a||b|");
    EXPECT_EQ(words(R"({"map":{"a":1,"b":"x"}})"), "a|1|b|x|");
    EXPECT_EQ(words(R"({"map":[{"value":true,"field":"a"}]})"), "a|true|");
    EXPECT_EQ(words(R"({"pairs":[["a",1],{"value":"x","key":"b"}]})"), "a|1|b|x|");
    EXPECT_EQ(words(R"({"flag":true})"), "") << "its word is the mapping's";
}

TEST_F(HttpFields, QueriesAreReadByTheSameRules) {
    const auto error = [](std::string_view query) {
        constexpr std::array kQuery = {
            FieldSpec{.name = "start", .type = FieldType::kInteger, .required = true},
            FieldSpec{.name = "type", .choices = "string|bytes"}};
        return Fields().read_query(query, kQuery).value_or("");
    };
    EXPECT_EQ(error("start=-5&type=bytes"), "");
    EXPECT_EQ(error("&start=%35&&"), "");
    EXPECT_EQ(error("type=bytes"), "start parameter required");
    for (const char* wrong :
         {"start=", "start", "start=1.0", "start=x", "start=+1", "start=9223372036854775808"}) {
        EXPECT_EQ(error(wrong).substr(0, 15), "'start' must be") << wrong;
    }
    EXPECT_EQ(error("start=1&type=Bytes"), "'type' must be one of string, bytes, not 'Bytes'");
    EXPECT_EQ(error("start=1&tpye=bytes"), "Unknown parameter 'tpye'; did you mean type?");
    EXPECT_EQ(error("start=1&start=2"), "Parameter 'start' is given twice");
    EXPECT_EQ(error("start=%3"), "broken percent-encoding in parameter 'start'");
    EXPECT_EQ(Fields().read_query("verbose", {}),
              "Unknown parameter 'verbose'; there are none here");
    Fields fields;
    constexpr std::array kTwo = {FieldSpec{.name = "a"}, FieldSpec{.name = "b"}};
    ASSERT_EQ(fields.read_query("b=%2B+x&a=%C3%A9", kTwo), std::nullopt);
    EXPECT_EQ(fields.text("a"), "é");
    EXPECT_EQ(fields.text("b"), "+ x");
}

TEST(HttpNumber, NamesTheNumberThatSixtyFourBitsDoNotHold) {
    EXPECT_EQ(oversized_number(R"({"a":1,"amount": 18446744073709551616})"),
              "'amount': the number 18446744073709551616 does not fit into 64 bits; a value may be "
              "written as a string");
    EXPECT_NE(oversized_number(R"({"a":[1e400]})"), std::nullopt);
    EXPECT_NE(oversized_number(R"({"a":-9223372036854775809})"), std::nullopt);
    EXPECT_EQ(oversized_number(R"({"a":18446744073709551615,"b":"18446744073709551616"})"),
              std::nullopt);
    EXPECT_EQ(oversized_number(R"({"a":01})"), std::nullopt);
    EXPECT_EQ(oversized_number(R"({"a":NaN,"b":-Infinity})"), std::nullopt);
    for (const char* broken : {"\"", "\"\\", "-", "{\"a\":\"b", "1.", "1e", "", "\"a\\\""}) {
        EXPECT_EQ(oversized_number(broken), std::nullopt) << broken;
    }
    EXPECT_LT(oversized_number("[1" + std::string(100'000, '0') + "]")->size(), 150U);
}

}  // namespace
}  // namespace synap::server::http
