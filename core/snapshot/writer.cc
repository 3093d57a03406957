#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/manifest.h"
#include "core/snapshot/layout.h"
#include "core/snapshot/snapshot.h"
#include "core/types/registry.h"

namespace synap {
namespace {

constexpr size_t kWriteBytes = 256 * 1024;
constexpr uint64_t kCheckBytes = 256 * 1024;

// The effect that begins the node's value, but for its body.
Effect value_of(const Node& node) noexcept {
    Effect effect;
    effect.type = node.type();
    effect.name_space = node.name_space();
    effect.key = node.key();
    effect.expires_at = node.deadline();
    return effect;
}

}  // namespace

SnapshotWriter::SnapshotWriter(Keyspace& keyspace, Log& log, Disk& disk, const HistoryId& history)
    : keyspace_(keyspace),
      log_(log),
      disk_(disk),
      history_(history),
      databases_at_(log.appended()),
      captured_(keyspace.slot_count()) {
    for (unsigned i = 0; i < limits::kDatabases; ++i) databases_[i] = keyspace.name_space_of(i);
    info_.from = databases_at_;  // a swap behind it must be replayed
    info_.complete_at = databases_at_;
    info_.slot_bits = keyspace.slot_bits();
}

SnapshotWriter::~SnapshotWriter() = default;

Status SnapshotWriter::begin() {
    auto names = disk_.list();
    if (!names) return names.take_error();
    for (const std::string& name : *names) {
        if (name == layout::kTemporaryName) SYNAP_TRY(disk_.remove(name));
    }
    auto file = disk_.open(layout::kTemporaryName, OpenMode::kCreate);
    if (!file) return file.take_error();
    file_ = std::move(*file);
    std::string header(format::kSnapshotMagic);
    synap::put(header, format::kLevel);
    synap::put(header, static_cast<uint32_t>(info_.slot_bits));
    synap::put(header, history_.high);
    synap::put(header, history_.low);
    header.append(reinterpret_cast<const char*>(databases_), sizeof databases_);
    synap::put(header, databases_at_);
    synap::put(header, crc32c(header));
    return put(header);
}

Status SnapshotWriter::put(std::string_view bytes) {
    buffer_.append(bytes);
    return buffer_.size() >= kWriteBytes ? flush() : Status{};
}

Status SnapshotWriter::flush() {
    SYNAP_TRY(file_->write_at(offset_, buffer_));
    // Piece by piece rather than all at the end: a burst of writing takes the disk, and where
    // processors are rationed the processor too, from those who serve.
    file_->begin_sync(offset_, buffer_.size());
    offset_ += buffer_.size();
    buffer_.clear();
    return {};
}

void SnapshotWriter::capture(uint32_t slot_index) {
    Slot& slot = keyspace_.slot(slot_index);
    Captured captured{slot_index, log_.appended(), slot.count, {}, {}};
    if (slot.count != 0) {
        // The misses of all nodes overlap, so that the lock is held for about one of them.
        for (uint32_t i = 0; i < slot.table.capacity(); ++i) {
            const auto* node = reinterpret_cast<const char*>(cell_node(slot.table.cell(i)));
            __builtin_prefetch(node);
            __builtin_prefetch(node + 64);
        }
        for (uint32_t i = 0; i < slot.table.capacity(); ++i) {
            const Cell cell = slot.table.cell(i);
            if (cell == 0) continue;
            const Node& node = *cell_node(cell);
            Effect effect = value_of(node);
            if (ops_of(node.type()).body(node.value(), effect.body)) {
                captured.effects.add(effect);
            } else {
                captured.large.push_back({std::string(node.key()), node.name_space(),
                                          node.deadline(), node.grown(),
                                          node.value().tree()->share()});
            }
        }
    }
    const std::lock_guard<std::mutex> guard(queue_);
    queued_.push_back(std::move(captured));
    captured_[slot_index] = 1;
}

// The parts of a large value: the first begins it, the others are edits.
void SnapshotWriter::expand(const Large& large, EffectBuffer& effects) {
    Effect effect;
    effect.type = ValueType::kHash;
    effect.name_space = large.name_space;
    effect.key = large.key;
    effect.expires_at = large.deadline;
    write_bodies(large.hash, large.grown, scratch_, [&](const Body& body) {
        effect.body = body;
        effects.add(effect);
        effect.kind = EffectKind::kEdit;
        effect.expires_at = 0;
        return true;
    });
}

Status SnapshotWriter::write_chunk(Captured& chunk) {
    for (const Large& large : chunk.large) expand(large, chunk.effects);
    if (chunk.effects.total_bytes() > limits::kSnapshotChunkBytes) {
        return Error{Code::kUnsupported,
                     "a slot holds more than a snapshot can: reopen the store, "
                     "so that it gets more slots"};
    }
    info_.from = std::min(info_.from, chunk.position);
    info_.complete_at = std::max(info_.complete_at, chunk.position);
    info_.keys += chunk.keys;
    std::string header;
    synap::put(header, chunk.slot);
    synap::put(header, static_cast<uint32_t>(chunk.effects.total_bytes()));
    synap::put(header, chunk.position);
    uint32_t crc = crc32c(header);
    const std::string& bytes = chunk.effects.bytes();
    std::vector<std::string_view> pieces;
    size_t at = 0;
    for (const auto& splice : chunk.effects.splices()) {
        pieces.push_back(std::string_view(bytes).substr(at, splice.at - at));
        pieces.push_back(splice.blob.get()->bytes());
        at = splice.at;
    }
    pieces.push_back(std::string_view(bytes).substr(at));
    for (const std::string_view piece : pieces) crc = crc32c(piece, crc);
    synap::put(header, crc);
    SYNAP_TRY(put(header));
    for (const std::string_view piece : pieces) SYNAP_TRY(put(piece));
    return {};
}

Status SnapshotWriter::write_captured() {
    std::vector<Captured> chunks;
    {
        const std::lock_guard<std::mutex> guard(queue_);
        chunks.swap(queued_);
    }
    for (Captured& chunk : chunks) SYNAP_TRY(write_chunk(chunk));
    return {};
}

bool SnapshotWriter::capture_next(size_t slots, size_t keys) {
    size_t seen = 0;
    for (; slots > 0 && seen < keys && next_slot_ < keyspace_.slot_count(); --slots, ++next_slot_) {
        Slot& slot = keyspace_.slot(next_slot_);
        const std::lock_guard<WordLock> guard(slot.lock);
        seen += slot.count;
        if (captured_[next_slot_] == 0) capture(next_slot_);
    }
    return next_slot_ == keyspace_.slot_count();
}

Status SnapshotWriter::seal(int64_t now_ms) {
    if (spoiled_) return Error{Code::kNoMemory, "a slot could not be captured: out of memory"};
    SYNAP_TRY(write_captured());
    info_.commit_ms = static_cast<uint64_t>(now_ms);
    std::string footer;
    synap::put(footer, layout::kFooterSlot);
    synap::put(footer, info_.from);
    synap::put(footer, info_.complete_at);
    synap::put(footer, info_.keys);
    synap::put(footer, info_.commit_ms);
    synap::put(footer, crc32c(footer));
    SYNAP_TRY(put(footer));
    SYNAP_TRY(flush());
    info_.bytes = offset_;
    info_.name_position = info_.complete_at;
    SYNAP_TRY(file_->sync());
    file_.reset();
    SYNAP_TRY(log_.sync(info_.complete_at));
    auto reader = layout::Reader::open(disk_, layout::kTemporaryName, history_);
    if (!reader) return reader.take_failure();
    check_ = std::make_unique<layout::Reader>(*std::move(reader));
    return {};
}

Result<bool> SnapshotWriter::check_next() {
    const uint64_t until = check_->offset() + kCheckBytes;
    layout::Chunk chunk;
    while (check_->offset() < until) {
        auto more = check_->next(chunk);
        if (!more) return more.take_failure();
        if (!*more) return true;
    }
    return false;
}

Result<SnapshotInfo> SnapshotWriter::publish() {
    const std::string name = format::file_name(format::kSnapshotPrefix, info_.name_position);
    SYNAP_TRY(disk_.rename(layout::kTemporaryName, name));
    SYNAP_TRY(disk_.sync_names());
    return info_;
}

void SnapshotWriter::abandon() noexcept {
    file_.reset();
    check_.reset();
    try {
        disk_.remove(layout::kTemporaryName).ignore();
    } catch (const std::bad_alloc&) {
        // The next one removes it, or the next start.
    }
}

}  // namespace synap
