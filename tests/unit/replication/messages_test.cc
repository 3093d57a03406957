// Every message comes back as it was written, a longer one of a later version too, and no shorter
// one does.
#include "core/replication/messages.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/replication/facts_codec.h"
#include "core/replication/framing.h"
#include "tests/unit/replication/history_model.h"

namespace synap::replication {
namespace {

template <typename T>
std::string body_of(const T& message) {
    std::string whole;
    put_message(whole, message);
    return whole.substr(kMessageHeaderBytes);
}

// Bodies of fixed messages: none that is shorter is one, and what is behind it is not read.
template <typename T>
T again(const T& message) {
    const std::string body = body_of(message);
    for (size_t size = 0; size < body.size(); ++size) {
        const std::vector<char> shorter(body.begin(), body.begin() + static_cast<ptrdiff_t>(size));
        EXPECT_FALSE(T::decode({shorter.data(), shorter.size()})) << size;
    }
    const std::string with_more = body + "more";
    auto longer = T::decode(with_more);
    EXPECT_TRUE(longer);
    if (longer) {
        EXPECT_EQ(body_of(*longer), body);
    }
    auto decoded = T::decode(body);
    EXPECT_TRUE(decoded);
    return decoded ? *decoded : T();
}

NodeFacts facts() {
    NodeFacts facts;
    facts.node = 0x1122334455667788;
    facts.name = "replica-1";
    facts.address = "[::1]:15501";
    facts.clients = ":15500";
    facts.level = facts.level_min = 1;
    facts.level_max = 2;
    facts.history = {3, 4};
    facts.epochs = {{1, 1, 1, 0, 11, 1}, {1, 7, 2, 100, 17, 1}, {3, 8, 8, 200, 18, 2}};
    facts.end = 300;
    facts.oldest = 50;
    facts.snapshots = {120, 60};
    facts.marks = {{17, 7, 150}, {18, 8, 299}};
    facts.has_directory = facts.forces = true;
    return facts;
}

void expect_same(const NodeFacts& a, const NodeFacts& b) {
    std::string left;
    std::string right;
    put_facts(left, a);
    put_facts(right, b);
    EXPECT_EQ(left, right);
}

TEST(Messages, OfTheHandshake) {
    Hello hello;
    hello.protocol_max = 4;
    hello.role = Role::kAcceptor;
    hello.has_secret = true;
    hello.challenge.fill('c');
    const Hello hello_again = again(hello);
    EXPECT_EQ(hello_again.protocol_max, 4u);
    EXPECT_TRUE(hello_again.has_secret);
    Proof proof;
    proof.mac.fill('m');
    EXPECT_EQ(again(proof).mac, proof.mac);

    const Identity identity = again(Identity{Purpose::kAsk, facts()});
    EXPECT_EQ(identity.purpose, Purpose::kAsk);
    EXPECT_EQ(identity.facts.name, "replica-1");
    EXPECT_EQ(identity.facts.marks, facts().marks);
    EXPECT_TRUE(identity.facts.forces && !identity.facts.is_master);
    expect_same(identity.facts, facts());

    Answer answer;
    answer.facts = facts();
    answer.decision.course = Course::kFull;
    answer.decision.why = Why::kLogGone;
    answer.decision.from = 250;
    answer.decision.gives_up = true;
    answer.decision.reason = "because";
    answer.secret = 99;
    answer.retry_ms = 7;
    const Answer answered = again(answer);
    EXPECT_EQ(answered.decision.why, Why::kLogGone);
    EXPECT_EQ(answered.decision.reason, "because");
    EXPECT_EQ(answered.secret, 99u);
}

TEST(Messages, OfTheLog) {
    EXPECT_EQ(again(Start{5}).position, 5u);
    const Heartbeat heartbeat = again(Heartbeat{1, -2, 30, 20, 10, 4, 5, 6, 7});
    EXPECT_EQ(heartbeat.engine_ms, -2);
    EXPECT_EQ(heartbeat.synced, 10u);
    EXPECT_EQ(heartbeat.interval_ms, 7u);
    EXPECT_FALSE(Heartbeat::decode(body_of(Heartbeat{1, 2, 20, 21, 0, 0, 0, 0, 0})));
    const Ack ack = again(Ack{1, FollowerState::kLoads, 2, 3, 4});
    EXPECT_EQ(ack.state, FollowerState::kLoads);
    EXPECT_EQ(ack.received, 4u);

    const std::string piece = body_of(LogPiece{12, "frames"});
    auto decoded = LogPiece::decode(piece);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->position, 12u);
    EXPECT_EQ(decoded->bytes, "frames");
    EXPECT_FALSE(LogPiece::decode(body_of(LogPiece{UINT64_MAX - 2, "frames"})));
    std::string head;
    put_log_head(head, 12, 6);
    std::string whole;
    put_message(whole, LogPiece{12, "frames"});
    EXPECT_EQ(head + "frames", whole);

    auto epoch = decode_epoch(body_of(Epoch{2, 9, 4, 77, 5, 6}));
    ASSERT_TRUE(epoch);
    EXPECT_EQ(epoch->first, 4u);
    EXPECT_EQ(epoch->writer, 6u);
    EXPECT_FALSE(decode_epoch(body_of(Epoch{2, 4, 9, 77, 5, 6})));
}

TEST(Messages, OfAFullSync) {
    EXPECT_EQ(again(FullRequest{1, 2, 3}).offset, 3u);
    FullOffer offer;
    offer.name = "snapshot-00000000000000000042";
    offer.size = 100;
    offer.from = 40;
    offer.complete_at = 42;
    offer.checksum = 5;
    offer.offset = 60;
    // The view of what again() returns would dangle: the fields that are numbers are looked at.
    EXPECT_EQ(again(offer).offset, 60u);
    offer.offset = 101;
    EXPECT_FALSE(FullOffer::decode(body_of(offer)));
    EXPECT_EQ(again(FullEnd{100, 5}).checksum, 5u);

    Chunk chunk{9, 3, ChunkCodec::kRaw, "abc"};
    const std::string body = body_of(chunk);
    auto decoded = Chunk::decode(body);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->bytes, "abc");
    chunk.raw_size = 4;
    EXPECT_FALSE(Chunk::decode(body_of(chunk)));
    chunk.codec = ChunkCodec::kZstd;
    EXPECT_TRUE(Chunk::decode(body_of(chunk)));
    chunk.raw_size = kChunkRawBytes + 1;
    EXPECT_FALSE(Chunk::decode(body_of(chunk)));
}

TEST(Messages, TextsOfOthersDoNotForgeLines) {
    Goodbye goodbye{Why::kShutdown, "one\nINFO two\x1b[31m", std::string(5000, 'x'), 8};
    const Goodbye decoded = again(goodbye);
    EXPECT_EQ(decoded.reason, "one?INFO two?[31m");
    EXPECT_EQ(decoded.remedy.size(), kSentenceBytes);
    EXPECT_EQ(decoded.retry_ms, 8u);
    std::string body = body_of(Goodbye{Why::kShutdown, "one two", "", 0});
    body[body.find(' ')] = '\n';
    EXPECT_FALSE(Goodbye::decode(body));
}

TEST(Messages, CountsAreBelievedAsFarAsBytesAreThere) {
    NodeFacts few = facts();
    std::string body = body_of(Identity{Purpose::kFollow, few});
    const size_t count = body.find(few.clients) + few.clients.size();
    ASSERT_EQ(static_cast<int>(body[count]), 3);
    store(body.data() + count, uint32_t{limits::kManifestEpochs});
    EXPECT_FALSE(Identity::decode(body));
    store(body.data() + count, uint32_t{0xffffffff});
    EXPECT_FALSE(Identity::decode(body));
}

TEST(Messages, EverythingThatADirectoryCanHoldCanBeTold) {
    NodeFacts many = facts();
    many.epochs.clear();
    for (uint32_t i = 1; i <= limits::kManifestEpochs; ++i) {
        many.epochs.push_back({i, i, i, i, i, i});
    }
    many.end = limits::kManifestEpochs;
    many.marks.assign(kMarksTold + 9, HeardMark{1, 1, 1});
    many.marks.back().synced = 2;
    many.name = many.address = many.clients = std::string(1000, 'n');
    Answer answer;
    answer.facts = many;
    const std::string body = body_of(answer);
    EXPECT_LE(body.size(), body_limit(MessageType::kAnswer));
    auto decoded = Answer::decode(body);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->facts.epochs.size(), limits::kManifestEpochs);
    EXPECT_EQ(decoded->facts.marks.size(), kMarksTold);
    EXPECT_EQ(decoded->facts.marks.back().synced, 2u);
}

TEST(Messages, FactsThatMeanNothingAreRefused) {
    const auto refused = [](auto&& change) {
        NodeFacts changed = facts();
        change(changed);
        return !Identity::decode(body_of(Identity{Purpose::kFollow, changed}));
    };
    EXPECT_FALSE(refused([](NodeFacts&) {}));
    EXPECT_TRUE(refused([](NodeFacts& f) { std::swap(f.epochs[0], f.epochs[1]); }));
    EXPECT_TRUE(refused([](NodeFacts& f) { f.epochs[2].first = 7; }));
    EXPECT_TRUE(refused([](NodeFacts& f) { f.epochs[1].term = 4; }));
    EXPECT_TRUE(refused([](NodeFacts& f) { f.epochs[0].first = 0; }));
    EXPECT_TRUE(refused([](NodeFacts& f) { f.end = 199; }));
    EXPECT_TRUE(refused([](NodeFacts& f) { f.oldest = 301; }));
    EXPECT_TRUE(refused([](NodeFacts& f) { f.epochs.clear(); }));
    EXPECT_TRUE(refused([](NodeFacts& f) { f.level_min = 3; }));
}

TEST(Messages, VersionsAreAgreedUpon) {
    Hello old;
    old.protocol_min = 1;
    old.protocol_max = 2;
    Hello newer;
    newer.protocol_min = 2;
    newer.protocol_max = 5;
    auto both = common_protocol(old, newer);
    ASSERT_TRUE(both);
    EXPECT_EQ(*both, 2u);
    newer.protocol_min = 3;
    auto none = common_protocol(old, newer);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Code::kVersion);
    EXPECT_NE(none.error().message.find("upgrade this one"), std::string::npos);
    EXPECT_NE(common_protocol(newer, old).error().message.find("upgrade the other"),
              std::string::npos);
}

}  // namespace
}  // namespace synap::replication
