// What the log does for a node that follows another's: records come as they stand there, and epochs
// begin while the log is open.
#include <algorithm>

#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/pins.h"
#include "core/log/received.h"
#include "core/log/stream.h"

namespace synap {
namespace {

// Below it a copy into the tail costs less than a write of its own.
constexpr size_t kWrittenApartBytes = 64 * 1024;

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
        records = stopped_ ? 0 : count_received(frames, tail_.end);
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

Status Log::rest() {
    if (!started()) return failed() ? failure() : Status{};  // it does
    SYNAP_TRY(sync(appended()));
    const std::lock_guard<std::mutex> sync_guard(sync_);
    const std::lock_guard<std::mutex> guard(write_);
    if (failed()) return failure();
    SYNAP_ASSERT(dirty_.empty() && written() == appended());
    const uint64_t end = offset_of(written());
    return or_fail([&]() -> Status {
        if (std::max(zeroed_until_, reserved_) > end) SYNAP_TRY(file_->truncate(end));
        SYNAP_TRY(file_->sync());
        file_.reset();
        started_.store(false, std::memory_order_release);
        return {};
    });
}

Status Log::restart(const LogStart& start, uint64_t segment, uint64_t oldest) {
    {
        const std::lock_guard<std::mutex> sync_guard(sync_);
        const std::lock_guard<std::mutex> guard(write_);
        {
            const std::lock_guard<std::mutex> append_guard(append_);
            start_ = start;
            epoch_.store(start.epoch, std::memory_order_relaxed);
            tail_.start = tail_.end = start.position;
            writing_.start = writing_.end = start.position;
            appended_.store(start.position, std::memory_order_release);
        }
        written_.store(start.position);
        synced_.store(start.position);
        segment_start_ = start.position;
        segment_synced_ = reserved_ = zeroed_until_ = 0;
        epoch_begun_.store(false);
        pins_->restart(oldest);
        stream_->restart();
        Status opened = open_first_segment(segment);
        if (!opened) return refuse(opened.take_error());
        started_.store(true, std::memory_order_release);
    }
    complete_waiters();
    return {};
}

}  // namespace synap
