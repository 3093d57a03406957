// Constants and the reader shared by the two ends of a snapshot file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/log/segment.h"
#include "core/platform/disk.h"
#include "core/snapshot/snapshot.h"

namespace synap::layout {

inline constexpr std::string_view kTemporaryName = "snapshot.tmp";
inline constexpr uint32_t kFooterSlot = UINT32_MAX;
inline constexpr size_t kHeaderBytes = 8 + 4 + 4 + 16 + 16 + 8 + 4;
inline constexpr size_t kChunkHeaderBytes = 4 + 4 + 4 + 1 + 8 + 4;
inline constexpr size_t kFooterBytes = 4 + 4 + 8 + 8 + 8 + 8 + 4;

inline constexpr uint8_t kFlagFirst = 1;  // of its slot
inline constexpr uint8_t kFlagLast = 2;   // of its slot
inline constexpr uint8_t kFlagGoesOn =
    4;  // holds a part of one effect, the next chunk the next one
inline constexpr uint8_t kKnownFlags = 7;
// An effect has one key and at most one element that is longer than a chunk.
inline constexpr uint64_t kEffectBytesMost = limits::kKeyBytes + 2 * limits::kValueBytes + 4096;

struct Header {
    unsigned slot_bits = 0;
    uint8_t databases[limits::kDatabases];
    uint64_t databases_at = 0;
};

struct Chunk {
    uint32_t slot = 0;
    uint8_t flags = 0;
    uint64_t position = 0;
    std::string_view effects;  // valid until the next call
};

// Reads a file from front to back; every byte is checked before it is handed out, and so is that
// the chunks are those of a whole snapshot, in the order in which they were written.
//
// Memory: a chunk and some read ahead, whatever the file says.
class Reader {
public:
    static Result<Reader> open(Disk& disk, std::string_view name, const HistoryId& history);

    const Header& header() const noexcept { return header_; }
    // False behind the last chunk; then info() is complete.
    Result<bool> next(Chunk& chunk);
    const SnapshotInfo& info() const noexcept { return info_; }
    uint64_t offset() const noexcept { return offset_; }

private:
    Reader(std::unique_ptr<File> file, std::string name)
        : file_(std::move(file)), name_(std::move(name)) {}

    Status read_header(const HistoryId& history);
    Status read_chunk_header(Chunk& chunk, uint32_t& size, uint32_t& crc, uint32_t& sum);
    Status check_order(const Chunk& chunk, uint32_t number);
    Status read_footer(std::string_view bytes);
    Result<std::string_view> take(size_t size);
    Error damaged(std::string_view why) const;

    std::unique_ptr<File> file_;
    std::string name_;
    Header header_;
    SnapshotInfo info_;
    std::string buffer_;
    uint64_t buffer_at_ = 0;
    uint64_t offset_ = 0;
    uint64_t size_ = 0;
    std::vector<bool> slots_seen_;
    uint64_t slots_whole_ = 0;
    uint32_t chunks_ = 0;
    bool goes_on_ = false;  // the chunk before was not the last of its slot
    uint32_t slot_ = 0;     // its slot and position
    uint64_t position_ = 0;
    uint64_t lowest_ = 0;  // positions met
    uint64_t highest_ = 0;
};

Result<SnapshotInfo> verify_file(Disk& disk, std::string_view name, const HistoryId& history);

}  // namespace synap::layout
