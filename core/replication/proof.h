// The beginning of a connection: both ends prove that they know the secret, before anything is told
// or believed. A state machine over messages; the caller moves the bytes.
//
//   initiator  preamble HELLO           PROOF           IDENTITY ...
//   acceptor   preamble HELLO                   PROOF            ANSWER ...
//
// The acceptor computes nothing over a challenge before the other end has proven itself, a proof
// holds for one role and both challenges, and neither end can be talked into a lower version. Where
// neither has a secret both are believed at once: whether that end may connect is not decided here
// (is_protected()). Thread safety: one thread.
#pragma once

#include <optional>
#include <string>

#include "core/platform/entropy.h"
#include "core/replication/framing.h"
#include "core/replication/messages.h"
#include "core/replication/secrets.h"

namespace synap::replication {

class ProofOfSecret {
public:
    ProofOfSecret(Role role, Secrets secrets, Entropy& entropy);

    // What this end sends first.
    void begin(std::string& out) const;

    enum class State : uint8_t { kGoesOn, kProven, kFailed };
    // Takes a message of the other end; appends what is to be sent. After kProven the parser may be
    // told, and messages that follow are not for here. After kFailed what was appended is sent, and
    // the connection closed.
    State take(const Message& message, std::string& out);

    // Of kFailed, for this end's log: one line says what was wrong and what to do. The texts of an
    // end that has not proven itself are not in it.
    const Goodbye& failure() const noexcept { return failure_; }
    // Of kProven.
    uint32_t protocol() const noexcept { return protocol_; }
    // Which secret the other end proved; none where there is none. See Secrets::still_holds().
    const std::optional<Mac>& proven_by() const noexcept { return proven_by_; }

private:
    State take_hello(std::string_view body, std::string& out);
    State take_proof(std::string_view body, std::string& out);
    State take_goodbye(std::string_view body);
    State send_proof(std::string& out);
    State fail(Why why, std::string reason, std::string remedy, std::string* out);
    const Hello& initiator() const noexcept { return is_initiator() ? own_ : other_; }
    const Hello& acceptor() const noexcept { return is_initiator() ? other_ : own_; }
    bool is_initiator() const noexcept { return own_.role == Role::kInitiator; }

    Secrets secrets_;
    Hello own_;
    Hello other_;
    bool has_hello_ = false;
    State state_ = State::kGoesOn;
    uint32_t protocol_ = 0;
    std::optional<Mac> proven_by_;
    Goodbye failure_;
};

}  // namespace synap::replication
