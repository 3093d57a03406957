// What the log does for a node that follows another's: records come as they stand there, and epochs
// begin while the log is open.
#include <algorithm>

#include "core/log/log.h"
#include "core/log/pins.h"
#include "core/log/received.h"
#include "core/log/stream.h"

namespace synap {
namespace {

// Below it a copy into the tail costs less than a write of its own.
constexpr size_t kWrittenApartBytes = 64 * 1024;
constexpr const char* kGivenUp =
    "the log was set to another place: what was written is not waited for any more";

}  // namespace

uint64_t count_received(std::string_view frames, uint64_t position) noexcept {
    uint64_t records = 0;
    bool in_record = false;
    while (!frames.empty()) {
        if (frames.size() < format::kFrameHeaderBytes) return 0;
        const FrameHeader header = decode_frame_header(frames.data());
        const uint64_t size = format::kFrameHeaderBytes + uint64_t{header.length};
        if (header.position != position || size > frames.size()) return 0;
        if (fault_of(header, in_record) != FrameFault::kNone) return 0;
        in_record = (header.flags & format::kFlagLast) == 0;
        if (!in_record) ++records;
        frames.remove_prefix(size);
        position += size;
    }
    return in_record ? 0 : records;
}

uint64_t Log::append_received(std::string_view frames) {
    const bool apart = frames.size() >= kWrittenApartBytes;
    BlobRef copy(apart ? Blob::copy(frames) : nullptr);
    uint64_t end = 0;
    uint64_t records = 0;
    {
        const std::lock_guard<std::mutex> guard(append_);
        if (stopped_ || rests()) return 0;
        records = count_received(frames, tail_.end);
        if (records == 0) return 0;
        seal(tail_);
        if (apart) {
            const std::string_view bytes = copy.get()->bytes();
            tail_.splices.push_back({tail_.bytes.size(), std::move(copy), bytes, false});
        } else {
            tail_.bytes.append(frames);
        }
        tail_.sealed = tail_.bytes.size();
        tail_.sealed_splices = tail_.splices.size();
        epoch_begun_.store(false, std::memory_order_relaxed);
        if (frames.size() > limits::kLargeRecordBytes) {
            tail_.large_bytes += frames.size();
            large_bytes_.fetch_add(frames.size(), std::memory_order_relaxed);
        }
        end = tail_.end += frames.size();
        if (tap_ != nullptr) tap_->received(frames, end);
        appended_.store(end, std::memory_order_release);
    }
    counters_.records.fetch_add(records, std::memory_order_relaxed);
    wake_for_appended();
    return end;
}

Status Log::not_started() const {
    Status refused = refusal();
    if (!refused) return refused;
    return Error{Code::kMisuse, "the log is not started"};
}

Status Log::enter_epoch(uint32_t number, const std::function<Status()>& make_durable) {
    if (!started()) return not_started();
    const uint64_t end = appended();
    SYNAP_TRY(sync(end));
    const std::lock_guard<std::mutex> write_guard(write_);
    const std::lock_guard<std::mutex> append_guard(append_);
    if (failed()) return failure();
    if (stopped_) return Error{Code::kShutdown, "the store is closed"};
    if (rests()) return not_started();
    if (appended() != end) {
        return Error{Code::kInvalidArgument, "something was appended while an epoch was to begin"};
    }
    // Where it fails the files may name the new epoch all the same: the one that goes on is made
    // known again before anything else of it is written.
    epoch_begun_.store(false);
    SYNAP_TRY(make_durable());
    epoch_.store(number, std::memory_order_relaxed);
    epoch_begun_.store(true);
    return {};
}

// --- another place -------------------------------------------------------------------------------

Error Log::given_up() { return {Code::kTimeout, kGivenUp}; }

// Of a log that is durable: what waits for a sync is names, and segments that were left as they
// were. Holds sync_ and write_.
Status Log::close_file() {
    return or_fail([&]() -> Status {
        const uint64_t end = offset_of(written());
        if (std::max(zeroed_until_, reserved_) > end) SYNAP_TRY(file_->truncate(end));
        reserved_ = zeroed_until_ = end;  // where the rest fails the log goes on without
        note_room();
        for (const Earlier& earlier : dirty_) {
            if (earlier.end != 0) earlier.file->truncate(earlier.end).ignore();
            SYNAP_TRY(earlier.file->sync());
        }
        SYNAP_TRY(file_->sync());
        if (names_dirty_) SYNAP_TRY(disk_.sync_names());
        return {};
    });
}

Status Log::rest() {
    if (rests()) return {};
    if (!started()) return not_started();
    SYNAP_TRY(sync(appended()));
    auto why = std::make_shared<const Error>(
        Error{Code::kBackpressure, "the files of the store are being replaced"});
    {
        const std::lock_guard<std::mutex> sync_guard(sync_);
        const std::lock_guard<std::mutex> write_guard(write_);
        const std::lock_guard<std::mutex> append_guard(append_);
        if (failed()) return failure();
        if (stopped_ || !started()) return not_started();
        if (appended() != synced()) {
            return Error{Code::kInvalidArgument,
                         "something was appended while the log came to rest"};
        }
        SYNAP_TRY(close_file());
        file_.reset();
        dirty_.clear();
        crowded_.store(false);
        names_dirty_ = false;
        rests_.store(true, std::memory_order_release);
        started_.store(false, std::memory_order_release);
        stream_->restart();
        const std::lock_guard<std::mutex> state_guard(state_);
        blocked_ = std::move(why);
        refuses_.store(true, std::memory_order_release);
    }
    complete_waiters();
    return {};
}

// Holds sync_, write_ and append_.
void Log::stand_at(LogStart& start, uint64_t oldest) noexcept {
    {
        const std::lock_guard<std::mutex> guard(state_);
        std::swap(start_, start);
    }
    const uint64_t position = start_.position;
    seed_.store(start_.history.frame_seed);
    epoch_.store(start_.epoch);
    epoch_begun_.store(false);
    tail_.start = tail_.end = position;
    clear(tail_);
    writing_.start = writing_.end = position;
    clear(writing_);
    taken_ = false;
    segment_start_ = position;
    segment_synced_ = 0;
    zeroed_until_ = reserved_ = 0;
    next_segment_at_us_ = 0;
    large_bytes_.store(0);
    appended_.store(position);
    written_.store(position);
    synced_.store(position);
    stream_->restart();
    pins_->restart(oldest);
}

Status Log::restart(const LogStart& start, uint64_t segment, uint64_t oldest) {
    if (!rests()) return Error{Code::kMisuse, "the log does not rest"};
    LogStart next = start;
    {
        const std::lock_guard<std::mutex> sync_guard(sync_);
        const std::lock_guard<std::mutex> write_guard(write_);
        const std::lock_guard<std::mutex> append_guard(append_);
        stand_at(next, oldest);
    }
    give_up_waiters(start.position);
    {
        const std::lock_guard<std::mutex> write_guard(write_);
        {
            const std::lock_guard<std::mutex> append_guard(append_);
            if (stopped_) return Error{Code::kShutdown, "the store is closed"};
        }
        SYNAP_TRY(open_first_segment(segment));
        const std::lock_guard<std::mutex> append_guard(append_);
        rests_.store(false, std::memory_order_release);
        started_.store(true, std::memory_order_release);
        unblock();
    }
    if (options_.threads) wake();
    return {};
}

// Of positions that the log does not reach any more.
void Log::give_up_waiters(uint64_t end) noexcept {
    for (;;) {
        std::unique_ptr<LogWaiter> waiter;
        {
            const std::lock_guard<std::mutex> guard(state_);
            const auto it = std::find_if(waiting_.begin(), waiting_.end(),
                                         [&](const Waiting& w) { return w.position > end; });
            if (it == waiting_.end()) return;
            waiter = std::move(it->waiter);
            waiting_.erase(it);
            waiting_count_.store(waiting_.size());
        }
        waiter->complete(Code::kTimeout, kGivenUp);
    }
}

}  // namespace synap
