#include "server/http/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace synap::server::http {
namespace {

template <typename Write>
std::string written(Write write) {
    std::string out;
    JsonWriter json(out);
    write(json);
    return out;
}

TEST(JsonWriter, PutsTheCommas) {
    EXPECT_EQ(written([](JsonWriter& json) {
                  json.begin_object();
                  json.member("a", int64_t{1});
                  json.key("b");
                  json.begin_array();
                  json.integer(int64_t{-2});
                  json.text("");
                  json.begin_object();
                  json.end_object();
                  json.null();
                  json.end_array();
                  json.member("c", true);
                  json.end_object();
              }),
              R"({"a":1,"b":[-2,"",{},null],"c":true})");
}

TEST(JsonWriter, TextThatEndsInABracketDoesNotConfuseTheCommas) {
    EXPECT_EQ(written([](JsonWriter& json) {
                  json.begin_array();
                  json.text("[");
                  json.text("{:");
                  json.end_array();
              }),
              R"(["[","{:"])");
}

TEST(JsonWriter, EscapesWhatMustBeEscaped) {
    const std::string text("\"\\\n\r\t\x01\x1f/\0é", 11);
    EXPECT_EQ(written([&](JsonWriter& json) { json.text(text); }),
              "\"\\\"\\\\\\n\\r\\t\\u0001\\u001f/\\u0000é\"");
}

TEST(JsonWriter, ReplacesBytesThatAreNotUtf8) {
    EXPECT_EQ(written([](JsonWriter& json) { json.text("a\xff\xc3(\xed\xa0\x80z"); }),
              "\"a\xEF\xBF\xBD\xEF\xBF\xBD(\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\"");
}

TEST(JsonWriter, SaysWhenAStoredValueIsBinary) {
    EXPECT_EQ(written([](JsonWriter& json) { json.stored("plain"); }), "\"plain\"");
    EXPECT_EQ(written([](JsonWriter& json) { json.stored("\xff\xfe"); }),
              "\"<binary data: 2 bytes>\"");
    EXPECT_EQ(written([](JsonWriter& json) { json.octets(std::string("\x00\xff\x41", 3)); }),
              "[0,255,65]");
}

TEST(JsonWriter, WritesNumbersThatReadBack) {
    EXPECT_EQ(written([](JsonWriter& json) {
                  json.begin_array();
                  json.number(1);
                  json.number(0.1);
                  json.number(1e300);
                  json.number(std::nan(""));
                  json.number(HUGE_VAL);
                  json.integer(uint64_t{18446744073709551615ULL});
                  json.end_array();
              }),
              "[1.0,0.1,1e+300,null,null,18446744073709551615]");
}

}  // namespace
}  // namespace synap::server::http
