// Reads the frames of an open log exactly as they stand in it, behind whoever appends: for a master
// that streams to followers. What was written last comes from the log's one shared memory, without
// a copy; what is older from the segment files, each frame checked.
//
// Thread safety: a reader from one thread, beside everything else that is done to the log, which
// outlives it. Cost: O(bytes read), from memory without touching payloads.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/log/log.h"
#include "core/log/stream.h"

namespace synap {

struct TailRead {
    std::shared_ptr<const char> owner;  // keeps `bytes`, for as long as anybody holds it
    std::string_view bytes;             // whole frames; empty: there is no more yet
    uint64_t end = 0;                   // position behind them
    // Where the last whole record in or before them ends. Before `end` only inside the chain of a
    // record that is larger than one read: that is how far whoever got these bytes may say it is.
    uint64_t record_end = 0;
    bool from_memory = false;
};

class TailReader {
public:
    enum class Until : uint8_t { kWritten, kSynced };

    // From `position` on, which is the end of a record, as positions that anybody tells are. The
    // first read() checks that.
    TailReader(Log& log, uint64_t position, Until until = Until::kWritten);
    ~TailReader();
    TailReader(const TailReader&) = delete;
    TailReader& operator=(const TailReader&) = delete;

    // About `most` bytes at the most, and at least one frame where there is one. kNeedSnapshot when
    // the log does not hold the position: its segment was removed, the log stands elsewhere now
    // (re-based, cut back), or has not come so far. kInvalidArgument when no record ends there,
    // kCorrupt naming file and offset, kIo. After an error it stands where it stood. Blocking:
    // disk, where memory does not have it; and the first time of a log that nothing was written to
    // since it was opened, for a segment's length.
    Result<TailRead> read(size_t most = 256 * 1024);

    uint64_t position() const noexcept { return position_; }

private:
    // How far the frames at the front of some bytes may be handed out.
    struct Walked {
        size_t frames = 0;   // bytes of whole frames
        size_t records = 0;  // of them, through the last end of a record; 0: none ends
        size_t wanted = 0;   // of the first frame, where not all of it is there
        const char* wrong = nullptr;
    };
    struct Loaded {
        std::shared_ptr<char> buffer;
        std::string_view bytes;
        Walked at;
    };

    Result<TailRead> read_here(size_t most);
    Result<TailRead> read_file(uint64_t limit, size_t most);
    TailRead hand_out(std::shared_ptr<const char> owner, std::string_view bytes, const Walked& at);
    Walked walk(std::string_view bytes, uint64_t position, bool in_record, size_t most) const;
    static Walked skim(std::string_view bytes, size_t most) noexcept;
    Result<Loaded> load(uint64_t position, uint64_t end, bool in_record, size_t most);

    Status check_start();
    Status check_start_in_file(uint64_t written);
    Result<bool> ends_a_record(uint64_t written);

    // Makes the segment that holds the position the one that is read. False: it is gone.
    Result<bool> enter_segment(uint64_t position);
    Error damaged_at(uint64_t position, const char* why) const;
    Error not_held() const;
    Error no_end() const;

    Log& log_;
    LogStream& stream_;
    const Until until_;
    const uint64_t generation_;
    const uint32_t seed_;  // of the history's frames
    uint64_t position_;
    uint64_t record_end_;
    bool is_checked_ = false;  // that a record ends where it began
    std::unique_ptr<File> file_;
    LogStream::Segment segment_{0, 0};  // of file_
};

}  // namespace synap
