// How the log comes to the disk: segments, room reserved ahead, the tail, and what a shortage does.
//
// Everything here holds write_ unless it says otherwise.
#include <algorithm>
#include <iterator>

#include "core/base/exhaustion.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/stream.h"

namespace synap {
namespace {

constexpr uint64_t kZeroAheadBytes = 4ull << 20;
constexpr size_t kTailKeptBytes = 8ull << 20;
// Room is reserved in steps that grow with the segment, so that a small store stays small.
constexpr uint64_t kReserveLeast = 256 * 1024;
constexpr uint64_t kReserveMost = 4ull << 20;
// Segments that wait for a sync keep a descriptor each. So many have the log thread sync, and with
// twice as many the present segment grows beyond its size instead.
constexpr size_t kSegmentsUnsynced = 4;
constexpr uint64_t kNextSegmentAfterUs = 1'000'000;  // one that could not be begun
constexpr uint64_t kTryAgainUs = 100'000;
// Below it a segment is not worth a file of its own for the sake of a snapshot.
constexpr uint64_t kSegmentWorthRemoving = 1ull << 20;

}  // namespace

uint64_t Log::offset_of(uint64_t position) const noexcept {
    return format::kSegmentHeaderBytes + position - segment_start_;
}

// A frame's checksum field holds that of its payload until here, where the header is complete. What
// was received came complete. Holds write_ or append_, whichever guards the tail.
void Log::seal(Tail& tail) noexcept {
    const uint64_t synced = this->synced();
    size_t at = tail.sealed;
    size_t splice = tail.sealed_splices;
    while (at < tail.bytes.size()) {
        char* header = tail.bytes.data() + at;
        const auto payload_crc = load<uint32_t>(header + format::kFrameCrcOffset);
        store(header + format::kFrameSyncedOffset, synced);
        store(header + format::kFrameCrcOffset, frame_crc(header, payload_crc));
        at += format::kFrameHeaderBytes;
        size_t left = load<uint32_t>(header);
        for (; splice < tail.splices.size() && tail.splices[splice].at < at + left; ++splice) {
            left -= tail.splices[splice].bytes.size();
        }
        at += left;
    }
    tail.sealed = tail.bytes.size();
    tail.sealed_splices = tail.splices.size();
}

// In the last segment where it has room, so that a store which is opened often has few of them.
Status Log::open_first_segment(uint64_t segment) {
    if (file_ != nullptr) return {};
    if (segment >= start_.position || start_.position - segment >= options_.segment_bytes) {
        return begin_segment(start_.position, 0);
    }
    auto file =
        disk_.open(format::file_name(format::kSegmentPrefix, segment), OpenMode::kReadWrite);
    if (!file) return file.take_failure();
    const uint64_t end = format::kSegmentHeaderBytes + start_.position - segment;
    SYNAP_TRY(set_aside(**file, end, end + kRoomMargin));
    file_ = std::move(*file);
    segment_start_ = segment;
    reserved_ = end + kRoomMargin;
    zeroed_until_ = zeroes_ ? reserved_ : end;
    note_room();
    return {};
}

// The log goes on in a new segment that has room for `bytes`. Nothing has changed when it fails.
Status Log::begin_segment(uint64_t position, uint64_t bytes) {
    const uint64_t reserved = format::kSegmentHeaderBytes + bytes + kRoomMargin;
    const SegmentHeader header{start_.history.level, start_.history.id, position, synced(),
                               start_.node};
    auto created = create_segment(disk_, header, [&](File& file) {
        return set_aside(file, format::kSegmentHeaderBytes, reserved);
    });
    if (!created) return created.take_failure();
    if (file_ != nullptr) {
        dirty_.push_back({std::move(file_), offset_of(position)});
        crowded_.store(dirty_.size() >= kSegmentsUnsynced);
    }
    file_ = std::move(*created);
    stream_->segment_begun(position);
    names_dirty_ = true;
    segment_start_ = position;
    segment_synced_ = header.synced;
    reserved_ = reserved;
    zeroed_until_ = zeroes_ ? reserved : format::kSegmentHeaderBytes;
    note_room();
    return {};
}

// A segment's size is a matter of upkeep: where a new one cannot be had now, the present one grows.
Status Log::begin_segment_if_possible(uint64_t position, uint64_t bytes) {
    const uint64_t now_us = clock_.monotonic_us();
    if (dirty_.size() >= 2 * kSegmentsUnsynced || now_us < next_segment_at_us_) return {};
    Status begun;
    const bool could = attempt([&] { begun = begin_segment(position, bytes); });
    if (could && (begun || !begun.error().may_pass())) return begun;
    next_segment_at_us_ = now_us + kNextSegmentAfterUs;
    return {};
}

void Log::begin_segment_for_snapshot() noexcept {
    attempt([this] {
        const std::lock_guard<std::mutex> guard(write_);
        if (!started() || !takes_records() || !write_tail()) return;
        const uint64_t worth = std::min(kSegmentWorthRemoving, options_.segment_bytes);
        if (written() - segment_start_ < worth) return;
        or_fail([this] { return begin_segment_if_possible(written(), 0); }).ignore();
    });
}

// The header of an empty segment says that the log was durable to its start: damage to the last
// records is then seen for what it is, and recovery has nothing to write again. NODE says it where
// nothing was appended. One that was begun for a snapshot may be empty and say less: it is
// replaced. Everything is durable without it, so a failure does not matter.
void Log::leave_proof() noexcept {
    const uint64_t end = written();
    if (end == start_.position || (end == segment_start_ && end == segment_synced_)) return;
    attempt([&] {
        auto proof =
            create_segment(disk_, {start_.history.level, start_.history.id, end, end, start_.node});
        if (proof && (*proof)->sync()) disk_.sync_names().ignore();
    });
}

// --- room ----------------------------------------------------------------------------------------

Status Log::fill_with_zeros(File& file, uint64_t from, uint64_t until) {
    static constexpr char kZeros[64 * 1024] = {};
    for (uint64_t at = from; at < until; at += sizeof kZeros) {
        const size_t n = std::min<uint64_t>(sizeof kZeros, until - at);
        SYNAP_TRY(file.write_at(at, {kZeros, n}));
    }
    return {};
}

// Place for the bytes of a file between two offsets, behind what was written there.
Status Log::set_aside(File& file, uint64_t from, uint64_t until) {
    if (!zeroes_) {
        Status reserved = file.reserve(from, until - from);
        if (reserved || reserved.error().code != Code::kUnsupported) return reserved;
        zeroes_ = true;
    }
    return fill_with_zeros(file, from, until);
}

// Room for everything appended, a usual record and `bytes`, and a step more where that can be had.
Status Log::reserve(uint64_t bytes) {
    const uint64_t needed = offset_of(appended() + kRoomMargin + bytes);
    if (needed > reserved_) {
        const uint64_t most = std::min(kReserveMost, options_.segment_bytes);
        const uint64_t step = std::min(std::max(needed / 2, kReserveLeast), most);
        SYNAP_TRY(or_fail(
            [&]() -> Status {
                uint64_t until = needed + step;
                Status reserved = set_aside(*file_, reserved_, until);
                if (!reserved && reserved.error().cause == Cause::kShortage) {
                    until = needed;
                    reserved = set_aside(*file_, reserved_, until);
                }
                if (!reserved) return reserved;
                reserved_ = until;
                if (zeroes_) zeroed_until_ = std::max(zeroed_until_, until);
                return {};
            },
            false));
    }
    note_room();
    return {};
}

void Log::note_room() noexcept {
    const uint64_t on_disk = segment_start_ + reserved_ - format::kSegmentHeaderBytes;
    room_on_disk_.store(on_disk, std::memory_order_relaxed);
    room_in_memory_.store(written() + limits::kLogTailBytes, std::memory_order_relaxed);
}

Status Log::make_room(uint64_t bytes) {
    const std::lock_guard<std::mutex> guard(write_);
    if (!started() || failed()) return refusal();
    if (has_room(bytes)) return {};
    if (appended() + kRoomMargin + bytes > room_in_tail(bytes)) {
        SYNAP_TRY(write_tail());
        SYNAP_TRY(write_through(appended()));
    }
    return reserve(bytes);
}

// --- the tail ------------------------------------------------------------------------------------

// May be called again after it failed: what was written is written once more, but for what stands
// in segments that were left since.
Status Log::put_tail(Tail& tail) {
    for (;; ++tail.switched) {
        const bool last = tail.switched == tail.switches.size();
        Switch* const next = last ? nullptr : &tail.switches[tail.switched];
        SYNAP_TRY(put_until(tail, last ? tail.bytes.size() : next->at,
                            last ? tail.splices.size() : next->splice));
        if (last) break;
        SYNAP_TRY(enter_ahead(*next));
    }
    if (policy_.load(std::memory_order_relaxed) == FsyncPolicy::kAlways) return zero_ahead();
    return {};
}

// Of the tail, from the last switch on.
Status Log::put_until(const Tail& tail, size_t bytes, size_t splices) {
    const bool first = tail.switched == 0;
    const Switch* const from = first ? nullptr : &tail.switches[tail.switched - 1];
    uint64_t offset = offset_of(first ? tail.start : from->position);
    size_t at = first ? 0 : from->at;
    for (size_t i = first ? 0 : from->splice; i <= splices; ++i) {
        const size_t until = i < splices ? tail.splices[i].at : bytes;
        if (until > at) {
            SYNAP_TRY(file_->write_at(offset, {tail.bytes.data() + at, until - at}));
            offset += until - at;
            at = until;
        }
        if (i == splices) break;
        const Splice& splice = tail.splices[i];
        if (!splice.ahead) SYNAP_TRY(file_->write_at(offset, splice.bytes));
        offset += splice.bytes.size();
    }
    return {};
}

// The log goes on in the file with what was written ahead. Nothing has changed when it fails: a
// segment that was synced early is none that waits for it.
Status Log::enter_ahead(Switch& next) {
    const SegmentHeader header{start_.history.level, start_.history.id, next.position, synced(),
                               start_.node};
    std::shared_ptr<File>& file = next.ahead->file();
    const uint64_t end = offset_of(next.position);
    const bool crowded = dirty_.size() + 1 >= dirty_.capacity();
    if (crowded) {
        SYNAP_TRY(file_->truncate(end));
        SYNAP_TRY(file_->sync());
    }
    SYNAP_TRY(file->write_at(0, encode_segment_header(header)));
    SYNAP_TRY(
        disk_.rename(next.ahead->name(), format::file_name(format::kSegmentPrefix, next.position)));
    if (!crowded) dirty_.push_back({std::move(file_), end});
    crowded_.store(dirty_.size() >= kSegmentsUnsynced);
    file_ = std::move(file);
    names_dirty_ = true;
    segment_start_ = next.position;
    segment_synced_ = header.synced;
    stream_->segment_begun(next.position);
    reserved_ = zeroed_until_ = offset_of(next.end);
    return {};
}

// A sync of bytes within a file's known size needs no change of its metadata, which costs more
// than the data. So with `always` the file is grown by zeros, in steps, ahead of the records.
Status Log::zero_ahead() {
    const uint64_t end = offset_of(writing_.end);
    if (end <= zeroed_until_ && zeroed_until_ > format::kSegmentHeaderBytes) return {};
    const uint64_t until = end + std::min<uint64_t>(kZeroAheadBytes, options_.segment_bytes);
    Status filled = fill_with_zeros(*file_, end, until);
    if (!filled && filled.error().cause == Cause::kShortage) return {};  // then it costs more
    if (!filled) return filled;
    zeroed_until_ = until;
    reserved_ = std::max(reserved_, until);
    return {};
}

// Where memory is exhausted nothing has happened: whoever writes next tries again.
Status Log::begin_epoch() {
    Status begun = start_.begin_epoch ? start_.begin_epoch() : Status{};
    epoch_begun_.store(static_cast<bool>(begun));
    return begun ? Status{} : or_fail([&]() -> Status { return begun.take_error(); });
}

void Log::clear(Tail& tail) noexcept {
    tail.bytes.clear();
    tail.splices.clear();
    tail.switches.clear();
    tail.switched = 0;
    tail.sealed = tail.sealed_splices = 0;
    tail.begins_epoch = false;
    tail.large_bytes = 0;
}

// Takes the tail, unless one is still there that could not be written, and writes it.
Status Log::write_tail() {
    if (!taken_) {
        {
            const std::lock_guard<std::mutex> guard(append_);
            std::swap(tail_, writing_);
            tail_.start = tail_.end = writing_.end;
            clear(tail_);
        }
        if (writing_.start == writing_.end) return {};
        seal(writing_);
        taken_ = true;
    }
    if (writing_.begins_epoch && !epoch_begun_.load()) SYNAP_TRY(begin_epoch());
    return or_fail([this] { return write_taken(); });
}

Status Log::write_through(uint64_t position) {
    // Of a log that was set to another place meanwhile.
    if (position > appended()) return given_up();
    while (written() < position) SYNAP_TRY(write_tail());
    return {};
}

Status Log::write_taken() {
    const uint64_t used = writing_.start - segment_start_;
    const uint64_t size = writing_.end - writing_.start;
    if (used > 0 && used + size > options_.segment_bytes && writing_.switches.empty()) {
        // With room for what was appended meanwhile: it was taken for good.
        const uint64_t room = appended() - writing_.start;
        SYNAP_TRY(begin_segment_if_possible(writing_.start, room));
    }
    SYNAP_TRY(put_tail(writing_));
    counters_.writes.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes.fetch_add(size, std::memory_order_relaxed);
    if (stream_->has_readers()) keep_for_readers(writing_);
    written_.store(writing_.end);
    stream_->note_written();
    large_bytes_.fetch_sub(writing_.large_bytes, std::memory_order_relaxed);
    reserved_ = std::max(reserved_, offset_of(writing_.end));
    note_room();
    taken_ = false;
    // Where they cannot be kept for later they are freed here.
    for (const Splice& splice : writing_.splices) put_bytes_ += splice.bytes.size();
    if (put_.empty()) {
        put_.swap(writing_.splices);
    } else {
        attempt([&] {
            put_.insert(put_.end(), std::make_move_iterator(writing_.splices.begin()),
                        std::make_move_iterator(writing_.splices.end()));
        });
    }
    writing_.splices.clear();
    writing_.switches.clear();
    writing_.switched = 0;
    if (writing_.bytes.capacity() > kTailKeptBytes) std::string().swap(writing_.bytes);
    return {};
}

// --- shortages -----------------------------------------------------------------------------------

// No further record is taken until unblock(). `stuck`: something that was appended has no place,
// and whoever waits for it is told.
Error Log::block(Error error, bool stuck) noexcept {
    {
        const std::lock_guard<std::mutex> guard(state_);
        if (blocked_ == nullptr) {
            counters_.blocks.fetch_add(1, std::memory_order_relaxed);
            blocked_since_us_.store(std::max<uint64_t>(clock_.monotonic_us(), 1));
        }
        blocked_ = spare_blocked_;
        attempt([&] { blocked_ = std::make_shared<const Error>(error); });
        stuck_ = stuck_ || stuck;
        refuses_.store(true, std::memory_order_release);
    }
    if (stuck) complete_waiters();
    return error;
}

void Log::unblock() noexcept {
    const std::lock_guard<std::mutex> guard(state_);
    blocked_.reset();
    stuck_ = false;
    blocked_since_us_.store(0);
    refuses_.store(failed(), std::memory_order_release);
}

// Of the log thread, without write_.
void Log::try_again() {
    const uint64_t now_us = clock_.monotonic_us();
    if (now_us - tried_at_us_ < kTryAgainUs) return;
    tried_at_us_ = now_us;
    const std::lock_guard<std::mutex> guard(write_);
    if (rests()) return;
    if (write_tail() && write_through(appended()) && reserve(0)) unblock();
}

bool Log::is_stuck() const noexcept {
    const std::lock_guard<std::mutex> guard(state_);
    return stuck_;
}

uint64_t Log::blocked_us() const noexcept {
    const uint64_t since_us = blocked_since_us_.load();
    return since_us == 0 ? 0 : std::max<uint64_t>(clock_.monotonic_us() - since_us, 1);
}

Status Log::refusal() const {
    const std::lock_guard<std::mutex> guard(state_);
    if (failure_ != nullptr) return *failure_;
    if (blocked_ != nullptr) return *blocked_;
    return {};
}

}  // namespace synap
