// Types, numbers and bounds of the messages on the replication port. The prose is in
// docs/replication-protocol.md. Nothing here may change its value: add, never renumber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/limits.h"

namespace synap::replication {

// The versions of the protocol that this engine speaks. A version only ever adds fields at the end
// of bodies and types of messages; what cannot be added so makes the lowest version rise.
inline constexpr uint32_t kProtocolMin = 1;
inline constexpr uint32_t kProtocolMax = 1;

// What each end sends first, so that a client of another protocol is told apart by its first bytes.
inline constexpr std::string_view kPreamble = "SYNAPRPL";

// Header of a message: length:u32 crc:u32 type:u16 reserved:u16, then `length` bytes of body.
// crc covers bytes 0-3, 8-11 and the body; of kLog only the position, since frames have checksums.
inline constexpr size_t kMessageHeaderBytes = 12;
inline constexpr size_t kMessageCrcOffset = 4;
inline constexpr size_t kLogPositionBytes = 8;

// From kSkippable on, a type that is not known is skipped; below, it ends the connection.
inline constexpr uint16_t kSkippable = 0x8000;

enum class MessageType : uint16_t {
    kHello = 1,
    kProof = 2,
    kIdentity = 3,
    kAnswer = 4,
    kStart = 5,
    kLog = 6,
    kEpoch = 7,
    kHeartbeat = 8,
    kAck = 9,
    kFullRequest = 10,
    kFullOffer = 11,
    kChunk = 12,
    kFullEnd = 13,
    kGoodbye = 14,
    // Reserved: 32 to 47 for handing a term over, 64 to 95 for tools of administration, and
    // kSkippable + 1 for messages of PUBLISH.
};

// --- bounds. A longer body ends the connection. --------------------------------------------------

inline constexpr size_t kProofBytes = 32;             // of challenges and proofs
inline constexpr size_t kUnprovenBodyBytes = 1024;    // of any message before the peer has proven
inline constexpr size_t kControlBodyBytes = 8 << 10;  // of what is not named below
inline constexpr size_t kFactsBodyBytes = 4 << 20;    // of kIdentity and kAnswer
inline constexpr size_t kLogPieceBytes = 256 << 10;   // bytes of the log in a kLog
inline constexpr size_t kChunkBytes = 256 << 10;      // of a snapshot file in a kChunk, as sent
inline constexpr size_t kChunkRawBytes = 1 << 20;     // and unpacked
inline constexpr size_t kNameBytes = 256;             // of a node, an address, a file
inline constexpr size_t kSentenceBytes = 480;         // of a reason or a remedy
inline constexpr size_t kSnapshotsTold = 64;          // of an own directory
inline constexpr size_t kMarksTold = 1024;

constexpr size_t body_limit(MessageType type) noexcept {
    switch (type) {
        case MessageType::kIdentity:
        case MessageType::kAnswer:
            return kFactsBodyBytes;
        case MessageType::kLog:
            return kLogPositionBytes + kLogPieceBytes;
        case MessageType::kChunk:
            return 64 + kChunkBytes;
        default:
            return kControlBodyBytes;
    }
}

// What a peer that has not proven itself may send, and nothing else.
constexpr bool precedes_proof(MessageType type) noexcept {
    return type == MessageType::kHello || type == MessageType::kProof ||
           type == MessageType::kGoodbye;
}

constexpr bool is_known(uint16_t type) noexcept {
    return type >= static_cast<uint16_t>(MessageType::kHello) &&
           type <= static_cast<uint16_t>(MessageType::kGoodbye);
}

// A goodbye may come before any proof.
static_assert(2 * (kSentenceBytes + 2) + 8 <= kUnprovenBodyBytes);
// Every epoch that a MANIFEST can hold, and all marks, can be told.
static_assert(limits::kManifestEpochs * 36 + kMarksTold * 20 + (64 << 10) < kFactsBodyBytes);

}  // namespace synap::replication
