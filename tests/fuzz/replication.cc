// The replication port's bytes. The first byte chooses what the rest is: a stream, cut into pieces
// whose sizes it says itself, before or behind the proof; the body of a message, whose type comes
// first, with a valid checksum put around it; the facts of two nodes, to be decided about; bytes of
// a log, cut likewise, as they are or as the payload of one frame; or a file, ROLE or HEARD, that
// gets a valid checksum; or the body of an identity or an answer, to which a node reacts.
#include <cstdint>
#include <string>

#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "core/log/format.h"
#include "core/replication/facts_codec.h"
#include "core/replication/frame_stream.h"
#include "core/replication/framing.h"
#include "core/replication/heard_marks.h"
#include "core/replication/introduction.h"
#include "core/replication/messages.h"
#include "core/replication/role.h"

namespace synap::replication {
namespace {

constexpr size_t kMost = 1 << 20;

// What was decoded is written as it was read: a second reading gives the same.
template <typename T>
void round_trip(std::string_view body) {
    auto decoded = T::decode(body);
    if (!decoded) return;
    std::string once;
    put_message(once, *decoded);
    auto again = T::decode(std::string_view(once).substr(kMessageHeaderBytes));
    SYNAP_ASSERT(again);
    std::string twice;
    put_message(twice, *again);
    SYNAP_ASSERT(once == twice);
}

void decode(const Message& message) {
    switch (message.type) {
        case MessageType::kHello:
            return round_trip<Hello>(message.body);
        case MessageType::kProof:
            return round_trip<Proof>(message.body);
        case MessageType::kIdentity:
            return round_trip<Identity>(message.body);
        case MessageType::kAnswer:
            return round_trip<Answer>(message.body);
        case MessageType::kStart:
            return round_trip<Start>(message.body);
        case MessageType::kLog:
            return round_trip<LogPiece>(message.body);
        case MessageType::kEpoch:
            return (void)decode_epoch(message.body);
        case MessageType::kHeartbeat:
            return round_trip<Heartbeat>(message.body);
        case MessageType::kAck:
            return round_trip<Ack>(message.body);
        case MessageType::kFullRequest:
            return round_trip<FullRequest>(message.body);
        case MessageType::kFullOffer:
            return round_trip<FullOffer>(message.body);
        case MessageType::kChunk:
            return round_trip<Chunk>(message.body);
        case MessageType::kFullEnd:
            return round_trip<FullEnd>(message.body);
        case MessageType::kGoodbye:
            return round_trip<Goodbye>(message.body);
    }
}

void read_stream(std::string_view stream, size_t piece, bool proven) {
    MessageParser parser;
    if (proven) parser.peer_has_proven();
    size_t fed = 0;
    while (!stream.empty()) {
        std::string_view bytes = stream.substr(0, piece);
        stream.remove_prefix(bytes.size());
        fed += bytes.size();
        for (;;) {
            Message message;
            auto more = parser.next(bytes, message);
            if (!more) return;
            if (!*more) break;
            decode(message);
        }
        SYNAP_ASSERT(bytes.empty() && parser.buffered() <= fed);
    }
}

void decide_about(std::string_view bytes) {
    ByteReader in(bytes);
    NodeFacts sender;
    NodeFacts follower;
    if (!take_facts(in, sender) || !take_facts(in, follower)) return;
    const Decision decision = decide(sender, follower);
    SYNAP_ASSERT(decision.from <= sender.end && decision.from <= follower.end);
    if (decision.course == Course::kContinue) SYNAP_ASSERT(decision.from >= sender.oldest);
    if (decision.course == Course::kRefuse) SYNAP_ASSERT(!decision.remedy.empty());
    if (decision.fences_sender) SYNAP_ASSERT(fence(sender, follower) == Fence::kLaterTerm);
}

std::string framed(std::string_view flags_and_payload) {
    FrameHeader header;
    const std::string_view payload = flags_and_payload.substr(1);
    header.length = static_cast<uint32_t>(payload.size());
    header.kind = format::kKindEffects;
    header.flags = static_cast<uint8_t>(flags_and_payload[0]);
    std::string frame(format::kFrameHeaderBytes, '\0');
    encode_frame_header(header, frame.data());
    store(frame.data() + format::kFrameCrcOffset, frame_crc(frame.data(), crc32c(payload)));
    return frame + std::string(payload);
}

void read_log(std::string_view log, size_t piece) {
    FrameStream stream({{1, 2}, 0, format::kLevel}, 0);
    std::string taken;
    const std::string_view all = log;
    while (!log.empty()) {
        std::string_view bytes = log.substr(0, piece);
        log.remove_prefix(bytes.size());
        for (;;) {
            StreamedFrame frame;
            auto more = stream.next(bytes, frame);
            if (!more) return;
            SYNAP_ASSERT(stream.record_end() <= stream.frame_end());
            SYNAP_ASSERT(stream.frame_end() <= stream.received());
            if (!*more) break;
            taken += frame.bytes;
            SYNAP_ASSERT(taken == all.substr(0, taken.size()));
        }
    }
    SYNAP_ASSERT(stream.received() == all.size());
}

NodeFacts somebody() {
    NodeFacts self;
    self.node = 1;
    self.level = self.level_min = self.level_max = 1;
    self.history = {7, 7};
    self.epochs = {{1, 1, 1, 0, 11, 1}};
    self.end = 400;
    self.has_directory = true;
    return self;
}

void be_asked(std::string_view body) {
    auto identity = Identity::decode(body);
    if (!identity) return;
    NodeFacts self = somebody();
    self.is_master = true;
    const Answer answer = answer_to(*identity, self, 9);
    std::string bytes;
    put_message(bytes, answer);
    auto heard = Answer::decode(std::string_view(bytes).substr(kMessageHeaderBytes));
    SYNAP_ASSERT(heard);
    if (answer.decision.begin_term_above != 0) return;
    // Who asked comes to the same.
    auto outcome = outcome_of(*identity, *heard);
    SYNAP_ASSERT(outcome && outcome->decision.course == answer.decision.course);
    SYNAP_ASSERT(outcome->decision.why == answer.decision.why);
}

void be_answered(std::string_view body) {
    auto answer = Answer::decode(body);
    if (!answer) return;
    const NodeFacts self = somebody();
    auto outcome = outcome_of({Purpose::kFollow, self}, *answer);
    if (!outcome) return;
    const Decision& decision = outcome->decision;
    if (decision.course != Course::kContinue) return;
    SYNAP_ASSERT(decision.from <= self.end && decision.from <= answer->facts.end);
}

void read_files(std::string_view bytes) {
    std::string file(bytes);
    put(file, crc32c(file));
    if (auto role = RoleFile::decode(file, "ROLE")) {
        auto again = RoleFile::decode(role->encode(), "ROLE");
        SYNAP_ASSERT(again && again->encode() == role->encode());
    }
    const HistoryId history{1, 2};
    if (auto marks = HeardMarks::decode(file, history, "HEARD")) {
        SYNAP_ASSERT(HeardMarks::decode(marks->encode(history), history, "HEARD"));
    }
}

}  // namespace
}  // namespace synap::replication

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace synap::replication;
    if (size < 2 || size > kMost) return 0;
    const std::string_view rest{reinterpret_cast<const char*>(data) + 2, size - 2};
    switch (data[0] % 9) {
        case 0:
            read_stream(rest, 1 + data[1], false);
            break;
        case 1:
            read_stream(rest, 1 + data[1], true);
            break;
        case 2: {
            std::string stream(kPreamble);
            put_message(stream, MessageType{data[1]}, rest);
            read_stream(stream, stream.size(), true);
            break;
        }
        case 3:
            decide_about(rest);
            break;
        case 4:
            read_log(rest, 1 + data[1]);
            break;
        case 5:
            if (!rest.empty()) read_log(framed(rest), 1 + data[1]);
            break;
        case 6:
            read_files(rest);
            break;
        case 7:
            be_asked(rest);
            break;
        default:
            be_answered(rest);
    }
    return 0;
}
