// Reads the log of a closed directory, record by record, across segments. What frames and segments
// say about durability counts as far as `marks` believes whoever wrote them.
//
// Thread safety: one thread. Allocates in proportion to what is there, never to what a header says.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/log/manifest.h"
#include "core/log/record.h"
#include "core/log/segment.h"
#include "core/platform/disk.h"

namespace synap {

struct LogRecord {
    uint64_t end = 0;  // position behind it
    uint32_t epoch = 0;
    uint64_t commit_ms = 0;
    std::string_view effects;  // valid until the next call
};

class LogReader {
public:
    // Reads from the first record at or behind `from`; `from` is the start of a record, or lies
    // before the oldest segment, which is kCorrupt: the log has a hole.
    static Result<std::unique_ptr<LogReader>> open(Disk& disk, const LogHistory& history,
                                                   uint64_t from, Marks marks = {});

    // False at the end of what is valid. kIo, kVersion and kCorrupt are not ends.
    Result<bool> next(LogRecord& record);

    // Behind the last whole record.
    uint64_t end() const noexcept { return end_; }
    // Why and where reading ended: "log-...: offset 123: checksum does not match". Empty at a clean
    // end.
    const std::string& damage() const noexcept { return damage_; }
    // The furthest position that anything behind the end proves to have been durable; 0 for none.
    // Meaningful after next() has answered false. Blocking: disk.
    Result<uint64_t> proven_durable();
    // Copies what was read but neither the log nor `proven` (a position) shows to be durable into
    // fresh files. Syncing would prove nothing: when a sync of an earlier process failed, readers
    // still see bytes that the kernel has given up writing. Call before erase_behind_end. May be
    // called again after an error that may pass.
    Status rewrite_unproven(uint64_t proven);
    // Removes everything behind the end, durably. After this the log ends cleanly. May be called
    // again after an error that may pass.
    Status erase_behind_end();
    // The last segment, by its first position; the end of the log where there is none. After
    // erase_behind_end().
    uint64_t last_segment() const noexcept { return segments_.empty() ? end_ : segments_.back(); }
    // How far next() has come, of how far the segments reach at most.
    uint64_t bytes_read() const noexcept { return end_ - from_; }
    uint64_t bytes_total() const noexcept { return bytes_total_; }
    uint64_t oldest_position() const noexcept {
        return segments_.empty() ? end_ : segments_.front();
    }

private:
    LogReader(Disk& disk, const LogHistory& history, Marks marks)
        : disk_(disk), history_(history), marks_(std::move(marks)) {}

    Status enter_segment(size_t index);
    // Whether a segment that could not be entered is damage, at which the log may end.
    bool is_damage(const Error& error) const noexcept {
        return error.code == Code::kCorrupt && !foreign_;
    }
    // Makes `size` bytes at the file offset available; short at the end of the file.
    Result<std::string_view> view(uint64_t offset, size_t size);
    // A whole valid frame at `offset` of the current segment, whatever came before it.
    Result<bool> frame_at(uint64_t offset, FrameHeader& header, std::string_view& payload,
                          const char*& reason);
    bool counts(const FrameHeader& header) noexcept;  // what it calls durable
    uint64_t position_at(uint64_t offset) const noexcept;
    Status copy_segment(uint64_t segment, uint64_t begin, uint64_t end, uint64_t proven);

    Disk& disk_;
    const LogHistory history_;
    const Marks marks_;
    std::vector<uint64_t> segments_;
    size_t index_ = 0;
    std::unique_ptr<File> file_;
    std::string file_name_;
    uint64_t file_synced_ = 0;
    uint32_t counted_epoch_ = 0;  // the last that counts() was asked about; epochs count from 1
    bool counted_ = true;
    uint64_t claimed_ = 0;  // the furthest position that the records read call durable
    uint64_t offset_ = 0;   // of the next frame, in the file
    std::string buffer_;
    uint64_t buffer_at_ = 0;
    std::string chain_;
    uint64_t from_ = 0;
    uint64_t end_ = 0;
    uint64_t bytes_total_ = 0;
    std::string damage_;
    uint64_t proven_ = 0;   // durable before rewrite_unproven() made the rest so
    bool foreign_ = false;  // a whole segment of another history was met: never an end of this log
};

}  // namespace synap
