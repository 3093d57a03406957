// Every bound of the engine, by name. Exceeding one gives the client an error that names it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace synap::limits {

inline constexpr size_t kKeyBytes = 512ull << 20;
inline constexpr size_t kValueBytes = 512ull << 20;
inline constexpr size_t kArguments = 1ull << 20;
inline constexpr size_t kTransactionCommands = 1ull << 16;
inline constexpr size_t kTransactionBytes = 512ull << 20;
// Of one pattern against one name: some milliseconds. A KiB of each never comes near it.
inline constexpr uint64_t kGlobSteps = 1ull << 20;
inline constexpr size_t kWatchedKeys = 1ull << 16;
inline constexpr size_t kReplyBudgetBytes = 1ull << 20;  // of one run of exec_many
// Of a string, by an edit, while its slot is locked; what takes more is prepared before.
inline constexpr size_t kCopiedUnderLock = 1ull << 20;
// Copies of values on a session's tape beyond which strings are shared with it instead, down to
// strings of kSharedStringBytes; and at which EXEC runs no more reads.
inline constexpr size_t kReplyCopyBytes = 1ull << 20;
inline constexpr size_t kSharedStringBytes = 128;
inline constexpr size_t kTransactionReplyBytes = 256ull << 20;
inline constexpr size_t kReplyTreeBytes = 1ull << 30;  // of a reply that is one object
inline constexpr size_t kFrameBytes = 1ull << 20;      // payload of one frame of a record
// A record that holds so much takes no further command of its transaction.
inline constexpr size_t kRecordBytes = 1ull << 30;
inline constexpr size_t kInlineValueBytes = 16 * 1024;  // larger values are shared blobs
// Of an effect that is not a single string or element.
inline constexpr size_t kEffectBodyBytes = 1ull << 20;
// Fields past their deadline that one visit to a hash deletes.
inline constexpr size_t kFieldsExpiredAtOnce = 256;
// That HRANDFIELD draws with repetitions.
inline constexpr size_t kRandomFields = 1ull << 20;
// That one call of HSCAN looks at.
inline constexpr size_t kScannedFields = 1ull << 14;
inline constexpr size_t kPackedBytes = 1024;          // of a small collection in its node
inline constexpr size_t kTreeLeafBytes = 2048;        // but for equal hashes, which stay together
inline constexpr size_t kTreeInlineBytes = 512;       // larger elements of trees are blobs
inline constexpr size_t kLogTailBytes = 64ull << 20;  // appended and not yet written
inline constexpr size_t kLargeRecordBytes = 8ull << 20;  // its appender writes it, beside the tail
inline constexpr size_t kSegmentBytesMin = 1ull << 20;
inline constexpr size_t kSnapshotChunkBytes = 1ull << 20;
// A longer string is several effects in a snapshot, so that none is read as a whole.
inline constexpr size_t kSnapshotStringBytes = 16ull << 20;
inline constexpr unsigned kDatabases = 16;
inline constexpr unsigned kNamespaces = 17;  // databases and one for system state
inline constexpr unsigned kSlotBitsMin = 10;
inline constexpr unsigned kSlotBitsMax = 20;
inline constexpr size_t kCommandNameBytes = 32;
inline constexpr size_t kClientNameBytes = 256;
inline constexpr size_t kManifestEpochs = 1ull << 16;
inline constexpr size_t kLogLines = 4096;
inline constexpr unsigned kStripes = 64;

}  // namespace synap::limits
