#include "server/resp/parser.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace synap::server::resp {
namespace {

using Command = std::vector<std::string>;

struct Outcome {
    std::vector<Command> commands;
    std::string error;
    size_t unconsumed = 0;

    bool operator==(const Outcome&) const = default;
};

void take(const Batch& batch, std::vector<Command>& commands) {
    for (const synap_call_t& call : batch.calls) {
        Command& command = commands.emplace_back();
        for (size_t i = 0; i < call.argc; ++i) {
            command.emplace_back(static_cast<const char*>(call.argv[i].as.b.data),
                                 call.argv[i].as.b.size);
        }
    }
}

// Feeds the pieces one after the other, each time in a fresh block of exact size, so that a read
// beyond the end or a view of old bytes does not go unnoticed.
Outcome parse_pieces(const std::vector<std::string_view>& pieces, const Limits& limits = {}) {
    Parser parser(limits);
    Batch batch;
    Outcome outcome;
    std::string unconsumed;
    for (const std::string_view piece : pieces) {
        unconsumed += piece;
        for (;;) {
            const auto block = std::make_unique<char[]>(unconsumed.size());
            unconsumed.copy(block.get(), unconsumed.size());
            const Parsed parsed = parser.parse(block.get(), unconsumed.size(), batch);
            take(batch, outcome.commands);
            unconsumed.erase(0, batch.consumed);
            if (parsed == Parsed::kError) {
                outcome.error = parser.error();
                return outcome;
            }
            if (parsed == Parsed::kNeedMore) break;
        }
    }
    outcome.unconsumed = unconsumed.size();
    return outcome;
}

Outcome parse_whole(std::string_view input, const Limits& limits = {}) {
    return parse_pieces({input}, limits);
}

std::string text_of(const Outcome& outcome) {
    std::string text;
    for (const Command& command : outcome.commands) {
        for (const std::string& word : command) {
            text += "[" + word + "]";
        }
        text += " ";
    }
    return text + outcome.error;
}

TEST(RespParser, ReadsArraysOfBulkStrings) {
    const Outcome outcome =
        parse_whole("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$0\r\n\r\n");
    EXPECT_EQ(text_of(outcome), "[PING] [SET][a][] ");
    EXPECT_EQ(outcome.unconsumed, 0U);
}

TEST(RespParser, KeepsAnyByteInsideABulkString) {
    const std::string binary("\r\n\0*$ ", 6);
    const Outcome outcome = parse_whole("*2\r\n$4\r\nECHO\r\n$6\r\n" + binary + "\r\n");
    ASSERT_EQ(outcome.commands.size(), 1U);
    EXPECT_EQ(outcome.commands[0][1], binary);
}

TEST(RespParser, SkipsEmptyArraysAndEmptyLines) {
    EXPECT_EQ(text_of(parse_whole("*0\r\n*-1\r\n\r\n\r\n*1\r\n$4\r\nPING\r\n")), "[PING] ");
}

TEST(RespParser, ReadsInlineCommands) {
    EXPECT_EQ(text_of(parse_whole("PING\r\nset  a\tb \r\nget a\n")),
              "[PING] [set][a][b] [get][a] ");
}

TEST(RespParser, UnquotesInlineArguments) {
    EXPECT_EQ(text_of(parse_whole(R"(set "a b" 'c\'d' "\x41\n\"" pre"fix")"
                                  "\r\n")),
              "[set][a b][c'd][A\n\"][prefix] ");
    EXPECT_EQ(text_of(parse_whole(R"(echo "\xZZ\q")"
                                  "\n")),
              "[echo][xZZq] ");
}

TEST(RespParser, RefusesUnbalancedQuotes) {
    const std::string expected = "Protocol error: unbalanced quotes in request";
    EXPECT_EQ(text_of(parse_whole("set \"a\r\n")), expected);
    EXPECT_EQ(text_of(parse_whole("set 'a\r\n")), expected);
    EXPECT_EQ(text_of(parse_whole("set \"a\"b\r\n")), expected);
    EXPECT_EQ(text_of(parse_whole("set \"a\\\r\n")), expected);
}

TEST(RespParser, RefusesBrokenLengthsWithTheTextsOfRedis) {
    const auto error = [](std::string_view input) { return text_of(parse_whole(input)); };
    const std::string multibulk = "Protocol error: invalid multibulk length";
    const std::string bulk = "Protocol error: invalid bulk length";
    EXPECT_EQ(error("*abc\r\n"), multibulk);
    EXPECT_EQ(error("*\r\n"), multibulk);
    EXPECT_EQ(error("*+1\r\n"), multibulk);
    EXPECT_EQ(error("*01\r\n"), multibulk);
    EXPECT_EQ(error("*1048577\r\n"), multibulk);
    EXPECT_EQ(error("*99999999999999999999\r\n"), multibulk);
    EXPECT_EQ(error("*1\r\n$-1\r\n"), bulk);
    EXPECT_EQ(error("*1\r\n$x\r\n"), bulk);
    EXPECT_EQ(error("*1\r\n$00\r\n"), bulk);
    EXPECT_EQ(error("*1\r\n$4611686018427387904\r\n"), bulk);
    EXPECT_EQ(error("*1\r\n$536870913\r\n"), bulk);
    EXPECT_EQ(error("*1\r\n:1\r\n"), "Protocol error: expected '$', got ':'");
}

TEST(RespParser, AnswersWhatCameBeforeAnError) {
    EXPECT_EQ(text_of(parse_whole("*1\r\n$4\r\nPING\r\n*1\r\nfoo\r\n")),
              "[PING] Protocol error: expected '$', got 'f'");
}

TEST(RespParser, LimitsLinesWithoutEnd) {
    const std::string digits(70'000, '1');
    EXPECT_EQ(text_of(parse_whole("*" + digits)), "Protocol error: too big mbulk count string");
    EXPECT_EQ(text_of(parse_whole("*1\r\n$" + digits)),
              "Protocol error: too big bulk count string");
    EXPECT_EQ(text_of(parse_whole(digits)), "Protocol error: too big inline request");
}

TEST(RespParser, HonoursConfiguredLimits) {
    Limits limits;
    limits.resp_bulk_bytes = 3;
    limits.resp_arguments = 2;
    EXPECT_EQ(text_of(parse_whole("*2\r\n$3\r\nGET\r\n$4\r\nabcd\r\n", limits)),
              "Protocol error: invalid bulk length");
    EXPECT_EQ(text_of(parse_whole("*3\r\n", limits)), "Protocol error: invalid multibulk length");
}

// The whole language in one input: what it gives must not depend on how it is cut.
TEST(RespParser, GivesTheSameForEverySplit) {
    const std::string input =
        "*1\r\n$4\r\nPING\r\n"
        "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$12\r\nval\r\nue\r\n$1*\r\n"
        "get 'a b' \"c\"\r\n\r\n"
        "*0\r\n"
        "*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"
        "*12\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n$1\r\n5\r\n$1\r\n6\r\n$1\r\n7\r\n"
        "$1\r\n8\r\n$1\r\n9\r\n$2\r\n10\r\n$2\r\n11\r\n$2\r\n12\r\n"
        "*1\r\n$4\r\nQUIT\r\n";
    const Outcome whole = parse_whole(input);
    ASSERT_EQ(whole.commands.size(), 6U);
    const std::string_view view = input;
    for (size_t i = 0; i <= input.size(); ++i) {
        EXPECT_EQ(parse_pieces({view.substr(0, i), view.substr(i)}), whole) << "cut at " << i;
        for (size_t j = i; j <= input.size(); ++j) {
            const Outcome outcome =
                parse_pieces({view.substr(0, i), view.substr(i, j - i), view.substr(j)});
            ASSERT_EQ(outcome, whole) << "cut at " << i << " and " << j;
        }
    }
    std::vector<std::string_view> bytes;
    for (size_t i = 0; i < input.size(); ++i) {
        bytes.push_back(view.substr(i, 1));
    }
    EXPECT_EQ(parse_pieces(bytes), whole);
}

TEST(RespParser, ErrorsDoNotDependOnSplits) {
    const std::string inputs[] = {"*1\r\n$4\r\nPING\r\n*2\r\n$1\r\na\r\n$-5\r\n", "*1\r\n+OK\r\n",
                                  "*9x\r\n", "*1\r\n$1\r\na\r\nset \"x\r\n"};
    for (const std::string& input : inputs) {
        const Outcome whole = parse_whole(input);
        ASSERT_FALSE(whole.error.empty());
        const std::string_view view = input;
        for (size_t i = 0; i <= input.size(); ++i) {
            EXPECT_EQ(parse_pieces({view.substr(0, i), view.substr(i)}), whole);
        }
    }
}

TEST(RespParser, FillsBatchesInTurns) {
    std::string input;
    for (size_t i = 0; i < Batch::kMaxCalls * 2 + 7; ++i) {
        input += "*1\r\n$4\r\nPING\r\n";
    }
    const Limits limits;
    Parser parser(limits);
    Batch batch;
    EXPECT_EQ(parser.parse(input.data(), input.size(), batch), Parsed::kFull);
    EXPECT_EQ(batch.calls.size(), Batch::kMaxCalls);
    EXPECT_EQ(parse_whole(input).commands.size(), Batch::kMaxCalls * 2 + 7);
}

TEST(RespParser, SaysWhereEachCommandEnds) {
    const std::string input = "*1\r\n$4\r\nPING\r\n\r\nPING\r\n*1\r\n$4\r\nPI";
    const Limits limits;
    Parser parser(limits);
    Batch batch;
    EXPECT_EQ(parser.parse(input.data(), input.size(), batch), Parsed::kNeedMore);
    ASSERT_EQ(batch.ends.size(), 2U);
    EXPECT_EQ(batch.ends[0], 14U);
    EXPECT_EQ(batch.ends[1], 22U);
    EXPECT_EQ(batch.consumed, 22U);
}

TEST(RespParser, StartsAgainAfterReset) {
    const std::string input = "*2\r\n$4\r\nECHO\r\n$5\r\nhel";
    const Limits limits;
    Parser parser(limits);
    Batch batch;
    EXPECT_EQ(parser.parse(input.data(), input.size(), batch), Parsed::kNeedMore);
    parser.reset();
    const std::string whole = input + "lo\r\n";
    EXPECT_EQ(parser.parse(whole.data(), whole.size(), batch), Parsed::kNeedMore);
    EXPECT_EQ(batch.calls.size(), 1U);
}

// A claimed length must cost nothing before its bytes arrive.
TEST(RespParser, AllocatesNothingForAClaimedCount) {
    const std::string input = "*1048576\r\n$3\r\nDEL\r\n";
    const Limits limits;
    Parser parser(limits);
    Batch batch;
    EXPECT_EQ(parser.parse(input.data(), input.size(), batch), Parsed::kNeedMore);
    EXPECT_LT(batch.args.capacity(), 64U);
}

}  // namespace
}  // namespace synap::server::resp
