#include "core/replication/full_target.h"

#include <algorithm>

#include "core/log/directory_change.h"
#include "core/log/format.h"
#include "core/log/segment.h"

namespace synap::replication {
namespace {

constexpr size_t kReadBytes = 256 << 10;

Manifest history_of(const Answer& answer) {
    Manifest manifest;
    manifest.level = answer.facts.level;
    manifest.history = answer.facts.history;
    manifest.secret = answer.secret;
    manifest.epochs = answer.facts.epochs;
    return manifest;
}

Error out_of_place(const char* what) {
    return {Code::kCorrupt, std::string(what) + " of a full sync where none is to come"};
}

}  // namespace

FullTarget::FullTarget(Self& self, const Answer& answer)
    : self_(self), history_(history_of(answer)), partial_(self.partial_sync()) {}

std::string FullTarget::snapshot_name() const {
    return format::file_name(format::kIncomingSnapshotPrefix, offer_.complete_at);
}

FullRequest FullTarget::request() const {
    return {partial_.complete_at, partial_.checksum, partial_.received};
}

Status FullTarget::take(const Message& message) {
    switch (message.type) {
        case MessageType::kFullOffer:
            return take_offer(message.body);
        case MessageType::kChunk:
            return take_chunk(message.body);
        case MessageType::kFullEnd:
            return take_end(message.body);
        default:
            break;
    }
    return out_of_place("a message");
}

// --- the snapshot --------------------------------------------------------------------------------

Status FullTarget::take_offer(std::string_view body) {
    if (has_offer_) return out_of_place("an offer");
    auto offer = FullOffer::decode(body);
    if (!offer) return offer.take_failure();
    offer_ = *offer;
    offer_.name = {};
    has_offer_ = true;
    Disk& disk = *self_.engine().disk();
    const bool goes_on = offer_.offset != 0 && offer_.complete_at == partial_.complete_at &&
                         offer_.checksum == partial_.checksum && offer_.offset == partial_.received;
    if (goes_on) {
        Status gone_on = go_on_with_file();
        if (!gone_on) partial_ = {};  // then from the beginning
        return gone_on;
    }
    if (offer_.offset != 0) return out_of_place("a later part");
    partial_ = {};
    SYNAP_TRY(remove_incoming(disk));
    auto file = disk.open(snapshot_name(), OpenMode::kCreate);
    if (!file) return file.take_failure();
    file_ = std::move(*file);
    partial_ = {offer_.complete_at, offer_.checksum, 0};
    return {};
}

// The checksum is of all of it.
Status FullTarget::go_on_with_file() {
    auto file = self_.engine().disk()->open(snapshot_name(), OpenMode::kReadWrite);
    if (!file) return file.take_failure();
    file_ = std::move(*file);
    char bytes[kReadBytes];
    while (received_ < offer_.offset) {
        const size_t want = std::min<uint64_t>(sizeof bytes, offer_.offset - received_);
        auto got = file_->read_at(received_, bytes, want);
        if (!got) return got.take_failure();
        if (*got == 0) return Error{Code::kCorrupt, "what was received before is gone"};
        checksum_.add({bytes, *got});
        received_ += *got;
    }
    return {};
}

Status FullTarget::take_chunk(std::string_view body) {
    auto chunk = Chunk::decode(body);
    if (!chunk) return chunk.take_failure();
    if (!has_offer_ || has_snapshot_ || chunk->offset != received_ ||
        chunk->raw_size > offer_.size - received_) {
        return out_of_place("a chunk");
    }
    if (chunk->codec != ChunkCodec::kRaw || chunk->raw_size != chunk->bytes.size()) {
        return Error{Code::kVersion, "a chunk is compressed, which was not asked for"};
    }
    SYNAP_TRY(file_->write_at(received_, chunk->bytes));
    checksum_.add(chunk->bytes);
    received_ += chunk->bytes.size();
    partial_.received = received_;
    return {};
}

Status FullTarget::take_end(std::string_view body) {
    auto end = FullEnd::decode(body);
    if (!end) return end.take_failure();
    if (!has_offer_ || has_snapshot_) return out_of_place("the end");
    const bool is_whole = end->size == offer_.size && received_ == offer_.size &&
                          end->checksum == offer_.checksum && checksum_.value() == offer_.checksum;
    if (!is_whole) {
        partial_ = {};
        return Error{Code::kCorrupt, "the snapshot that was received is not the one offered"};
    }
    SYNAP_TRY(file_->sync());
    has_snapshot_ = true;
    stream_ = std::make_unique<FrameStream>(history_.log_history(), offer_.from);
    is_complete_ = offer_.from == offer_.complete_at;
    return {};
}

// --- the log behind it ---------------------------------------------------------------------------

Status FullTarget::store_record() {
    Disk& disk = *self_.engine().disk();
    if (log_ == nullptr) {
        const std::string name = format::file_name(format::kIncomingPrefix, offer_.from);
        auto names = disk.list();
        if (!names) return names.take_failure();
        if (std::find(names->begin(), names->end(), name) != names->end()) {
            SYNAP_TRY(disk.remove(name));  // of a link that was cut
        }
        auto file = disk.open(name, OpenMode::kCreate);
        if (!file) return file.take_failure();
        const SegmentHeader header{history_.level, history_.history, offer_.from, offer_.from,
                                   self_.engine().node_id()};
        SYNAP_TRY((*file)->write_at(0, encode_segment_header(header)));
        log_ = std::move(*file);
    }
    SYNAP_TRY(log_->write_at(format::kSegmentHeaderBytes + stored_, record_));
    stored_ += record_.size();
    record_.clear();
    return {};
}

Status FullTarget::take_log(uint64_t position, std::string_view bytes) {
    if (stream_ == nullptr || is_complete_) return out_of_place("a piece of the log");
    SYNAP_TRY(stream_->follows_on(position));
    while (!is_complete_) {
        StreamedFrame frame;
        auto whole = stream_->next(bytes, frame);
        if (!whole) return whole.take_failure();
        if (!*whole) return {};
        record_.append(frame.bytes);
        if (!frame.ends_record) continue;
        SYNAP_TRY(store_record());
        is_complete_ = stream_->record_end() >= offer_.complete_at;
    }
    left_ = std::string(bytes);
    return {};
}

Status FullTarget::take_epoch(const Epoch& epoch) {
    if (stream_ == nullptr) return out_of_place("an epoch");
    epochs_.push_back(epoch);
    return {};
}

Status FullTarget::adopt() {
    if (log_ != nullptr) SYNAP_TRY(log_->sync());
    SYNAP_TRY(self_.engine().disk()->sync_names());
    Manifest next = history_;
    std::erase_if(next.epochs, [&](const Epoch& epoch) { return epoch.start >= offer_.from; });
    for (const Epoch& epoch : epochs_) {
        const auto same = [&](const Epoch& known) { return known.id == epoch.id; };
        if (std::any_of(next.epochs.begin(), next.epochs.end(), same)) continue;
        SYNAP_TRY(next.add(epoch));
    }
    partial_ = {};  // its file gets another name
    return self_.engine().adopt_history(next, stream_->record_end());
}

}  // namespace synap::replication
