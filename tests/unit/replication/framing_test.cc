// Messages in a stream that is fed in pieces of any size, by who may not be a friend.
#include "core/replication/framing.h"

#include <gtest/gtest.h>

#include "core/base/crc32c.h"
#include "core/base/varint.h"
#include "core/platform/entropy.h"
#include "core/replication/messages.h"

namespace synap::replication {
namespace {

struct Taken {
    std::vector<std::pair<MessageType, std::string>> messages;
    std::string error;
    Code code = Code::kOk;
    size_t most_buffered = 0;
};

// Feeds `stream` in pieces that end where `cut` says, and at the end.
Taken feed(std::string_view stream, const std::vector<size_t>& cuts, bool proven = true) {
    MessageParser parser;
    if (proven) parser.peer_has_proven();
    Taken taken;
    size_t from = 0;
    for (size_t i = 0; i <= cuts.size(); ++i) {
        const size_t to = i < cuts.size() ? cuts[i] : stream.size();
        // Of its exact size, so that a read behind its end is seen.
        const std::vector<char> piece(stream.begin() + static_cast<ptrdiff_t>(from),
                                      stream.begin() + static_cast<ptrdiff_t>(to));
        std::string_view bytes(piece.data(), piece.size());
        for (;;) {
            Message message;
            auto more = parser.next(bytes, message);
            if (!more) {
                taken.error = more.error().message;
                taken.code = more.error().code;
                return taken;
            }
            if (!*more) break;
            taken.messages.emplace_back(message.type, message.body);
        }
        EXPECT_TRUE(bytes.empty());
        taken.most_buffered = std::max(taken.most_buffered, parser.buffered());
        from = to;
    }
    return taken;
}

std::string some_messages() {
    std::string stream(kPreamble);
    put_message(stream, Hello{});
    put_message(stream, Start{77});
    put_message(stream, LogPiece{77, "these are frames, or will be"});
    put_message(stream, MessageType{kSkippable + 5}, "of a later version");
    put_message(stream, MessageType::kAck, "");
    Chunk chunk;
    chunk.offset = 5;
    chunk.raw_size = 9;
    chunk.bytes = "a snapsho";
    put_message(stream, chunk);
    return stream;
}

TEST(Framing, TheSameMessagesHoweverTheStreamIsCut) {
    const std::string stream = some_messages();
    const Taken whole = feed(stream, {});
    ASSERT_EQ(whole.error, "");
    ASSERT_EQ(whole.messages.size(), 5u);
    EXPECT_EQ(whole.messages[1].first, MessageType::kStart);
    EXPECT_EQ(whole.messages[2].second.substr(kLogPositionBytes), "these are frames, or will be");
    EXPECT_EQ(whole.messages[3].second, "");
    for (size_t a = 0; a <= stream.size(); ++a) {
        for (size_t b = a; b <= stream.size(); ++b) {
            const Taken taken = feed(stream, {a, b});
            ASSERT_EQ(taken.error, "") << a << " " << b;
            ASSERT_EQ(taken.messages, whole.messages) << a << " " << b;
        }
    }
    std::vector<size_t> each(stream.size());
    for (size_t i = 0; i < each.size(); ++i) each[i] = i;
    EXPECT_EQ(feed(stream, each).messages, whole.messages);
}

TEST(Framing, AWholeMessageIsNotCopied) {
    std::string stream(kPreamble);
    put_message(stream, LogPiece{0, std::string(1000, 'x')});
    MessageParser parser;
    parser.peer_has_proven();
    std::string_view bytes = stream;
    Message message;
    auto more = parser.next(bytes, message);
    ASSERT_TRUE(more && *more);
    EXPECT_EQ(message.body.data(), stream.data() + kPreamble.size() + kMessageHeaderBytes);
}

TEST(Framing, EveryFlippedBitIsNoticed) {
    const std::string stream = some_messages();
    const Taken whole = feed(stream, {});
    const size_t frames = stream.find("these are");
    for (size_t at = 0; at < stream.size(); ++at) {
        // Frames carry checksums of their own.
        if (at >= frames && at < frames + 28) continue;
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = stream;
            damaged[at] = static_cast<char>(damaged[at] ^ 1 << bit);
            const Taken taken = feed(damaged, {});
            ASSERT_TRUE(!taken.error.empty() || taken.messages.size() < whole.messages.size())
                << at << " " << bit;
            for (size_t i = 0; i < taken.messages.size(); ++i) {
                ASSERT_EQ(taken.messages[i], whole.messages[i]) << at << " " << bit;
            }
        }
    }
}

TEST(Framing, AClientOfAnotherProtocolIsToldApart) {
    for (const char* other :
         {"GET / HTTP/1.1\r\n", "*1\r\n$4\r\nPING\r\n", "\x16\x03\x01", "SYNAPMAN"}) {
        const Taken taken = feed(other, {});
        EXPECT_EQ(taken.code, Code::kInvalidArgument) << other;
        EXPECT_NE(taken.error.find("TLS"), std::string::npos);
    }
    EXPECT_EQ(feed("SYNAP", {1, 3}).error, "");
}

TEST(Framing, AClaimedLengthCostsNothing) {
    std::string stream(kPreamble);
    put_split_message(stream, MessageType::kIdentity, "few", {}, kFactsBodyBytes - 3);
    const Taken taken = feed(stream, {});
    EXPECT_EQ(taken.error, "");
    EXPECT_EQ(taken.most_buffered, kMessageHeaderBytes + 3);
    std::string beyond(kPreamble);
    put_split_message(beyond, MessageType::kIdentity, "few", {}, kFactsBodyBytes);
    EXPECT_EQ(feed(beyond, {}).code, Code::kCorrupt);
    EXPECT_NE(feed(beyond, {}).error.find(std::to_string(kFactsBodyBytes)), std::string::npos);
    std::string skipped(kPreamble);
    put_split_message(skipped, MessageType{kSkippable}, "few", {}, kControlBodyBytes);
    EXPECT_EQ(feed(skipped, {}).code, Code::kCorrupt);
}

TEST(Framing, WhoHasNotProvenItselfSaysLittle) {
    std::string stream(kPreamble);
    put_message(stream, Hello{});
    put_message(stream, Start{1});
    const Taken taken = feed(stream, {}, false);
    EXPECT_EQ(taken.messages.size(), 1u);
    EXPECT_EQ(taken.code, Code::kCorrupt);
    std::string large(kPreamble);
    put_message(large, MessageType::kGoodbye, std::string(kUnprovenBodyBytes + 1, 'x'));
    EXPECT_EQ(feed(large, {}, false).code, Code::kCorrupt);
    EXPECT_EQ(feed(large, {}, true).code, Code::kOk);
    Goodbye longest;
    longest.reason = longest.remedy = std::string(5000, 'x');
    std::string last(kPreamble);
    put_message(last, longest);
    EXPECT_EQ(feed(last, {}, false).messages.size(), 1u);
    std::string other(kPreamble);
    put_message(other, MessageType{kSkippable + 1}, "published");
    EXPECT_EQ(feed(other, {}, false).code, Code::kCorrupt);
}

TEST(Framing, AnUnknownTypeEndsOrIsSkippedByItsNumber) {
    std::string stream(kPreamble);
    put_message(stream, MessageType{32}, "handover");
    const Taken taken = feed(stream, {});
    EXPECT_EQ(taken.code, Code::kVersion);
    EXPECT_NE(taken.error.find("32"), std::string::npos);
    stream = kPreamble;
    put_message(stream, MessageType{kSkippable + 1}, "published");
    put_message(stream, Start{4});
    EXPECT_EQ(feed(stream, {}).messages.size(), 1u);
    // Its checksum counts all the same.
    stream[kPreamble.size() + kMessageHeaderBytes] ^= 1;
    EXPECT_EQ(feed(stream, {}).code, Code::kCorrupt);
}

}  // namespace
}  // namespace synap::replication
