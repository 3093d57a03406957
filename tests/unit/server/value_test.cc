#include "server/config/value.h"

#include <gtest/gtest.h>

#include "server/config/suggest.h"

namespace synap::server::config {
namespace {

constexpr int64_t kBad = -1;

int64_t number(Kind kind, std::string_view text, int64_t unit = 1) {
    Shape shape;
    shape.kind = kind;
    shape.unit = unit;
    Value value;
    std::string expected;
    return parse_value(shape, text, value, expected) ? std::get<int64_t>(value) : kBad;
}

TEST(Value, Sizes) {
    EXPECT_EQ(number(Kind::kBytes, "512"), 512);
    EXPECT_EQ(number(Kind::kBytes, "64kb"), 65536);
    EXPECT_EQ(number(Kind::kBytes, "64k"), 64000);
    EXPECT_EQ(number(Kind::kBytes, "64 KiB"), 65536);
    EXPECT_EQ(number(Kind::kBytes, "1Gi"), 1 << 30);
    EXPECT_EQ(number(Kind::kBytes, "2TB"), int64_t{2} << 40);
    EXPECT_EQ(number(Kind::kBytes, "512", 1 << 20), 512 << 20);
    for (const char* wrong : {"", "kb", "1.5gb", "-1", "1 parsec", "99999999999gb", "1gb2", "0x10",
                              "9223372036854775808"}) {
        EXPECT_EQ(number(Kind::kBytes, wrong), kBad) << wrong;
    }
}

TEST(Value, Durations) {
    EXPECT_EQ(number(Kind::kDuration, "250"), 250);
    EXPECT_EQ(number(Kind::kDuration, "250", 1000), 250'000);
    EXPECT_EQ(number(Kind::kDuration, "250ms", 1000), 250);
    EXPECT_EQ(number(Kind::kDuration, "10s"), 10'000);
    EXPECT_EQ(number(Kind::kDuration, "5m"), 300'000);
    EXPECT_EQ(number(Kind::kDuration, "2h"), 7'200'000);
    EXPECT_EQ(number(Kind::kDuration, "1d"), 86'400'000);
    EXPECT_EQ(number(Kind::kDuration, "1y"), kBad);
}

TEST(Value, FormattedValuesReadBack) {
    for (const int64_t unit : {1, 1000, 1 << 20}) {
        for (const int64_t value : {0, 1, 999, 1000, 1023, 1024, 1500, 90'000, 1 << 20, 3 << 20}) {
            for (const Kind kind : {Kind::kBytes, Kind::kDuration}) {
                Shape shape;
                shape.kind = kind;
                shape.unit = unit;
                EXPECT_EQ(number(kind, format_value(shape, value), unit), value);
            }
        }
    }
}

TEST(Value, Words) {
    Shape shape;
    shape.kind = Kind::kBool;
    Value value;
    std::string expected;
    for (const char* text : {"true", "YES", "on", "1", " true "}) {
        EXPECT_TRUE(parse_value(shape, text, value, expected) && std::get<bool>(value)) << text;
    }
    for (const char* text : {"false", "No", "off", "0"}) {
        EXPECT_TRUE(parse_value(shape, text, value, expected) && !std::get<bool>(value)) << text;
    }
    EXPECT_FALSE(parse_value(shape, "2", value, expected));
    shape.kind = Kind::kText;
    EXPECT_FALSE(parse_value(shape, "two\nlines", value, expected));
    EXPECT_FALSE(parse_value(shape, std::string(kTextBytesMax + 1, 'x'), value, expected));
    shape.kind = Kind::kList;
    EXPECT_TRUE(parse_value(shape, "a, b,,c ", value, expected));
    EXPECT_EQ(std::get<std::vector<std::string>>(value), (std::vector<std::string>{"a", "b", "c"}));
}

TEST(Suggest, CountsEdits) {
    EXPECT_EQ(edit_distance("port", "port"), 0u);
    EXPECT_EQ(edit_distance("prot", "port"), 1u);
    EXPECT_EQ(edit_distance("por", "port"), 1u);
    EXPECT_EQ(edit_distance("", "port"), 4u);
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Suggest, OffersOnlyWhatIsNear) {
    const std::vector<std::string> names = {"server", "server.port", "logging.level"};
    EXPECT_EQ(suggest("sevrer", names), "server");
    EXPECT_EQ(suggest("level", names), "logging.level");
    EXPECT_EQ(suggest("logging.port", names), "server.port");
    EXPECT_EQ(suggest("banana", names), "");
    EXPECT_EQ(suggest("", names), "");
    EXPECT_EQ(suggest(std::string(100000, 'x'), names), "");
}

}  // namespace
}  // namespace synap::server::config
