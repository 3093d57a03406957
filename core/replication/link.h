// One connection on the replication port: the proof of the secret, then messages both ways, each
// read when its owner asks for it and sent as fast as the peer takes it.
//
// It is given the transport's events about its connection and the time; it reads no clock. A peer
// is slowed down by not calling next(), and does not make this end hold more than it queued
// itself: owners ask has_room() before they send what can wait.
//
// Thread safety: one thread, the transport's owner. Cost: a message that arrives whole in one read
// is not copied, what is sent by reference neither.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/platform/entropy.h"
#include "core/platform/transport.h"
#include "core/replication/framing.h"
#include "core/replication/messages.h"
#include "core/replication/proof.h"

namespace synap::replication {

struct LinkLimits {
    uint64_t prove_us = 10'000'000;   // from the connection to the proof
    uint64_t silent_us = 10'000'000;  // without a byte of the peer
    uint64_t leave_us = 2'000'000;    // for the last words to arrive
    size_t queued_bytes = 1 << 20;    // has_room() below
};

class Link {
public:
    enum class State : uint8_t {
        kProving,
        kProven,   // messages may be sent, and are read
        kLeaving,  // the last words are on their way
        kEnded,    // the connection is closed
    };

    // The connection is established. `peer` is for messages.
    Link(Transport& transport, ConnectionId connection, std::string peer, Role role,
         const Secrets& secrets, Entropy& entropy, uint64_t now_us, const LinkLimits& limits = {});
    ~Link();  // closes
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    ConnectionId connection() const noexcept { return connection_; }
    const std::string& peer() const noexcept { return peer_; }
    State state() const noexcept { return state_; }
    bool is_proven() const noexcept { return state_ == State::kProven; }
    uint32_t protocol() const noexcept { return proof_.protocol(); }
    const std::optional<Mac>& proven_by() const noexcept { return proof_.proven_by(); }
    uint64_t last_heard_us() const noexcept { return heard_us_; }

    // An event of the transport about this connection.
    void note(const TransportEvent& event, uint64_t now_us);
    // The next message of a proven peer; its body lives until the next call. False: there is none
    // now, or the link has ended: see state().
    bool next(Message& message, uint64_t now_us);
    // Time limits. Call at least each second.
    void tick(uint64_t now_us);
    // Nothing is read on purpose: the silence is not the peer's.
    void does_not_read(uint64_t now_us) noexcept { heard_us_ = now_us; }

    // Queues a message and sends what the peer takes. Nothing once the link is leaving.
    template <typename Body>
    void send(const Body& body) {
        if (state_ != State::kProven) return;
        put_message(own_bytes(), body);
        flush();
    }
    // `head` was made by put_log_head() or put_chunk_head(); the bytes behind it are sent from
    // where they are, and `owner` is held on to until they are.
    void send(std::string_view head, std::string_view bytes, std::shared_ptr<const void> owner);
    bool has_room() const noexcept { return queued_ < limits_.queued_bytes; }
    size_t queued() const noexcept { return queued_; }

    // Says why and leaves: what was queued still arrives if the peer takes it in time.
    void leave(Why why, std::string reason, std::string remedy, uint64_t now_us,
               uint32_t retry_ms = 0);
    // Why it ended, or is leaving: what was said by this end, or by the peer, or what happened.
    const Goodbye& goodbye() const noexcept { return goodbye_; }
    bool was_left_by_peer() const noexcept { return by_peer_; }

private:
    struct Part {
        std::string own;
        std::string_view bytes;  // of somebody else; else those of `own`
        std::shared_ptr<const void> owner;
        size_t size() const noexcept { return owner != nullptr ? bytes.size() : own.size(); }
    };

    void read_unasked(uint64_t now_us);
    bool read_more(uint64_t now_us);
    void take_proof(const Message& message, uint64_t now_us);
    void fail(const Error& error, uint64_t now_us);
    void end(Why why, std::string reason, std::string remedy);
    std::string& own_bytes();
    void flush();

    static constexpr size_t kReadBytes = 256 * 1024 + 64;

    Transport& transport_;
    const ConnectionId connection_;
    const std::string peer_;
    const LinkLimits limits_;
    State state_ = State::kProving;
    ProofOfSecret proof_;
    MessageParser parser_;
    std::string buffer_;       // what was read; empty between two messages that need no more
    std::string_view unread_;  // of it
    bool readable_ = true;
    bool ended_by_peer_ = false;  // it will send no more
    std::deque<Part> queue_;
    size_t queued_ = 0;
    size_t sent_of_first_ = 0;
    uint64_t began_us_;
    uint64_t heard_us_;
    uint64_t left_us_ = 0;
    Goodbye goodbye_;
    bool by_peer_ = false;
};

}  // namespace synap::replication
