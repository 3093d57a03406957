// Constants and the reader shared by the two ends of a snapshot file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/log/segment.h"
#include "core/platform/disk.h"
#include "core/snapshot/snapshot.h"

namespace synap::layout {

inline constexpr std::string_view kTemporaryName = "snapshot.tmp";
inline constexpr uint32_t kFooterSlot = UINT32_MAX;
inline constexpr size_t kHeaderBytes = 8 + 4 + 4 + 16 + 16 + 8 + 4;
inline constexpr size_t kChunkHeaderBytes = 4 + 4 + 8 + 4;
inline constexpr size_t kFooterBytes = 4 + 8 + 8 + 8 + 8 + 4;

struct Header {
    unsigned slot_bits = 0;
    uint8_t databases[limits::kDatabases];
    uint64_t databases_at = 0;
};

struct Chunk {
    uint32_t slot = 0;
    uint64_t position = 0;
    std::string_view effects;  // valid until the next call
};

// Reads a file from front to back; every byte is checked before it is handed out.
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
    uint64_t slots_seen_ = 0;
};

Result<SnapshotInfo> verify_file(Disk& disk, std::string_view name, const HistoryId& history);

}  // namespace synap::layout
