#include "core/log/tail_reader.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/log/chain.h"
#include "core/log/format.h"

namespace synap {
namespace {

constexpr size_t kScanBytes = 1ull << 20;

std::string segment_name(uint64_t position) {
    return format::file_name(format::kSegmentPrefix, position);
}

}  // namespace

TailReader::TailReader(Log& log, uint64_t position, Until until)
    : log_(log),
      stream_(log.stream()),
      until_(until),
      generation_(stream_.generation()),
      seed_(log.history().frame_seed),
      position_(position),
      record_end_(position) {
    stream_.add_reader();
}

TailReader::~TailReader() { stream_.remove_reader(); }

Error TailReader::not_held() const {
    return {Code::kNeedSnapshot, "the log does not hold position " + std::to_string(position_) +
                                     ": it goes from " + std::to_string(log_.oldest_position()) +
                                     " to " + std::to_string(log_.written())};
}

Error TailReader::no_end() const {
    return {Code::kInvalidArgument,
            "no record of the log ends at position " + std::to_string(position_)};
}

Error TailReader::damaged_at(uint64_t position, const char* why) const {
    const uint64_t offset = format::kSegmentHeaderBytes + position - segment_.start;
    return {Code::kCorrupt, log_.disk().describe(segment_name(segment_.start)) + ": offset " +
                                std::to_string(offset) + ": " + why};
}

// --- frames --------------------------------------------------------------------------------------

// Of frames that stand at `position`, each checked.
TailReader::Walked TailReader::walk(std::string_view bytes, uint64_t position, bool in_record,
                                    size_t most) const {
    Walked at;
    while (bytes.size() - at.frames >= format::kFrameHeaderBytes) {
        const char* from = bytes.data() + at.frames;
        const FrameHeader header = decode_frame_header(from);
        if (header.length > limits::kFrameBytes || header.position != position + at.frames) {
            at.wrong = "this is not a frame header";
            return at;
        }
        const size_t size = format::kFrameHeaderBytes + header.length;
        if (size > bytes.size() - at.frames) {
            if (at.frames == 0) at.wanted = size;
            return at;
        }
        if (at.frames != 0 && at.frames + size > most) return at;
        const std::string_view payload{from + format::kFrameHeaderBytes, header.length};
        if (frame_crc(from, crc32c(payload, seed_)) != header.crc) {
            at.wrong = "the checksum does not match";
            return at;
        }
        if (fault_of(header, in_record) != FrameFault::kNone) {
            at.wrong = "a chain of frames is broken";
            return at;
        }
        at.frames += size;
        in_record = (header.flags & format::kFlagLast) == 0;
        if (!in_record) at.records = at.frames;
    }
    if (at.frames == 0) at.wanted = format::kFrameHeaderBytes;
    return at;
}

// Of whole records, which are what was written.
TailReader::Walked TailReader::skim(std::string_view bytes, size_t most) noexcept {
    Walked at;
    while (at.frames < bytes.size()) {
        const FrameHeader header = decode_frame_header(bytes.data() + at.frames);
        const size_t size = format::kFrameHeaderBytes + header.length;
        if (at.frames != 0 && at.frames + size > most) break;
        at.frames += size;
        if ((header.flags & format::kFlagLast) != 0) at.records = at.frames;
    }
    return at;
}

// --- the files -----------------------------------------------------------------------------------

Result<bool> TailReader::enter_segment(uint64_t position) {
    auto found = stream_.segment_of(position);
    if (!found) return found.take_failure();
    if (!*found) return false;
    const LogStream::Segment segment = **found;
    if (file_ == nullptr || segment_.start != segment.start) {
        auto file = log_.disk().open(segment_name(segment.start), OpenMode::kRead);
        if (!file) {
            if (position < log_.oldest_position()) return false;  // removed just now
            return file.take_failure();
        }
        file_ = std::move(*file);
    }
    segment_ = segment;
    return true;
}

// About `most` bytes of frames from there on, at least one, and none that does not end before or at
// `end`; of the present segment.
Result<TailReader::Loaded> TailReader::load(uint64_t position, uint64_t end, bool in_record,
                                            size_t most) {
    const uint64_t there = std::min(end, segment_.end) - position;
    size_t size = std::min<uint64_t>(there, std::max(most, format::kFrameHeaderBytes));
    for (;;) {
        Loaded loaded;
        loaded.buffer = {new char[size], std::default_delete<char[]>()};
        auto got = file_->read_at(format::kSegmentHeaderBytes + position - segment_.start,
                                  loaded.buffer.get(), size);
        if (!got) return got.take_failure();
        loaded.bytes = {loaded.buffer.get(), *got};
        loaded.at = walk(loaded.bytes, position, in_record, most);
        const Walked& at = loaded.at;
        if (at.wrong != nullptr || at.frames != 0) return loaded;
        // A whole frame may be larger than what was asked for.
        if (at.wanted <= size || at.wanted > there) {
            loaded.at.wrong = "the frame is cut off";
            return loaded;
        }
        size = at.wanted;
    }
}

Result<TailRead> TailReader::read_file(uint64_t limit, size_t most) {
    auto entered = enter_segment(position_);
    if (!entered) return entered.take_failure();
    if (!*entered) return not_held();
    auto loaded = load(position_, limit, position_ != record_end_, most);
    if (!loaded) return loaded.take_failure();
    if (loaded->at.frames == 0) return damaged_at(position_, loaded->at.wrong);
    TailRead read = hand_out(std::move(loaded->buffer), loaded->bytes, loaded->at);
    stream_.counters().disk_bytes.fetch_add(read.bytes.size(), std::memory_order_relaxed);
    return read;
}

// --- where it begins -----------------------------------------------------------------------------

// A position that somebody told is believed when a frame stands there that begins a record, which
// nobody can make up (see frame_seed()), or when it is the end of what was written.
Status TailReader::check_start() {
    const bool was_written = stream_.was_written();  // before that is looked at
    const uint64_t written = log_.written();
    if (position_ == written) {
        if (was_written) return {};
        auto ends = ends_a_record(written);
        if (!ends) return ends.take_failure();
        return *ends ? Status{} : no_end();
    }
    const LogStream::Piece piece = stream_.find(position_);
    if (piece.bytes.empty()) return check_start_in_file(written);
    const Walked at = walk(piece.bytes, position_, false, 1);
    return at.frames != 0 ? Status{} : no_end();
}

Status TailReader::check_start_in_file(uint64_t written) {
    auto entered = enter_segment(position_);
    if (!entered) return entered.take_failure();
    if (!*entered) return not_held();
    auto loaded = load(position_, written, false, 1);
    if (!loaded) return loaded.take_failure();
    if (loaded->at.frames != 0) return {};
    // The position is wrong, or the file is.
    auto ends = ends_a_record(written);
    if (!ends) return ends.take_failure();
    return *ends ? damaged_at(position_, loaded->at.wrong) : no_end();
}

// Whether the records of its segment lead to the position, of what was written through `written`.
Result<bool> TailReader::ends_a_record(uint64_t written) {
    auto entered = enter_segment(position_);
    if (!entered) return entered.take_failure();
    if (!*entered || segment_.start == position_) return true;  // as far as anybody can know
    uint64_t at = segment_.start;
    bool in_record = false;
    while (at < position_) {
        auto loaded = load(at, position_, in_record, kScanBytes);
        if (!loaded) return loaded.take_failure();
        const Walked& walked = loaded->at;
        if (walked.frames == 0) {
            if (walked.wanted <= position_ - at) return damaged_at(at, walked.wrong);
            // It goes on behind the position: as far as that is written, it is whole or damaged.
            if (position_ == written) return false;
            auto whole = load(at, written, in_record, 1);
            if (!whole) return whole.take_failure();
            if (whole->at.frames == 0) return damaged_at(at, whole->at.wrong);
            return false;
        }
        in_record = walked.records != walked.frames;
        at += walked.frames;
    }
    return !in_record;
}

// --- read() --------------------------------------------------------------------------------------

TailRead TailReader::hand_out(std::shared_ptr<const char> owner, std::string_view bytes,
                              const Walked& at) {
    const size_t size = at.records != 0 ? at.records : at.frames;
    if (at.records != 0) record_end_ = position_ + size;
    position_ += size;
    return {std::move(owner), bytes.substr(0, size), position_, record_end_, false};
}

Result<TailRead> TailReader::read_here(size_t most) {
    if (position_ < log_.oldest_position() || position_ > log_.written()) return not_held();
    if (!is_checked_) SYNAP_TRY(check_start());
    is_checked_ = true;
    const uint64_t limit = until_ == Until::kSynced ? log_.synced() : log_.written();
    if (position_ >= limit) return TailRead{nullptr, {}, position_, record_end_, false};
    LogStream::Piece piece = stream_.find(position_);
    if (piece.bytes.empty()) return read_file(limit, most);
    // Chunks end with a record, and so does whatever was written or synced.
    piece.bytes = piece.bytes.substr(0, limit - position_);
    Walked at{piece.bytes.size(), piece.bytes.size(), 0, nullptr};
    if (piece.bytes.size() > most) at = skim(piece.bytes, most);
    TailRead read = hand_out(std::move(piece.owner), piece.bytes, at);
    read.from_memory = true;
    stream_.counters().memory_bytes.fetch_add(read.bytes.size(), std::memory_order_relaxed);
    return read;
}

Result<TailRead> TailReader::read(size_t most) {
    Result<TailRead> read = read_here(most);
    // The log may have been set to another place under our hands: then nothing of it counts.
    if (generation_ != stream_.generation()) return not_held();
    return read;
}

}  // namespace synap
