#include "core/log/log.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/exhaustion.h"
#include "core/base/limits.h"
#include "core/log/format.h"
#include "core/log/pins.h"
#include "core/log/stream.h"

namespace synap {
namespace {

constexpr size_t kSegmentsUnsyncedMost = 16;
constexpr uint64_t kFreedAsideBytes = 4ull << 20;
constexpr char kFiller[WrittenAhead::kGapBytes] = {};

}  // namespace

struct Log::Frame {
    uint32_t length;
    uint32_t crc;  // of the payload
    uint8_t kind = format::kKindEffects;
    bool ahead = false;  // its payload is in the file
};

// How a record is cut into frames, one of which needs no memory. The checksums of their payloads
// are computed here, before the log is locked.
class Log::Frames {
public:
    Frames(const EffectBuffer& effects, uint32_t seed, const WrittenAhead* ahead) : seed_(seed) {
        EffectPieces pieces(effects);
        size_t before = 0;
        uint64_t behind = effects.total_bytes();
        for (size_t i = 0; ahead != nullptr && i < ahead->values(); ++i) {
            const EffectBuffer::Splice& splice = effects.splices()[i];
            add_gap(pieces, splice.at - before);
            before = splice.at;
            behind = effects.bytes().size() - before;
            uint64_t left = splice.blob.get()->size();
            pieces.take(left, [](std::string_view, Blob*) {});
            for (const uint32_t crc : ahead->sums(i)) {
                const size_t length = std::min<uint64_t>(left, limits::kFrameBytes);
                add({static_cast<uint32_t>(length), crc, format::kKindEffects, true});
                left -= length;
            }
        }
        add_all(pieces, behind);
    }
    size_t size() const noexcept { return size_; }
    const Frame& operator[](size_t i) const noexcept { return i == 0 ? first_ : others_[i - 1]; }

private:
    void add(const Frame& frame) {
        if (size_ == 0) first_ = frame;
        if (size_ != 0) others_.push_back(frame);
        ++size_;
    }
    void add_all(EffectPieces& pieces, uint64_t left) {
        if (left > limits::kFrameBytes) others_.reserve((left - 1) / limits::kFrameBytes);
        while (left > 0) {
            const size_t length = std::min<uint64_t>(left, limits::kFrameBytes);
            uint32_t crc = seed_;
            pieces.take(length, [&](std::string_view part, Blob*) { crc = crc32c(part, crc); });
            add({static_cast<uint32_t>(length), crc});
            left -= length;
        }
    }
    void add_gap(EffectPieces& pieces, size_t length) {
        add_all(pieces, length);
        const size_t filler = WrittenAhead::kGapBytes - length - 2 * format::kFrameHeaderBytes;
        add({static_cast<uint32_t>(filler), crc32c({kFiller, filler}, seed_), format::kKindFiller});
    }

    const uint32_t seed_;
    Frame first_{};
    std::vector<Frame> others_;
    size_t size_ = 0;
};

Log::Log(Disk& disk, Clock& clock, const LogStart& start, const LogOptions& options)
    : disk_(disk),
      clock_(clock),
      start_(start),
      options_(options),
      policy_(options.fsync),
      hand_over_(options.hand_over),
      seed_(start.history.frame_seed),
      appended_(start.position),
      segment_start_(start.position),
      epoch_(start.epoch),
      written_(start.position),
      synced_(start.position),
      spare_blocked_(std::make_shared<const Error>(
          Error{Code::kIo, "the system is short of memory and more", Cause::kShortage})),
      pins_(std::make_unique<LogPins>(clock, start.position)),
      stream_(std::make_unique<LogStream>(disk, options.stream_bytes)) {
    tail_.start = tail_.end = start.position;
    dirty_.reserve(kSegmentsUnsyncedMost);
    syncing_.reserve(kSegmentsUnsyncedMost);
    spare_failure_ =
        std::make_unique<Error>(Error{Code::kIo, "memory was exhausted while the log was written"});
}

Log::~Log() { SYNAP_ASSERT(!thread_.joinable()); }

Status Log::start(uint64_t segment) {
    {
        const std::lock_guard<std::mutex> guard(write_);
        Status opened = open_first_segment(segment);
        if (!opened) return refuse(opened.take_error());
    }
    last_sync_at_us_ = clock_.monotonic_us();
    if (options_.threads) thread_ = std::thread([this] { run(); });
    started_.store(true, std::memory_order_release);
    unblock();
    if (options_.threads) wake();
    return {};
}

Status Log::refuse(Error error) {
    if (error.may_pass()) return block(std::move(error), false);
    fail(&error);
    return failure();
}

Status Log::stop() {
    {
        const std::lock_guard<std::mutex> guard(thread_state_);
        stopping_ = true;
    }
    thread_wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    {
        const std::lock_guard<std::mutex> guard(append_);
        stopped_ = true;
    }
    Status status = sync(appended());
    if (status && started()) {
        const std::lock_guard<std::mutex> guard(write_);
        const uint64_t end = offset_of(written());
        if (std::max(zeroed_until_, reserved_) > end) file_->truncate(end).ignore();
        leave_proof();
    }
    complete_waiters();
    return status;
}

std::unique_ptr<WrittenAhead> Log::write_ahead(std::span<const BlobRef> values) noexcept {
    std::unique_ptr<WrittenAhead> ahead;
    attempt([&] {
        const uint64_t number = next_ahead_.fetch_add(1, std::memory_order_relaxed);
        auto written = WrittenAhead::write(
            disk_, "ahead-" + std::to_string(number) + std::string(format::kTemporarySuffix),
            values, seed_.load(), fsync() != FsyncPolicy::kNever);
        if (written) ahead = std::move(*written);
    });
    return ahead;
}

uint64_t Log::append(EffectBuffer& effects, int64_t now_ms, std::unique_ptr<WrittenAhead>* ahead) {
    uint64_t end = 0;
    const bool is_ahead = ahead != nullptr && *ahead != nullptr && (*ahead)->fits(effects);
    // Appenders do this side by side; what is left to do for whoever writes is the headers.
    const uint32_t seed = seed_.load(std::memory_order_relaxed);
    const Frames frames(effects, seed, is_ahead ? ahead->get() : nullptr);
    {
        const std::lock_guard<std::mutex> guard(append_);
        if (stopped_ || rests_.load(std::memory_order_relaxed) || seed != seed_.load()) return 0;
        if (!epoch_begun_.load(std::memory_order_relaxed)) tail_.begins_epoch = true;
        if (is_ahead) tail_.switches.reserve(tail_.switches.size() + 1);
        const size_t at = tail_.bytes.size();
        const size_t splice = tail_.splices.size();
        const uint64_t position = tail_.end;
        append_frames(effects, frames, static_cast<uint64_t>(now_ms));
        if (is_ahead) {
            tail_.switches.push_back({at, splice, position, tail_.end, std::move(*ahead)});
        } else if (effects.total_bytes() > limits::kLargeRecordBytes) {
            tail_.large_bytes += effects.total_bytes();
            large_bytes_.fetch_add(effects.total_bytes(), std::memory_order_relaxed);
        }
        end = tail_.end;
        if (tap_ != nullptr) tap_->record(effects, end);
        appended_.store(end, std::memory_order_release);
    }
    effects.clear();
    counters_.records.fetch_add(1, std::memory_order_relaxed);
    wake_for_appended();
    return end;
}

// The thread parks before it takes append_ for a last look, so one of the two sees the other.
void Log::wake_for_appended() noexcept {
    if (hand_over_.load(std::memory_order_relaxed) && parked_.load(std::memory_order_relaxed)) {
        wake();
    }
}

void Log::append_frame_header(const Frame& frame, uint8_t flags, uint64_t commit_ms) {
    FrameHeader header;
    header.length = frame.length;
    header.crc = frame.crc;  // seal() fills in `synced` and makes it the frame's
    header.kind = frame.kind;
    header.flags = flags;
    header.epoch = epoch();
    header.position = tail_.end;
    header.commit_ms = commit_ms;
    char bytes[format::kFrameHeaderBytes];
    encode_frame_header(header, bytes);
    tail_.bytes.append(bytes, sizeof bytes);
    tail_.end += sizeof bytes + frame.length;
}

// All or nothing: on bad_alloc the tail is as it was.
void Log::append_frames(const EffectBuffer& effects, const Frames& frames, uint64_t commit_ms) {
    const size_t mark = tail_.bytes.size();
    const size_t splices_mark = tail_.splices.size();
    const uint64_t end_mark = tail_.end;
    Rollback whole([&]() noexcept {
        tail_.bytes.resize(mark);
        while (tail_.splices.size() > splices_mark) tail_.splices.pop_back();
        tail_.end = end_mark;
    });
    EffectPieces pieces(effects);
    for (size_t i = 0; i < frames.size(); ++i) {
        const Frame& frame = frames[i];
        const auto flags = static_cast<uint8_t>((i == 0 ? format::kFlagFirst : 0) |
                                                (i + 1 == frames.size() ? format::kFlagLast : 0));
        append_frame_header(frame, flags, commit_ms);
        if (frame.kind == format::kKindFiller) {
            tail_.bytes.append(kFiller, frame.length);
            continue;
        }
        pieces.take(frame.length, [&](std::string_view part, Blob* blob) {
            if (blob == nullptr) {
                tail_.bytes.append(part);
                return;
            }
            blob->retain();
            tail_.splices.push_back({tail_.bytes.size(), BlobRef(blob), part, frame.ahead});
        });
    }
    whole.done();
}

// Of whoever wrote: to be freed without the lock. Pages of hundreds of MiB take the kernel long, so
// they are left to the log thread. Holds write_.
void Log::take_put(std::vector<Splice>& put) noexcept {
    if (options_.threads && put_bytes_ >= kFreedAsideBytes) {
        put_is_large_.store(true);
        return wake();
    }
    put.swap(put_);
    put_bytes_ = 0;
}

void Log::free_put() noexcept {
    std::vector<Splice> put;  // outlives the lock
    const std::lock_guard<std::mutex> guard(write_);
    put.swap(put_);
    put_bytes_ = 0;
}

Status Log::write(uint64_t position) {
    if (written() >= position) return {};
    std::vector<Splice> put;
    {
        const std::lock_guard<std::mutex> guard(write_);
        if (failed()) return failure();
        SYNAP_TRY(write_through(position));
        take_put(put);
    }
    if (waiting_count_.load() != 0) complete_waiters();
    // It may have a sync to think of now.
    if (parked_.load() && fsync() != FsyncPolicy::kNever) wake();
    return {};
}

Status Log::sync(uint64_t position) {
    if (synced() >= position) return {};
    {
        const std::lock_guard<std::mutex> guard(sync_);
        if (failed()) return failure();
        if (synced() >= position) return {};
        bool names = false;
        uint64_t end = 0;
        std::vector<Splice> put;
        {
            const std::lock_guard<std::mutex> write_guard(write_);
            if (failed()) return failure();  // of a write that held the lock until now
            SYNAP_TRY(write_tail());
            SYNAP_TRY(write_through(position));
            put.swap(put_);
            put_bytes_ = 0;
            syncing_.clear();
            syncing_.swap(dirty_);
            if (file_ != nullptr) syncing_.push_back({file_, 0});
            crowded_.store(false);
            names = names_dirty_;
            names_dirty_ = false;
            end = written();
        }
        const uint64_t began = clock_.monotonic_us();
        SYNAP_TRY(or_fail([&]() -> Status {
            for (const Earlier& earlier : syncing_) {
                if (earlier.end != 0) earlier.file->truncate(earlier.end).ignore();
                SYNAP_TRY(earlier.file->sync());
            }
            if (names) SYNAP_TRY(disk_.sync_names());
            return {};
        }));
        syncing_.clear();
        const uint64_t ended = clock_.monotonic_us();
        counters_.syncs.fetch_add(1, std::memory_order_relaxed);
        counters_.last_sync_us.store(ended - began, std::memory_order_relaxed);
        last_sync_at_us_.store(ended, std::memory_order_relaxed);
        synced_.store(end);
    }
    stream_->tell();
    if (waiting_count_.load() != 0) complete_waiters();
    return {};
}

uint64_t Log::reached(Durability level) const noexcept {
    switch (level) {
        case Durability::kMemory:
            break;
        case Durability::kOs:
            return written();
        case Durability::kDisk:
            return synced();
    }
    return appended();
}

Status Log::reach(uint64_t position, Durability level) {
    switch (level) {
        case Durability::kMemory:
            break;
        case Durability::kOs:
            return write(position);
        case Durability::kDisk:
            return sync(position);
    }
    return {};
}

// Keeps the first error. Must not need memory: an error that is forgotten would acknowledge writes.
void Log::fail(Error* error) noexcept {
    {
        const std::lock_guard<std::mutex> guard(state_);
        if (failure_ == nullptr) failure_ = std::move(spare_failure_);
        if (error != nullptr && !failed()) *failure_ = std::move(*error);
        failed_.store(true, std::memory_order_release);
        refuses_.store(true, std::memory_order_release);
    }
    complete_waiters();
}

Status Log::failure() const {
    const std::lock_guard<std::mutex> guard(state_);
    if (failure_ == nullptr) return {};
    return *failure_;
}

bool Log::notify(uint64_t position, Durability level, std::unique_ptr<LogWaiter>& waiter) {
    bool is_given_up = false;
    {
        const std::lock_guard<std::mutex> guard(state_);
        if (failure_ == nullptr && reached(level) >= position) return false;
        is_given_up = position > appended();
        waiting_.push_back({position, level, nullptr});
        waiting_.back().waiter = std::move(waiter);
        waiting_count_.store(waiting_.size());
    }
    if (is_given_up) give_up_waiters(appended());
    // The level may have been reached, or the log refuse, before the count was seen.
    if (!takes_records() || reached(level) >= position) complete_waiters();
    if (options_.threads) wake();
    return true;
}

void Log::complete_waiters() noexcept {
    for (;;) {
        std::unique_ptr<LogWaiter> done;
        const Error* failure = nullptr;
        std::shared_ptr<const Error> blocked;
        {
            const std::lock_guard<std::mutex> guard(state_);
            const auto ready = [&](const Waiting& w) {
                return failure_ != nullptr || stuck_ || reached(w.level) >= w.position;
            };
            const auto it = std::find_if(waiting_.begin(), waiting_.end(), ready);
            if (it == waiting_.end()) return;
            if (stuck_ && reached(it->level) < it->position) blocked = blocked_;
            done = std::move(it->waiter);
            waiting_.erase(it);
            waiting_count_.store(waiting_.size());
            failure = failure_.get();
        }
        if (failure == nullptr) failure = blocked.get();
        if (failure != nullptr) {
            done->complete(failure->code, failure->message);
        } else {
            done->complete(Code::kOk, {});
        }
    }
}

}  // namespace synap
