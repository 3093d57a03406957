#include "core/replication/messages.h"

#include <cstring>

#include "core/base/varint.h"
#include "core/replication/facts_codec.h"
#include "core/replication/framing.h"

namespace synap::replication {

namespace {

Error malformed(const char* what) {
    return {Code::kCorrupt, std::string("a malformed message: ") + what};
}

bool take_proof(ByteReader& in, ProofBytes& to) noexcept {
    std::string_view bytes;
    if (!in.take_bytes(to.size(), bytes)) return false;
    std::memcpy(to.data(), bytes.data(), to.size());
    return true;
}

bool take_bool(ByteReader& in, bool& value) noexcept {
    uint8_t byte = 0;
    if (!in.take(byte) || byte > 1) return false;
    value = byte == 1;
    return true;
}

// An enum of one byte whose values are `first` to `last`.
template <typename T>
bool take_enum(ByteReader& in, T first, T last, T& value) noexcept {
    uint8_t byte = 0;
    if (!in.take(byte) || byte < static_cast<uint8_t>(first) || byte > static_cast<uint8_t>(last)) {
        return false;
    }
    value = static_cast<T>(byte);
    return true;
}

}  // namespace

std::string Hello::encode() const {
    std::string body;
    put(body, protocol_min);
    put(body, protocol_max);
    put(body, static_cast<uint8_t>(role));
    put(body, static_cast<uint8_t>(has_secret));
    body.append(challenge.data(), challenge.size());
    return body;
}

void put_message(std::string& out, const Hello& hello) {
    put_message(out, MessageType::kHello, hello.encode());
}

Result<Hello> Hello::decode(std::string_view body) {
    ByteReader in(body);
    Hello hello;
    if (!in.take(hello.protocol_min) || !in.take(hello.protocol_max) ||
        hello.protocol_min > hello.protocol_max ||
        !take_enum(in, Role::kInitiator, Role::kAcceptor, hello.role) ||
        !take_bool(in, hello.has_secret) || !take_proof(in, hello.challenge)) {
        return malformed("hello");
    }
    return hello;
}

Result<uint32_t> common_protocol(const Hello& own, const Hello& other) {
    const uint32_t highest = std::min(own.protocol_max, other.protocol_max);
    if (highest >= own.protocol_min && highest >= other.protocol_min) return highest;
    const bool other_is_older = other.protocol_max < own.protocol_min;
    const auto range = [](const Hello& hello) {
        return std::to_string(hello.protocol_min) + " to " + std::to_string(hello.protocol_max);
    };
    return Error{Code::kVersion, "the other end speaks versions " + range(other) +
                                     " of the replication protocol, this one " + range(own) +
                                     ": upgrade " + (other_is_older ? "the other" : "this one")};
}

void put_message(std::string& out, const Proof& proof) {
    put_message(out, MessageType::kProof, {proof.mac.data(), proof.mac.size()});
}

Result<Proof> Proof::decode(std::string_view body) {
    ByteReader in(body);
    Proof proof;
    if (!take_proof(in, proof.mac)) return malformed("proof");
    return proof;
}

void put_message(std::string& out, const Identity& identity) {
    std::string body;
    put(body, static_cast<uint8_t>(identity.purpose));
    put_facts(body, identity.facts);
    put_message(out, MessageType::kIdentity, body);
}

Result<Identity> Identity::decode(std::string_view body) {
    ByteReader in(body);
    Identity identity;
    if (!take_enum(in, Purpose::kFollow, Purpose::kAsk, identity.purpose) ||
        !take_facts(in, identity.facts)) {
        return malformed("identity");
    }
    return identity;
}

void put_message(std::string& out, const Answer& answer) {
    const Decision& decision = answer.decision;
    std::string body;
    put(body, static_cast<uint8_t>(decision.course));
    put(body, static_cast<uint16_t>(decision.why));
    put(body, static_cast<uint8_t>(decision.gives_up));
    put(body, decision.from);
    put(body, answer.secret);
    put(body, answer.retry_ms);
    put_text(body, decision.reason, kSentenceBytes);
    put_text(body, decision.remedy, kSentenceBytes);
    put_facts(body, answer.facts);
    put_message(out, MessageType::kAnswer, body);
}

Result<Answer> Answer::decode(std::string_view body) {
    ByteReader in(body);
    Answer answer;
    Decision& decision = answer.decision;
    uint16_t why = 0;
    if (!take_enum(in, Course::kContinue, Course::kTold, decision.course) || !in.take(why) ||
        !take_bool(in, decision.gives_up) || !in.take(decision.from) || !in.take(answer.secret) ||
        !in.take(answer.retry_ms) || !take_text(in, decision.reason, kSentenceBytes) ||
        !take_text(in, decision.remedy, kSentenceBytes) || !take_facts(in, answer.facts)) {
        return malformed("answer");
    }
    decision.why = static_cast<Why>(why);
    return answer;
}

void put_message(std::string& out, const Start& start) {
    std::string body;
    put(body, start.position);
    put_message(out, MessageType::kStart, body);
}

Result<Start> Start::decode(std::string_view body) {
    ByteReader in(body);
    Start start;
    if (!in.take(start.position)) return malformed("start");
    return start;
}

void put_log_head(std::string& out, uint64_t position, size_t bytes) {
    char head[kLogPositionBytes];
    store(head, position);
    put_split_message(out, MessageType::kLog, {head, sizeof head}, {}, bytes);
}

void put_message(std::string& out, const LogPiece& piece) {
    put_log_head(out, piece.position, piece.bytes.size());
    out.append(piece.bytes);
}

Result<LogPiece> LogPiece::decode(std::string_view body) {
    ByteReader in(body);
    LogPiece piece;
    if (!in.take(piece.position) || !in.take_bytes(in.remaining(), piece.bytes) ||
        piece.position + piece.bytes.size() < piece.position) {
        return malformed("log");
    }
    return piece;
}

void put_message(std::string& out, const Epoch& epoch) {
    std::string body;
    put_epoch(body, epoch);
    put_message(out, MessageType::kEpoch, body);
}

Result<Epoch> decode_epoch(std::string_view body) {
    ByteReader in(body);
    Epoch epoch;
    if (!take_epoch(in, epoch)) return malformed("epoch");
    return epoch;
}

void put_message(std::string& out, const Heartbeat& heartbeat) {
    std::string body;
    put(body, heartbeat.sequence);
    put(body, heartbeat.engine_ms);
    put(body, heartbeat.appended);
    put(body, heartbeat.written);
    put(body, heartbeat.synced);
    put(body, heartbeat.term);
    put(body, heartbeat.epoch);
    put(body, heartbeat.epoch_id);
    put(body, heartbeat.interval_ms);
    put_message(out, MessageType::kHeartbeat, body);
}

Result<Heartbeat> Heartbeat::decode(std::string_view body) {
    ByteReader in(body);
    Heartbeat heartbeat;
    if (!in.take(heartbeat.sequence) || !in.take(heartbeat.engine_ms) ||
        !in.take(heartbeat.appended) || !in.take(heartbeat.written) || !in.take(heartbeat.synced) ||
        !in.take(heartbeat.term) || !in.take(heartbeat.epoch) || !in.take(heartbeat.epoch_id) ||
        !in.take(heartbeat.interval_ms) || heartbeat.written > heartbeat.appended) {
        return malformed("heartbeat");
    }
    return heartbeat;
}

void put_message(std::string& out, const Ack& ack) {
    std::string body;
    put(body, ack.sequence);
    put(body, static_cast<uint8_t>(ack.state));
    put(body, ack.applied);
    put(body, ack.fsynced);
    put(body, ack.received);
    put_message(out, MessageType::kAck, body);
}

Result<Ack> Ack::decode(std::string_view body) {
    ByteReader in(body);
    Ack ack;
    if (!in.take(ack.sequence) ||
        !take_enum(in, FollowerState::kFollows, FollowerState::kLoads, ack.state) ||
        !in.take(ack.applied) || !in.take(ack.fsynced) || !in.take(ack.received)) {
        return malformed("acknowledgement");
    }
    return ack;
}

}  // namespace synap::replication
