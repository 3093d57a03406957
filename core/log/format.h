// Constants of the files in a data directory. Shared by writers and readers; the prose is in
// docs/formats.md. Nothing here may change its value: add, never renumber.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace synap::format {

// The newest level that this engine knows, and the one it gives a new directory. Every file states
// the level of its directory, which MANIFEST says and the engine writes.
inline constexpr uint32_t kLevel = 1;

inline constexpr std::string_view kManifestName = "MANIFEST";
inline constexpr std::string_view kNodeName = "NODE";
inline constexpr std::string_view kManifestMagic = "SYNAPMAN";
inline constexpr std::string_view kNodeMagic = "SYNAPNOD";
inline constexpr std::string_view kSegmentMagic = "SYNAPLOG";
inline constexpr std::string_view kSnapshotMagic = "SYNAPSNP";
inline constexpr std::string_view kSegmentPrefix = "log-";
inline constexpr std::string_view kSnapshotPrefix = "snapshot-";
inline constexpr std::string_view kDivergedMagic = "SYNAPDIV";
inline constexpr std::string_view kDivergedPrefix = "diverged-";
// What a full sync has brought so far: the log from where its snapshot begins, and that.
inline constexpr std::string_view kIncomingSnapshotPrefix = "incoming-snapshot-";
inline constexpr std::string_view kIncomingPrefix = "incoming-log-";
inline constexpr std::string_view kTemporarySuffix = ".tmp";

// Segment: header, then frames, then zeros or the end of the file.
//   magic[8] level:u32 crc:u32 history[16] first_position:u64 synced:u64 writer:u64
//   reserved[8]
// crc covers the header without itself. `synced` is what the node `writer` knew durable there at
// creation.
inline constexpr size_t kSegmentHeaderBytes = 64;

// Frame: header, then `length` bytes of payload.
//   length:u32 crc:u32 kind:u8 flags:u8 codec:u8 key_id:u8 epoch:u32
//   position:u64 synced:u64 commit_ms:u64
// crc begins with the history's frame_seed() and covers the payload, then length and everything
// behind crc: so the payload's part is known before the frame has its place. Positions count
// frames, headers included; `position` is that of the frame's first byte.
inline constexpr size_t kFrameHeaderBytes = 40;
inline constexpr size_t kFrameCrcOffset = 4;
inline constexpr size_t kFrameSyncedOffset = 24;

inline constexpr uint8_t kKindEmpty = 0;  // preallocated space: the log ends here
inline constexpr uint8_t kKindEffects = 1;
inline constexpr uint8_t kKindFiller = 2;  // inside a chain: its payload says nothing

// A record larger than one frame is a chain: first, middle ..., last.
inline constexpr uint8_t kFlagFirst = 1;
inline constexpr uint8_t kFlagLast = 2;

// "log-00000000000000000042": names sort as positions do.
std::string file_name(std::string_view prefix, uint64_t position);
// What they are called once they have taken the place of what was there.
inline constexpr std::pair<std::string_view, std::string_view> kIncomingNames[] = {
    {kIncomingPrefix, kSegmentPrefix}, {kIncomingSnapshotPrefix, kSnapshotPrefix}};
constexpr bool is_incoming(std::string_view name) noexcept {
    return name.starts_with(kIncomingPrefix) || name.starts_with(kIncomingSnapshotPrefix);
}
// False when the name is not of that form.
bool parse_file_name(std::string_view name, std::string_view prefix, uint64_t& position) noexcept;

}  // namespace synap::format
