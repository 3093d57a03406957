#include "core/log/reader.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/log/chain.h"
#include "core/log/format.h"

namespace synap {
namespace {

constexpr size_t kReadAhead = 1ull << 20;

std::string segment_name(uint64_t position) {
    return format::file_name(format::kSegmentPrefix, position);
}

}  // namespace

Result<std::unique_ptr<LogReader>> LogReader::open(Disk& disk, const LogHistory& history,
                                                   uint64_t from, Marks marks) {
    std::unique_ptr<LogReader> reader(new LogReader(disk, history, std::move(marks)));
    auto segments = list_segments(disk);
    if (!segments) return segments.take_error();
    reader->segments_ = std::move(*segments);
    reader->from_ = reader->end_ = from;
    if (reader->segments_.empty()) return reader;
    if (reader->segments_.front() > from) {
        return Error{Code::kCorrupt,
                     disk.describe(segment_name(reader->segments_.front())) +
                         " is the oldest segment, but the log is needed from position " +
                         std::to_string(from) + ": restore the missing segments"};
    }
    size_t first = reader->segments_.size() - 1;
    while (reader->segments_[first] > from) --first;
    const uint64_t last = reader->segments_.back();
    auto file = disk.open(segment_name(last), OpenMode::kRead);
    if (!file) return file.take_error();
    auto size = (*file)->size();
    if (!size) return size.take_error();
    const uint64_t reach = last + *size - std::min(*size, format::kSegmentHeaderBytes);
    reader->bytes_total_ = std::max(reach, from) - from;
    if (const Status entered = reader->enter_segment(first); !entered) {
        if (!reader->is_damage(entered.error())) return entered.error();
        reader->damage_ = entered.error().message;  // a segment that was being created
    }
    reader->offset_ = format::kSegmentHeaderBytes + from - reader->segments_[first];
    return reader;
}

Status LogReader::enter_segment(size_t index) {
    index_ = index;
    const uint64_t position = segments_[index];
    file_name_ = disk_.describe(segment_name(position));
    auto file = disk_.open(segment_name(position), OpenMode::kRead);
    if (!file) return file.take_error();
    file_ = std::move(*file);
    buffer_.clear();
    buffer_at_ = 0;
    offset_ = format::kSegmentHeaderBytes;
    auto bytes = view(0, format::kSegmentHeaderBytes);
    if (!bytes) return bytes.take_error();
    auto header = decode_segment_header(*bytes, file_name_);
    if (!header) return header.take_error();
    if (!(header->history == history_.id) || header->first_position != position) {
        foreign_ = true;
        return Error{Code::kCorrupt, file_name_ + " belongs to another history or position"};
    }
    file_synced_ = marks_.count_of_node(header->writer) ? header->synced : 0;
    claimed_ = std::max(claimed_, std::min(file_synced_, position));
    return {};
}

// Frames of one epoch stand together.
bool LogReader::counts(const FrameHeader& header) noexcept {
    if (header.epoch != counted_epoch_) {
        counted_epoch_ = header.epoch;
        counted_ = marks_.count_of_epoch(header.epoch);
    }
    return counted_;
}

uint64_t LogReader::position_at(uint64_t offset) const noexcept {
    return segments_[index_] + offset - format::kSegmentHeaderBytes;
}

Result<std::string_view> LogReader::view(uint64_t offset, size_t size) {
    const bool inside = offset >= buffer_at_ && offset + size <= buffer_at_ + buffer_.size();
    if (!inside) {
        buffer_.resize(std::max(size, kReadAhead));
        auto got = file_->read_at(offset, buffer_.data(), buffer_.size());
        if (!got) return got.take_error();
        buffer_.resize(*got);
        buffer_at_ = offset;
    }
    const size_t skip = static_cast<size_t>(offset - buffer_at_);
    return std::string_view(buffer_).substr(skip, size);
}

Result<bool> LogReader::frame_at(uint64_t offset, FrameHeader& header, std::string_view& payload,
                                 const char*& reason) {
    reason = nullptr;
    auto head = view(offset, format::kFrameHeaderBytes);
    if (!head) return head.take_error();
    if (head->find_first_not_of('\0') == std::string_view::npos) return false;  // empty space
    if (head->size() < format::kFrameHeaderBytes) {
        reason = "the frame header is cut off";
        return false;
    }
    header = decode_frame_header(head->data());
    if (header.length > limits::kFrameBytes || header.position != position_at(offset)) {
        reason = "this is not a frame header";
        return false;
    }
    auto whole = view(offset, format::kFrameHeaderBytes + header.length);
    if (!whole) return whole.take_error();
    if (whole->size() < format::kFrameHeaderBytes + header.length) {
        reason = "the frame is cut off";
        return false;
    }
    payload = whole->substr(format::kFrameHeaderBytes);
    if (frame_crc(whole->data(), crc32c(payload, history_.frame_seed)) != header.crc) {
        reason = "the checksum does not match";
        return false;
    }
    return true;
}

Result<bool> LogReader::next(LogRecord& record) {
    chain_.clear();
    bool in_chain = false;
    for (;;) {
        if (segments_.empty() || !damage_.empty()) return false;
        // Whatever this segment still holds behind the start of the next is an older copy of it.
        if (!in_chain && index_ + 1 < segments_.size() &&
            segments_[index_ + 1] == position_at(offset_)) {
            if (const Status entered = enter_segment(index_ + 1); !entered) {
                if (!is_damage(entered.error())) return entered.error();
                damage_ = entered.error().message;
                return false;
            }
        }
        FrameHeader header;
        std::string_view payload;
        const char* reason = nullptr;
        auto found = frame_at(offset_, header, payload, reason);
        if (!found) return found.take_error();
        const auto stop = [&](const char* why) {
            damage_ = file_name_ + ": offset " + std::to_string(offset_) + ": " + why;
        };
        if (!*found) {
            if (reason != nullptr) {
                stop(reason);
            } else if (in_chain) {
                stop("a record is incomplete");
            } else if (index_ + 1 < segments_.size()) {
                stop("the next segment does not follow");
            }
            return false;
        }
        const FrameFault fault = fault_of(header, in_chain);
        if (fault == FrameFault::kUnknown) {
            return Error{Code::kVersion, file_name_ + ": offset " + std::to_string(offset_) +
                                             ": a record of a kind this version does not know"};
        }
        if (fault == FrameFault::kBroken) {
            stop("a chain of frames is broken");
            return false;
        }
        const bool first = (header.flags & format::kFlagFirst) != 0;
        const bool last = (header.flags & format::kFlagLast) != 0;
        offset_ += format::kFrameHeaderBytes + header.length;
        if (!(first && last) && !is_filler(header)) chain_.append(payload);
        in_chain = true;
        if (!last) continue;
        end_ = position_at(offset_);
        if (counts(header)) claimed_ = std::max(claimed_, header.synced);
        record = {end_, header.epoch, header.commit_ms, first ? payload : std::string_view(chain_)};
        return true;
    }
}

// Looks at every byte behind the end for a frame that stands where it says it does and is whole:
// what was durable when that frame was written can not be missing by a power cut.
Result<uint64_t> LogReader::proven_durable() {
    uint64_t proven = 0;
    if (segments_.empty()) return proven;
    const size_t first = index_;
    for (size_t i = first; i < segments_.size(); ++i) {
        if (i != first) {
            if (const Status entered = enter_segment(i); !entered) {
                if (!is_damage(entered.error())) return entered.error();
                continue;  // proves nothing
            }
            proven = std::max(proven, file_synced_);
        }
        auto size = file_->size();
        if (!size) return size.take_error();
        uint64_t offset = offset_;
        while (offset + format::kFrameHeaderBytes <= *size) {
            auto head = view(offset, format::kFrameHeaderBytes);
            if (!head) return head.take_error();
            if (head->size() < format::kFrameHeaderBytes) break;
            FrameHeader header = decode_frame_header(head->data());
            if (header.position != position_at(offset)) {
                ++offset;
                continue;
            }
            std::string_view payload;
            const char* reason = nullptr;
            auto found = frame_at(offset, header, payload, reason);
            if (!found) return found.take_error();
            if (*found && counts(header)) proven = std::max(proven, header.synced);
            offset += *found ? format::kFrameHeaderBytes + header.length : 1;
        }
    }
    return proven;
}

Status LogReader::copy_segment(uint64_t segment, uint64_t begin, uint64_t end, uint64_t proven) {
    const std::string name = segment_name(begin);
    const std::string temporary = name + std::string(format::kTemporarySuffix);
    auto from = disk_.open(segment_name(segment), OpenMode::kRead);
    if (!from) return from.take_error();
    auto to = disk_.open(temporary, OpenMode::kCreate);
    if (!to) return to.take_error();
    const auto copy = [&]() -> Status {
        SYNAP_TRY((*to)->write_at(
            0, encode_segment_header({history_.level, history_.id, begin, proven, marks_.self()})));
        std::string piece;
        for (uint64_t at = begin; at < end; at += piece.size()) {
            piece.resize(static_cast<size_t>(std::min<uint64_t>(kReadAhead, end - at)));
            auto got = (*from)->read_at(format::kSegmentHeaderBytes + at - segment, piece.data(),
                                        piece.size());
            if (!got) return got.take_failure();
            if (*got != piece.size()) {
                return Error{Code::kIo, disk_.describe(segment_name(segment)) + " became shorter"};
            }
            SYNAP_TRY((*to)->write_at(format::kSegmentHeaderBytes + at - begin, piece));
        }
        SYNAP_TRY((*to)->sync());
        return disk_.rename(temporary, name);
    };
    Status copied = copy();
    if (!copied) disk_.remove(temporary).ignore();
    return copied;
}

Status LogReader::rewrite_unproven(uint64_t proven) {
    proven = proven_ = std::max(proven, claimed_);
    std::vector<uint64_t> segments;
    bool copied = false;
    for (size_t i = 0; i < segments_.size(); ++i) {
        segments.push_back(segments_[i]);
        const uint64_t next = i + 1 < segments_.size() ? segments_[i + 1] : UINT64_MAX;
        const uint64_t begin = std::max(segments_[i], proven);
        const uint64_t end = std::min(next, end_);
        if (begin >= end) continue;
        SYNAP_TRY(copy_segment(segments_[i], begin, end, proven));
        if (begin != segments_[i]) segments.push_back(begin);
        copied = true;
    }
    segments_ = std::move(segments);
    // Before the older copies go.
    return copied ? disk_.sync_names() : Status{};
}

Status LogReader::erase_behind_end() {
    if (segments_.empty()) return {};
    // An empty segment at the end would have the name of the one that is created next.
    while (!segments_.empty() && segments_.back() >= end_) {
        SYNAP_TRY(disk_.remove(segment_name(segments_.back())));
        segments_.pop_back();
    }
    for (size_t i = segments_.size(); i-- > 0;) {
        const uint64_t next = i + 1 < segments_.size() ? segments_[i + 1] : UINT64_MAX;
        // Behind the start of a segment that had been durable nobody reads: an earlier recovery
        // has cut it, or died before and left it.
        if (next <= proven_) break;
        auto file = disk_.open(segment_name(segments_[i]), OpenMode::kReadWrite);
        if (!file) return file.take_failure();
        const uint64_t end = format::kSegmentHeaderBytes + std::min(next, end_) - segments_[i];
        auto size = (*file)->size();
        if (!size) return size.take_failure();
        // The last one may also have room behind its end that was reserved.
        if (*size > end || i + 1 == segments_.size()) SYNAP_TRY((*file)->truncate(end));
        SYNAP_TRY((*file)->sync());
    }
    // In any case: the end of the log may rest on a file whose creation was never synced.
    return disk_.sync_names();
}

}  // namespace synap
