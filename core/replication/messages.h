// The messages of the replication port, written and read. The layout of each is a table in
// docs/replication-protocol.md.
//
// put_message() appends a whole message to a buffer. decode() reads a body: kCorrupt when it is not
// one, and nothing is allocated beyond what its bytes are there for. A body may be longer than what
// is known here: a later version has added fields, which are not read. Views point into the body.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/replication/common_point.h"
#include "core/replication/facts.h"
#include "core/replication/wire.h"

namespace synap::replication {

using ProofBytes = std::array<char, kProofBytes>;

enum class Role : uint8_t { kInitiator = 1, kAcceptor = 2 };

// --- the handshake -------------------------------------------------------------------------------

struct Hello {
    uint32_t protocol_min = kProtocolMin;
    uint32_t protocol_max = kProtocolMax;
    Role role = Role::kInitiator;
    bool has_secret = false;
    ProofBytes challenge{};  // random

    std::string encode() const;  // the body; a proof covers it
    static Result<Hello> decode(std::string_view body);
};
void put_message(std::string& out, const Hello& hello);
// The version that both speak. kVersion, saying which end is to be upgraded, when there is none.
Result<uint32_t> common_protocol(const Hello& own, const Hello& other);

struct Proof {
    ProofBytes mac{};
    static Result<Proof> decode(std::string_view body);
};
void put_message(std::string& out, const Proof& proof);

enum class Purpose : uint8_t {
    kFollow = 1,
    kAsk = 2,  // for the other's facts, and to tell the own
};

struct Identity {
    Purpose purpose = Purpose::kFollow;
    NodeFacts facts;
    static Result<Identity> decode(std::string_view body);
};
void put_message(std::string& out, const Identity& identity);

struct Answer {
    NodeFacts facts;
    Decision decision;      // without fences_sender and begin_term_above: those are done
    uint64_t secret = 0;    // of the history; 0 unless the follower may follow
    uint32_t retry_ms = 0;  // of kLater; 0: as the follower likes
    static Result<Answer> decode(std::string_view body);
};
void put_message(std::string& out, const Answer& answer);

// --- the log -------------------------------------------------------------------------------------

// The follower is ready for the log from `position` on, which is what was decided, or behind the
// snapshot that it took.
struct Start {
    uint64_t position = 0;
    static Result<Start> decode(std::string_view body);
};
void put_message(std::string& out, const Start& start);

// Bytes of the log as they are, cut anywhere: see FrameStream.
struct LogPiece {
    uint64_t position = 0;
    std::string_view bytes;
    static Result<LogPiece> decode(std::string_view body);
};
void put_message(std::string& out, const LogPiece& piece);
// Everything before the bytes, which are sent from where they are.
void put_log_head(std::string& out, uint64_t position, size_t bytes);

// What begins at `epoch.start`: sent before the log behind it, and behind the log before it.
void put_message(std::string& out, const Epoch& epoch);
Result<Epoch> decode_epoch(std::string_view body);

struct Heartbeat {
    uint64_t sequence = 0;
    int64_t engine_ms = 0;  // the sender's time of day, or its master's as it judges it
    uint64_t appended = 0;  // end of the log, written or not
    uint64_t written = 0;   // what may be sent
    uint64_t synced = 0;    // as the node knows that wrote the newest epoch
    uint32_t term = 0;      // of the newest epoch
    uint32_t epoch = 0;     // its number
    uint64_t epoch_id = 0;
    uint32_t interval_ms = 0;  // until the next one
    static Result<Heartbeat> decode(std::string_view body);
};
void put_message(std::string& out, const Heartbeat& heartbeat);

enum class FollowerState : uint8_t { kFollows = 1, kReceivesSnapshot = 2, kLoads = 3 };

struct Ack {
    uint64_t sequence = 0;  // of the last heartbeat
    FollowerState state = FollowerState::kFollows;
    uint64_t applied = 0;   // end of the last whole record
    uint64_t fsynced = 0;   // 0 without a directory
    uint64_t received = 0;  // of the snapshot file
    static Result<Ack> decode(std::string_view body);
};
void put_message(std::string& out, const Ack& ack);

// --- a full sync ---------------------------------------------------------------------------------

// What the follower already has of a file that was offered before; zeros for none.
struct FullRequest {
    uint64_t complete_at = 0;
    uint64_t checksum = 0;
    uint64_t offset = 0;
    static Result<FullRequest> decode(std::string_view body);
};
void put_message(std::string& out, const FullRequest& request);

struct FullOffer {
    std::string_view name;  // for logs
    uint64_t size = 0;
    uint64_t from = 0;  // where the log goes on behind the file
    uint64_t complete_at = 0;
    uint64_t checksum = 0;  // XXH3-64 of the file
    uint64_t offset = 0;    // of the first chunk: what was asked for where it is that file, else 0
    static Result<FullOffer> decode(std::string_view body);
};
void put_message(std::string& out, const FullOffer& offer);

enum class ChunkCodec : uint8_t { kRaw = 0, kZstd = 1 };

struct Chunk {
    uint64_t offset = 0;    // in the file
    uint32_t raw_size = 0;  // in the file; at most kChunkRawBytes
    ChunkCodec codec = ChunkCodec::kRaw;
    std::string_view bytes;
    static Result<Chunk> decode(std::string_view body);
};
void put_message(std::string& out, const Chunk& chunk);
// Everything before the bytes, which are sent from where they are.
void put_chunk_head(std::string& out, const Chunk& chunk);

struct FullEnd {
    uint64_t size = 0;
    uint64_t checksum = 0;
    static Result<FullEnd> decode(std::string_view body);
};
void put_message(std::string& out, const FullEnd& end);

// --- the end -------------------------------------------------------------------------------------

// The last message of a connection. Before the sender has proven itself only `why` is of account:
// the words are not shown.
struct Goodbye {
    Why why = Why::kNothing;
    std::string reason;
    std::string remedy;
    uint32_t retry_ms = 0;
    static Result<Goodbye> decode(std::string_view body);
};
void put_message(std::string& out, const Goodbye& goodbye);

}  // namespace synap::replication
