// Frames from the bytes of a log that arrive cut anywhere: whole, in order, checked.
//
// The bytes of a frame that arrives whole are not copied; of another one it keeps at most what it
// was fed. What is received, what is a whole frame and what is a whole record are three positions:
// one follows on from record_end(). An error is final. Thread safety: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/log/record.h"
#include "core/log/segment.h"

namespace synap::replication {

struct StreamedFrame {
    FrameHeader header;
    std::string_view bytes;    // header and payload, as they stand in the log
    std::string_view payload;  // empty of a filler
    bool ends_record = false;
};

class FrameStream {
public:
    // `position` is the end of a whole record.
    FrameStream(LogHistory history, uint64_t position) noexcept
        : history_(history), received_(position), frame_end_(position), record_end_(position) {}

    // What `position` says of the bytes that are fed next: kCorrupt unless they follow on.
    Status follows_on(uint64_t position) const;
    // Takes bytes from the front of `bytes`. True: `frame` is the next one; its views live until
    // the next call, and no longer than what `bytes` shows. False: all bytes are taken, and more
    // are needed. kCorrupt for what is no frame of this history at this place, or breaks a record;
    // kVersion for a kind, codec or key that is not known.
    Result<bool> next(std::string_view& bytes, StreamedFrame& frame);

    uint64_t received() const noexcept { return received_; }
    uint64_t frame_end() const noexcept { return frame_end_; }
    uint64_t record_end() const noexcept { return record_end_; }

private:
    Status check(const FrameHeader& header) const;
    Status finish(std::string_view whole, StreamedFrame& frame);

    LogHistory history_;
    uint64_t received_;
    uint64_t frame_end_;
    uint64_t record_end_;
    uint32_t epoch_ = 0;  // of the record that is open
    std::string buffer_;
    bool delivered_ = false;
};

}  // namespace synap::replication
