#include "core/replication/proof.h"

#include <cstring>
#include <utility>

#include "core/base/varint.h"
#include "core/replication/decision_text.h"

namespace synap::replication {

namespace {

constexpr const char* kSetSecret =
    "Set replication.secret to the same text on every node, or on none";

// What an end is told of itself is about the other one here.
Why as_heard(Why why) noexcept {
    if (why == Why::kNoSecretHere) return Why::kNoSecretThere;
    if (why == Why::kNoSecretThere) return Why::kNoSecretHere;
    return why;
}

const char* reason_of(Why why) noexcept {
    switch (why) {
        case Why::kNoSecretHere:
            return "the other end has a replication.secret, this node none";
        case Why::kNoSecretThere:
            return "this node has a replication.secret, the other end none";
        case Why::kWrongSecret:
            return "the two ends have different values of replication.secret";
        case Why::kProtocol:
            return "the two ends have no version of the protocol in common";
        case Why::kProtectedMode:
            return "the other end is in protected mode: it has no replication.secret, and serves "
                   "only its own machine";
        case Why::kShutdown:
            return "the other end is shutting down";
        case Why::kTooSlow:
            return "the other end waited too long";
        default:
            return "the other end closed the connection";
    }
}

const char* remedy_of(Why why) noexcept {
    switch (why) {
        case Why::kNoSecretHere:
        case Why::kNoSecretThere:
            return kSetSecret;
        case Why::kWrongSecret:
            return "Compare the files or variables that replication.secret is read from; while it "
                   "is changed, hold both values on every node";
        case Why::kProtocol:
            return "Upgrade the older of the two";
        case Why::kProtectedMode:
            return "Set replication.secret on every node, or an address to listen on there";
        default:
            return "It is tried again";
    }
}

}  // namespace

ProofOfSecret::ProofOfSecret(Role role, Secrets secrets, Entropy& entropy)
    : secrets_(std::move(secrets)) {
    own_.role = role;
    own_.has_secret = !secrets_.empty();
    for (size_t at = 0; at < own_.challenge.size(); at += sizeof(uint64_t)) {
        store(own_.challenge.data() + at, entropy.next());
    }
}

void ProofOfSecret::begin(std::string& out) const {
    out.append(kPreamble);
    put_message(out, own_);
}

ProofOfSecret::State ProofOfSecret::fail(Why why, std::string reason, std::string remedy,
                                         std::string* out) {
    failure_ = {why, std::move(reason), std::move(remedy), 0};
    if (out != nullptr) put_message(*out, Goodbye{why, {}, {}, 0});
    return state_ = State::kFailed;
}

ProofOfSecret::State ProofOfSecret::take(const Message& message, std::string& out) {
    if (state_ != State::kGoesOn) return state_;
    switch (message.type) {
        case MessageType::kHello:
            return take_hello(message.body, out);
        case MessageType::kProof:
            return take_proof(message.body, out);
        case MessageType::kGoodbye:
            return take_goodbye(message.body);
        default:
            return fail(Why::kBadMessage, "the other end did not prove itself first",
                        "Look what connects to the replication port", &out);
    }
}

ProofOfSecret::State ProofOfSecret::take_hello(std::string_view body, std::string& out) {
    auto hello = Hello::decode(body);
    if (!hello || has_hello_ || hello->role == own_.role ||
        std::memcmp(hello->challenge.data(), own_.challenge.data(), kProofBytes) == 0) {
        return fail(Why::kBadMessage, "the other end did not begin as the protocol says",
                    "Look what is at the other end", &out);
    }
    other_ = *hello;
    has_hello_ = true;
    auto protocol = common_protocol(own_, other_);
    if (!protocol) {
        return fail(Why::kProtocol, protocol.error().message, remedy_of(Why::kProtocol), &out);
    }
    protocol_ = *protocol;
    if (own_.has_secret != other_.has_secret) {
        const Why why = own_.has_secret ? Why::kNoSecretThere : Why::kNoSecretHere;
        return fail(why, reason_of(why), kSetSecret, &out);
    }
    if (!own_.has_secret) return state_ = State::kProven;
    return is_initiator() ? send_proof(out) : State::kGoesOn;
}

ProofOfSecret::State ProofOfSecret::send_proof(std::string& out) {
    auto mac = secrets_.prove(own_.role, initiator(), acceptor());
    if (!mac) return fail(Why::kInternal, mac.error().message, "It is tried again", &out);
    Proof proof;
    std::memcpy(proof.mac.data(), mac->data(), proof.mac.size());
    put_message(out, proof);
    return state_;
}

ProofOfSecret::State ProofOfSecret::take_proof(std::string_view body, std::string& out) {
    auto proof = Proof::decode(body);
    if (!proof || !has_hello_) {
        return fail(Why::kBadMessage, "the other end did not begin as the protocol says",
                    "Look what is at the other end", &out);
    }
    auto which = secrets_.check(*proof, other_.role, initiator(), acceptor());
    if (!which) return fail(Why::kInternal, which.error().message, "It is tried again", &out);
    if (!*which) {
        return fail(Why::kWrongSecret, reason_of(Why::kWrongSecret), remedy_of(Why::kWrongSecret),
                    &out);
    }
    auto fingerprint = secrets_.fingerprint(**which);
    if (!fingerprint) {
        return fail(Why::kInternal, fingerprint.error().message, "It is tried again", &out);
    }
    if (!is_initiator() && send_proof(out) == State::kFailed) return state_;
    proven_by_ = *fingerprint;
    return state_ = State::kProven;
}

ProofOfSecret::State ProofOfSecret::take_goodbye(std::string_view body) {
    auto goodbye = Goodbye::decode(body);
    const Why why = goodbye ? as_heard(goodbye->why) : Why::kBadMessage;
    return fail(why, reason_of(why), remedy_of(why), nullptr);
}

}  // namespace synap::replication
