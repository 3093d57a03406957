// Segments: the files that hold the log, each named by the position of its first frame.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/platform/disk.h"

namespace synap {

// Identifies one history for ever; random when a directory is created.
struct HistoryId {
    uint64_t high = 0;
    uint64_t low = 0;
    bool operator==(const HistoryId&) const = default;
};

// Whose log it is, with what the checksums of its frames begin (see frame_seed()), and the format
// level of the directory, which its files state.
struct LogHistory {
    HistoryId id;
    uint32_t frame_seed = 0;
    uint32_t level = 0;
};

// kVersion, naming both levels, when a file states one that this version does not know.
Status check_level(uint32_t level, const std::string& file);

struct SegmentHeader {
    uint32_t level = 0;
    HistoryId history;
    uint64_t first_position = 0;
    uint64_t synced = 0;  // known durable by the node `writer`
    uint64_t writer = 0;
};

std::string encode_segment_header(const SegmentHeader& header);
// kCorrupt when it is not a segment header, kVersion when it is of a newer level.
Result<SegmentHeader> decode_segment_header(std::string_view bytes, const std::string& file);

// Creates the file with its header written, and gives it its name once `prepare` has done what it
// likes behind the header; nothing is synced. When it fails there is no such file.
Result<std::unique_ptr<File>> create_segment(Disk& disk, const SegmentHeader& header,
                                             const std::function<Status(File&)>& prepare = nullptr);

// Positions in the names of files that begin so, ascending.
Result<std::vector<uint64_t>> list_positions(Disk& disk, std::string_view prefix);
// First positions of the segments present, ascending.
Result<std::vector<uint64_t>> list_segments(Disk& disk);

}  // namespace synap
