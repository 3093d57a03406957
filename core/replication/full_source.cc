#include "core/replication/full_source.h"

#include <algorithm>
#include <utility>

#include "core/log/format.h"

namespace synap::replication {
namespace {

// Below it a log is short, whatever the snapshot's size.
constexpr uint64_t kShortLogBytes = 64ull << 20;
constexpr size_t kReadBytes = 256 << 10;

}  // namespace

FullSource::FullSource(Self& self, std::string pin, PinBounds bounds, const FullRequest& request)
    : self_(self), pin_(std::move(pin)), bounds_(bounds), request_(request) {}

FullSource::~FullSource() { self_.log()->pins().remove(pin_); }

Status FullSource::alive() {
    if (step_ == Step::kChooses) return {};
    return self_.log()->pins().move(pin_, 0);
}

Result<bool> FullSource::send(Link& link, size_t most) {
    switch (step_) {
        case Step::kChooses:
            return choose();
        case Step::kReads:
            return read_some(link, most);
        case Step::kSends:
            return send_some(link, most);
        case Step::kDone:
            break;
    }
    return false;
}

// --- which one -----------------------------------------------------------------------------------

// Whether the log behind the snapshot is the smaller part of what has to be sent.
bool FullSource::is_small_part(uint64_t name_position) const {
    const uint64_t behind = self_.log()->written() - name_position;
    if (behind <= kShortLogBytes) return true;
    auto file = self_.engine().disk()->open(
        format::file_name(format::kSnapshotPrefix, name_position), OpenMode::kRead);
    if (!file) return false;
    auto size = (*file)->size();
    return size && behind <= *size;
}

Result<bool> FullSource::choose() {
    auto snapshots = list_snapshots(*self_.engine().disk());
    if (!snapshots) return snapshots.take_failure();
    const Snapshots::State state = self_.engine().snapshots().state();
    const bool has_new = asked_ && state.taken != taken_;
    if (!snapshots->empty() && (has_new || is_small_part(snapshots->front()))) {
        return begin(snapshots->front());
    }
    if (self_.engine().snapshots().running()) return false;
    if (asked_ && !has_new) {  // it failed
        if (!snapshots->empty()) return begin(snapshots->front());
        return Error{Code::kIo,
                     "a snapshot for the full sync could not be taken: " + state.last_error};
    }
    taken_ = state.taken;
    asked_ = self_.engine().snapshots().request();
    return false;
}

Result<bool> FullSource::begin(uint64_t name_position) {
    LogPins& pins = self_.log()->pins();
    // Before it is known where its log begins: nothing may go meanwhile.
    pins.remove(pin_);
    SYNAP_TRY(
        pins.add(pin_, PinKind::kFullSync, self_.log()->oldest_position(), bounds_, name_position));
    name_ = format::file_name(format::kSnapshotPrefix, name_position);
    Disk& disk = *self_.engine().disk();
    auto file = disk.open(name_, OpenMode::kRead);
    if (!file) return file.take_failure();
    file_ = std::move(*file);
    auto size = file_->size();
    if (!size) return size.take_failure();
    size_ = *size;
    auto check = layout::Reader::open(disk, name_, self_.engine().manifest()->history);
    if (!check) return check.take_failure();
    check_ = std::make_unique<layout::Reader>(std::move(*check));
    step_ = Step::kReads;
    return true;
}

// --- the file ------------------------------------------------------------------------------------

Status FullSource::read_until(uint64_t offset) {
    char bytes[kReadBytes];
    while (read_ < offset) {
        auto got = file_->read_at(read_, bytes, std::min<uint64_t>(sizeof bytes, offset - read_));
        if (!got) return got.take_failure();
        if (*got == 0) return Error{Code::kCorrupt, name_ + " is shorter than it was"};
        reading_.add({bytes, *got});
        read_ += *got;
    }
    return {};
}

Result<bool> FullSource::read_some(Link& link, size_t most) {
    const uint64_t until = check_->offset() + most;
    while (check_->offset() < until) {
        layout::Chunk chunk;
        auto more = check_->next(chunk);
        if (!more) return more.take_failure();
        SYNAP_TRY(read_until(check_->offset()));
        if (*more) continue;
        info_ = check_->info();
        check_.reset();
        SYNAP_TRY(read_until(size_));
        checksum_ = reading_.value();
        SYNAP_TRY(offer(link));
        return true;
    }
    return true;
}

Status FullSource::offer(Link& link) {
    LogPins& pins = self_.log()->pins();
    const uint64_t name_position = info_.complete_at;
    pins.remove(pin_);
    SYNAP_TRY(pins.add(pin_, PinKind::kFullSync, info_.from, bounds_, name_position));
    const bool goes_on = request_.complete_at == info_.complete_at &&
                         request_.checksum == checksum_ && request_.offset <= size_;
    sent_ = goes_on ? request_.offset : 0;
    link.send(FullOffer{name_, size_, info_.from, info_.complete_at, checksum_, sent_});
    step_ = Step::kSends;
    return {};
}

Result<bool> FullSource::send_some(Link& link, size_t most) {
    size_t sent = 0;
    while (link.is_proven() && link.has_room()) {
        if (sent >= most) return true;
        if (sent_ == size_) {
            link.send(FullEnd{size_, checksum_});
            step_ = Step::kDone;
            return false;
        }
        const size_t want = std::min<uint64_t>(kChunkBytes, size_ - sent_);
        auto bytes = std::make_shared<std::string>(want, '\0');
        auto got = file_->read_at(sent_, bytes->data(), want);
        if (!got) return got.take_failure();
        if (*got != want) return Error{Code::kCorrupt, name_ + " is shorter than it was"};
        Chunk chunk;
        chunk.offset = sent_;
        chunk.raw_size = static_cast<uint32_t>(want);
        chunk.bytes = *bytes;
        std::string head;
        put_chunk_head(head, chunk);
        link.send(head, chunk.bytes, bytes);
        sent_ += want;
        sent += want;
    }
    return false;
}

}  // namespace synap::replication
