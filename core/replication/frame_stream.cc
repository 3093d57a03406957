#include "core/replication/frame_stream.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/log/chain.h"
#include "core/log/format.h"

namespace synap::replication {

namespace {

constexpr size_t kKeptBytes = 64 << 10;  // of memory, between frames

Error broken(uint64_t position, const char* what) {
    return {Code::kCorrupt, "the log that is received is damaged at position " +
                                std::to_string(position) + ": " + what};
}

}  // namespace

Status FrameStream::follows_on(uint64_t position) const {
    if (position == received_) return {};
    return Error{Code::kCorrupt, "the log that is received goes on at position " +
                                     std::to_string(position) + " instead of " +
                                     std::to_string(received_)};
}

Status FrameStream::check(const FrameHeader& header) const {
    if (header.position != frame_end_) return broken(frame_end_, "a frame of another place");
    if (header.length > limits::kFrameBytes) return broken(frame_end_, "a frame too long");
    const bool is_open = record_end_ != frame_end_;
    const FrameFault fault = fault_of(header, is_open);
    if (fault == FrameFault::kUnknown) {
        return Error{Code::kVersion, "the log at position " + std::to_string(frame_end_) +
                                         " holds what this version of Synap does not know"};
    }
    if (fault == FrameFault::kBroken) return broken(frame_end_, "a record that is not whole");
    if (is_open && header.epoch != epoch_) return broken(frame_end_, "a record of two epochs");
    return {};
}

Status FrameStream::finish(std::string_view whole, StreamedFrame& frame) {
    frame.header = decode_frame_header(whole.data());
    frame.bytes = whole;
    const std::string_view payload = whole.substr(format::kFrameHeaderBytes);
    frame.payload = is_filler(frame.header) ? std::string_view() : payload;
    const uint32_t payload_crc = crc32c(payload, history_.frame_seed);
    if (frame_crc(whole.data(), payload_crc) != frame.header.crc) {
        return broken(frame_end_, "a wrong checksum");
    }
    frame_end_ += whole.size();
    epoch_ = frame.header.epoch;
    frame.ends_record = (frame.header.flags & format::kFlagLast) != 0;
    if (frame.ends_record) record_end_ = frame_end_;
    return {};
}

Result<bool> FrameStream::next(std::string_view& bytes, StreamedFrame& frame) {
    if (delivered_) {
        delivered_ = false;
        buffer_.clear();
        if (buffer_.capacity() > kKeptBytes) std::string().swap(buffer_);
    }
    const auto buffer_up_to = [&](size_t size) {
        const size_t taken = std::min(size - buffer_.size(), bytes.size());
        buffer_.append(bytes.substr(0, taken));
        bytes.remove_prefix(taken);
        received_ += taken;
        return buffer_.size() == size;
    };
    constexpr size_t kHeader = format::kFrameHeaderBytes;
    const bool in_place = buffer_.empty() && bytes.size() >= kHeader;
    if (!in_place && buffer_.size() < kHeader && !buffer_up_to(kHeader)) return false;
    const FrameHeader header = decode_frame_header(in_place ? bytes.data() : buffer_.data());
    SYNAP_TRY(check(header));
    const size_t total = kHeader + header.length;
    if (in_place && bytes.size() >= total) {
        const std::string_view whole = bytes.substr(0, total);
        bytes.remove_prefix(total);
        received_ += total;
        SYNAP_TRY(finish(whole, frame));
        return true;
    }
    if (!buffer_up_to(total)) return false;
    delivered_ = true;
    SYNAP_TRY(finish(buffer_, frame));
    return true;
}

}  // namespace synap::replication
