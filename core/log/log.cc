#include "core/log/log.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"

namespace synap {
namespace {

constexpr uint64_t kZeroAheadBytes = 4ull << 20;
constexpr size_t kTailKeptBytes = 8ull << 20;

}  // namespace

Log::Log(Disk& disk, Clock& clock, const LogStart& start, const LogOptions& options)
    : disk_(disk),
      clock_(clock),
      start_(start),
      options_(options),
      policy_(options.fsync),
      hand_over_(options.hand_over),
      appended_(start.position),
      written_(start.position),
      synced_(start.position) {
    tail_.start = tail_.end = start.position;
    oldest_ = start.position;
    dirty_.reserve(2);
    syncing_.reserve(2);
    spare_failure_ =
        std::make_unique<Error>(Error{Code::kIo, "memory was exhausted while the log was written"});
}

Log::~Log() { SYNAP_ASSERT(!thread_.joinable()); }

Status Log::start() {
    {
        const std::lock_guard<std::mutex> guard(write_);
        SYNAP_TRY(or_fail([this] { return open_segment(start_.position); }));
    }
    last_sync_at_us_ = clock_.monotonic_us();
    if (options_.threads) thread_ = std::thread([this] { run(); });
    return {};
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
    if (status) {
        const std::lock_guard<std::mutex> guard(write_);
        const uint64_t end = format::kSegmentHeaderBytes + written() - segment_start_;
        if (zeroed_until_ > end && file_ != nullptr) status = file_->truncate(end);
        leave_proof();
    }
    complete_waiters();
    return status;
}

// The header of an empty segment says that the log was durable to its start: damage to the last
// records is then seen for what it is, and recovery has nothing to write again. Everything is
// durable without it, so a failure does not matter.
void Log::leave_proof() noexcept {
    const uint64_t end = written();
    if (end == segment_start_) return;
    try {
        auto proof = create_segment(disk_, {format::kLevel, start_.history.id, end, end});
        if (proof && (*proof)->sync()) disk_.sync_names().ignore();
    } catch (const std::bad_alloc&) {
    }
}

uint64_t Log::append(EffectBuffer& effects, int64_t now_ms) {
    uint64_t end = 0;
    {
        const std::lock_guard<std::mutex> guard(append_);
        if (stopped_) return 0;
        append_frames(effects, static_cast<uint64_t>(now_ms));
        end = tail_.end;
        appended_.store(end, std::memory_order_release);
    }
    effects.clear();
    counters_.records.fetch_add(1, std::memory_order_relaxed);
    // The thread parks before it takes append_ for a last look, so one of the two sees the other.
    if (hand_over_.load(std::memory_order_relaxed) && parked_.load(std::memory_order_relaxed)) {
        wake();
    }
    return end;
}

void Log::append_frame_header(uint32_t length, uint8_t flags, uint64_t commit_ms) {
    FrameHeader header;
    header.length = length;
    header.kind = format::kKindEffects;
    header.flags = flags;
    header.epoch = start_.epoch;
    header.position = tail_.end;
    header.commit_ms = commit_ms;
    char bytes[format::kFrameHeaderBytes];
    encode_frame_header(header, bytes);  // crc and synced are filled in by seal()
    tail_.bytes.append(bytes, sizeof bytes);
    tail_.end += sizeof bytes + length;
}

// All or nothing: on bad_alloc the tail is as it was.
void Log::append_frames(EffectBuffer& effects, uint64_t commit_ms) {
    const size_t mark = tail_.bytes.size();
    const size_t splices_mark = tail_.splices.size();
    const uint64_t end_mark = tail_.end;
    const std::string& bytes = effects.bytes();
    try {
        if (effects.splices().empty() && bytes.size() <= limits::kFrameBytes) {
            append_frame_header(static_cast<uint32_t>(bytes.size()),
                                format::kFlagFirst | format::kFlagLast, commit_ms);
            tail_.bytes.append(bytes);
            return;
        }
        // A source of pieces: the bytes, interrupted by the blobs.
        size_t byte_at = 0;
        size_t splice_at = 0;
        size_t in_splice = 0;
        uint64_t left = effects.total_bytes();
        for (bool first = true; left > 0; first = false) {
            auto length = static_cast<uint32_t>(std::min<uint64_t>(left, limits::kFrameBytes));
            left -= length;
            append_frame_header(length,
                                static_cast<uint8_t>((first ? format::kFlagFirst : 0) |
                                                     (left == 0 ? format::kFlagLast : 0)),
                                commit_ms);
            while (length > 0) {
                const bool have_splice = splice_at < effects.splices().size();
                if (have_splice && effects.splices()[splice_at].at == byte_at) {
                    Blob* blob = effects.splices()[splice_at].blob.get();
                    const size_t n = std::min<size_t>(length, blob->size() - in_splice);
                    blob->retain();
                    tail_.splices.push_back(
                        {tail_.bytes.size(), BlobRef(blob), blob->bytes().substr(in_splice, n)});
                    in_splice += n;
                    length -= static_cast<uint32_t>(n);
                    if (in_splice == blob->size()) {
                        ++splice_at;
                        in_splice = 0;
                    }
                    continue;
                }
                const size_t until = have_splice ? effects.splices()[splice_at].at : bytes.size();
                const size_t n = std::min<size_t>(length, until - byte_at);
                tail_.bytes.append(bytes, byte_at, n);
                byte_at += n;
                length -= static_cast<uint32_t>(n);
            }
        }
    } catch (...) {
        tail_.bytes.resize(mark);
        while (tail_.splices.size() > splices_mark) tail_.splices.pop_back();
        tail_.end = end_mark;
        throw;
    }
}

// Checksums are made here, by whoever writes, so that append holds its mutex for a copy only.
void Log::seal(Tail& tail) noexcept {
    const uint64_t synced = this->synced();
    size_t at = 0;
    size_t splice = 0;
    while (at < tail.bytes.size()) {
        char* header = tail.bytes.data() + at;
        FrameHeader decoded = decode_frame_header(header);
        decoded.synced = synced;
        encode_frame_header(decoded, header);
        at += format::kFrameHeaderBytes;
        uint32_t crc = frame_crc_of_header(header, start_.history.frame_seed);
        size_t left = decoded.length;
        while (left > 0) {
            const bool have_splice = splice < tail.splices.size();
            if (have_splice && tail.splices[splice].at == at) {
                const std::string_view bytes = tail.splices[splice++].bytes;
                crc = crc32c(bytes, crc);
                left -= bytes.size();
                continue;
            }
            const size_t until = have_splice ? tail.splices[splice].at : tail.bytes.size();
            const size_t n = std::min(left, until - at);
            crc = crc32c({tail.bytes.data() + at, n}, crc);
            at += n;
            left -= n;
        }
        store(header + format::kFrameCrcOffset, crc);
    }
}

Status Log::open_segment(uint64_t position) {
    dirty_.reserve(dirty_.size() + 2);
    const SegmentHeader header{format::kLevel, start_.history.id, position, synced()};
    auto created = create_segment(disk_, header);
    if (!created) return created.take_error();
    if (file_ != nullptr) dirty_.push_back(std::move(file_));
    file_ = std::move(*created);
    names_dirty_ = true;
    segment_start_ = position;
    zeroed_until_ = format::kSegmentHeaderBytes;
    return {};
}

Status Log::put_tail(const Tail& tail) {
    uint64_t offset = format::kSegmentHeaderBytes + tail.start - segment_start_;
    size_t at = 0;
    for (size_t i = 0; i <= tail.splices.size(); ++i) {
        const size_t until = i < tail.splices.size() ? tail.splices[i].at : tail.bytes.size();
        if (until > at) {
            SYNAP_TRY(file_->write_at(offset, {tail.bytes.data() + at, until - at}));
            offset += until - at;
            at = until;
        }
        if (i == tail.splices.size()) break;
        SYNAP_TRY(file_->write_at(offset, tail.splices[i].bytes));
        offset += tail.splices[i].bytes.size();
    }
    if (policy_.load(std::memory_order_relaxed) == FsyncPolicy::kAlways) return zero_ahead();
    return {};
}

// A sync of bytes within a file's known size needs no change of its metadata, which costs more
// than the data. So with `always` the file is grown by zeros, in steps, ahead of the records.
Status Log::zero_ahead() {
    const uint64_t end = format::kSegmentHeaderBytes + writing_.end - segment_start_;
    if (end <= zeroed_until_ && zeroed_until_ > format::kSegmentHeaderBytes) return {};
    const uint64_t step = std::min<uint64_t>(kZeroAheadBytes, options_.segment_bytes);
    static constexpr char kZeros[64 * 1024] = {};
    const uint64_t until = end + step;
    for (uint64_t at = end; at < until; at += sizeof kZeros) {
        const size_t n = std::min<uint64_t>(sizeof kZeros, until - at);
        SYNAP_TRY(file_->write_at(at, {kZeros, n}));
    }
    zeroed_until_ = until;
    return {};
}

Status Log::write_tail() {
    {
        const std::lock_guard<std::mutex> guard(append_);
        std::swap(tail_, writing_);
        tail_.start = tail_.end = writing_.end;
        tail_.bytes.clear();
        tail_.splices.clear();
    }
    if (writing_.start == writing_.end) return {};
    return or_fail([this] { return write_taken(); });
}

Status Log::write_taken() {
    seal(writing_);
    const uint64_t used = writing_.start - segment_start_;
    if (used > 0 && used + (writing_.end - writing_.start) > options_.segment_bytes) {
        SYNAP_TRY(open_segment(writing_.start));
    }
    SYNAP_TRY(put_tail(writing_));
    counters_.writes.fetch_add(1, std::memory_order_relaxed);
    counters_.bytes.fetch_add(writing_.end - writing_.start, std::memory_order_relaxed);
    written_.store(writing_.end);
    writing_.splices.clear();
    if (writing_.bytes.capacity() > kTailKeptBytes) std::string().swap(writing_.bytes);
    return {};
}

Status Log::write(uint64_t position) {
    if (written() >= position) return {};
    {
        const std::lock_guard<std::mutex> guard(write_);
        if (failed()) return failure();
        if (written() < position) SYNAP_TRY(write_tail());
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
        {
            const std::lock_guard<std::mutex> write_guard(write_);
            if (failed()) return failure();  // of a write that held the lock until now
            SYNAP_TRY(write_tail());
            syncing_.clear();
            syncing_.swap(dirty_);
            syncing_.push_back(file_);  // there is room
            names = names_dirty_;
            names_dirty_ = false;
            end = written();
        }
        const uint64_t began = clock_.monotonic_us();
        SYNAP_TRY(or_fail([&]() -> Status {
            for (const auto& file : syncing_) SYNAP_TRY(file->sync());
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
    }
    complete_waiters();
}

template <typename Body>
Status Log::or_fail(Body&& body) {
    try {
        Status status = body();
        if (status) return status;
        Error error = status.take_error();
        fail(&error);
    } catch (const std::bad_alloc&) {
        fail(nullptr);  // half done, or an error of the disk that could not be told
        throw;
    }
    return failure();
}

Status Log::failure() const {
    const std::lock_guard<std::mutex> guard(state_);
    if (failure_ == nullptr) return {};
    return *failure_;
}

bool Log::notify(uint64_t position, Durability level, std::unique_ptr<LogWaiter>& waiter) {
    {
        const std::lock_guard<std::mutex> guard(state_);
        if (failure_ == nullptr && reached(level) >= position) return false;
        waiting_.push_back({position, level, nullptr});
        waiting_.back().waiter = std::move(waiter);
        waiting_count_.store(waiting_.size());
    }
    // The level may have been reached, or the log have failed, before the count was seen.
    if (failed() || reached(level) >= position) complete_waiters();
    if (options_.threads) wake();
    return true;
}

void Log::complete_waiters() noexcept {
    for (;;) {
        std::unique_ptr<LogWaiter> done;
        const Error* failure = nullptr;
        {
            const std::lock_guard<std::mutex> guard(state_);
            const auto ready = [&](const Waiting& w) {
                return failure_ != nullptr || reached(w.level) >= w.position;
            };
            const auto it = std::find_if(waiting_.begin(), waiting_.end(), ready);
            if (it == waiting_.end()) return;
            done = std::move(it->waiter);
            waiting_.erase(it);
            waiting_count_.store(waiting_.size());
            failure = failure_.get();
        }
        if (failure != nullptr) {
            done->complete(failure->code, failure->message);
        } else {
            done->complete(Code::kOk, {});
        }
    }
}

}  // namespace synap
