#include "core/log/stream.h"

#include <algorithm>
#include <iterator>

#include "core/base/exhaustion.h"
#include "core/log/segment.h"

namespace synap {
namespace {

std::optional<LogStream::Segment> segment_among(const std::vector<uint64_t>& segments,
                                                uint64_t position) {
    const auto behind = std::upper_bound(segments.begin(), segments.end(), position);
    if (behind == segments.begin()) return std::nullopt;
    return LogStream::Segment{*std::prev(behind), behind == segments.end() ? UINT64_MAX : *behind};
}

}  // namespace

LogStream::LogStream(Disk& disk, uint64_t bytes_most)
    : disk_(disk), bytes_most_(bytes_most), spare_(std::make_shared<Spare>()) {}

// --- chunks --------------------------------------------------------------------------------------

std::unique_ptr<char[]> LogStream::Spare::take() {
    const std::lock_guard<std::mutex> guard(mutex_);
    wanted_ = true;
    return std::move(buffer_);
}

void LogStream::Spare::put(std::unique_ptr<char[]> buffer) noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (wanted_) buffer_ = std::move(buffer);
}

void LogStream::Spare::clear() noexcept {
    const std::lock_guard<std::mutex> guard(mutex_);
    wanted_ = false;
    buffer_.reset();
}

std::shared_ptr<char> LogStream::make_buffer(size_t capacity) {
    if (capacity != kChunkBytes) {
        return {new char[capacity], std::default_delete<char[]>()};
    }
    std::unique_ptr<char[]> buffer = spare_->take();
    if (buffer == nullptr) buffer.reset(new char[capacity]);
    const auto give_back = [spare = spare_](char* bytes) {
        spare->put(std::unique_ptr<char[]>(bytes));
    };
    return {buffer.release(), give_back};
}

void LogStream::let_go_of_first() noexcept {
    kept_ -= chunks_.front().capacity;
    chunks_.pop_front();
}

void LogStream::let_go_of_all() noexcept {
    while (!chunks_.empty()) let_go_of_first();
    spare_->clear();
}

bool LogStream::make_place(uint64_t position, size_t size) {
    if (!chunks_.empty()) {
        const Chunk& last = chunks_.back();
        const bool goes_on = last.start + last.size == position;
        if (goes_on && last.capacity - last.size >= size) return true;
    }
    const size_t capacity = std::max(size, std::min<size_t>(kChunkBytes, bytes_most_));
    if (size > kKeptAtOnceMost || capacity > bytes_most_) return false;
    while (kept_ + capacity > bytes_most_) let_go_of_first();
    chunks_.push_back({position, make_buffer(capacity), capacity, 0});
    kept_ += capacity;
    return true;
}

char* LogStream::prepare(uint64_t position, size_t size) noexcept {
    const std::lock_guard<std::mutex> guard(chunks_mutex_);
    bool has_place = false;
    attempt([&] { has_place = make_place(position, size); });
    if (!has_place) return nullptr;
    filling_ = chunks_.back().bytes;
    return filling_.get() + chunks_.back().size;
}

void LogStream::publish(size_t size) noexcept {
    const std::lock_guard<std::mutex> guard(chunks_mutex_);
    if (!chunks_.empty() && chunks_.back().bytes == filling_) chunks_.back().size += size;
    filling_.reset();
    if (!has_readers()) let_go_of_all();  // the last one went meanwhile
}

LogStream::Piece LogStream::find(uint64_t position) {
    const std::lock_guard<std::mutex> guard(chunks_mutex_);
    const auto behind =
        std::upper_bound(chunks_.begin(), chunks_.end(), position,
                         [](uint64_t wanted, const Chunk& chunk) { return wanted < chunk.start; });
    if (behind == chunks_.begin()) return {};
    const Chunk& chunk = *std::prev(behind);
    if (position - chunk.start >= chunk.size) return {};
    const size_t skip = position - chunk.start;
    return {chunk.bytes, {chunk.bytes.get() + skip, chunk.size - skip}};
}

uint64_t LogStream::kept_bytes() const noexcept {
    const std::lock_guard<std::mutex> guard(chunks_mutex_);
    return kept_;
}

void LogStream::remove_reader() noexcept {
    if (readers_.fetch_sub(1) != 1) return;
    const std::lock_guard<std::mutex> guard(chunks_mutex_);
    if (filling_ == nullptr && !has_readers()) let_go_of_all();
}

// --- segments ------------------------------------------------------------------------------------

void LogStream::segment_begun(uint64_t position) noexcept {
    const std::lock_guard<std::mutex> guard(segments_mutex_);
    if (!segments_.empty() && segments_.back() >= position) return;  // it was listed
    if (attempt([&] { segments_.push_back(position); })) return;
    segments_known_ = false;
    ++segments_forgotten_;
}

void LogStream::segments_removed(uint64_t before) noexcept {
    const std::lock_guard<std::mutex> guard(segments_mutex_);
    segments_.erase(segments_.begin(),
                    std::lower_bound(segments_.begin(), segments_.end(), before));
}

// The files that hold what is written have their names before segment_begun(), and that is called
// before it counts as written: they are in a list that is made afterwards.
Result<std::optional<LogStream::Segment>> LogStream::segment_of(uint64_t position) {
    std::unique_lock<std::mutex> guard(segments_mutex_);
    if (segments_known_) return segment_among(segments_, position);
    const uint64_t forgotten = segments_forgotten_;
    guard.unlock();
    auto listed = list_segments(disk_);
    if (!listed) return listed.take_failure();
    guard.lock();
    std::vector<uint64_t> all;
    std::set_union(listed->begin(), listed->end(), segments_.begin(), segments_.end(),
                   std::back_inserter(all));
    const auto found = segment_among(all, position);
    if (segments_forgotten_ == forgotten) {
        segments_ = std::move(all);
        segments_known_ = true;
    }
    return found;
}

void LogStream::restart() noexcept {
    generation_.fetch_add(1, std::memory_order_acq_rel);
    was_written_.store(false);
    {
        const std::lock_guard<std::mutex> guard(segments_mutex_);
        segments_.clear();
        segments_known_ = false;
        ++segments_forgotten_;
    }
    const std::lock_guard<std::mutex> guard(chunks_mutex_);
    let_go_of_all();
}

// --- listeners -----------------------------------------------------------------------------------

void LogStream::add_listener(TailListener& listener) {
    const std::lock_guard<std::mutex> guard(listeners_mutex_);
    listeners_.push_back(&listener);
}

void LogStream::remove_listener(TailListener& listener) noexcept {
    const std::lock_guard<std::mutex> guard(listeners_mutex_);
    listeners_.erase(std::remove(listeners_.begin(), listeners_.end(), &listener),
                     listeners_.end());
}

void LogStream::tell_all() noexcept {
    if (!armed_.exchange(false)) return;
    const std::lock_guard<std::mutex> guard(listeners_mutex_);
    for (TailListener* listener : listeners_) listener->more();
}

}  // namespace synap
