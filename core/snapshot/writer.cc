#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/exhaustion.h"
#include "core/base/varint.h"
#include "core/keyspace/value_effect.h"
#include "core/log/format.h"
#include "core/log/manifest.h"
#include "core/snapshot/layout.h"
#include "core/snapshot/snapshot.h"
#include "core/types/registry.h"

namespace synap {
namespace {

constexpr size_t kWriteBytes = 256 * 1024;
constexpr uint64_t kCheckBytes = 256 * 1024;
constexpr size_t kCopiedAtOnce = 4ull << 20;

}  // namespace

SnapshotWriter::SnapshotWriter(Keyspace& keyspace, Log& log, Disk& disk, const LogHistory& history,
                               const std::atomic<uint64_t>* in_memory)
    : keyspace_(keyspace),
      log_(log),
      disk_(disk),
      history_(history),
      in_memory_(in_memory),
      databases_at_(this->in_memory()),
      captured_(keyspace.slot_count()) {
    for (unsigned i = 0; i < limits::kDatabases; ++i) databases_[i] = keyspace.name_space_of(i);
    info_.from = databases_at_;  // a swap behind it must be replayed
    info_.complete_at = databases_at_;
    info_.slot_bits = keyspace.slot_bits();
}

SnapshotWriter::~SnapshotWriter() = default;

uint64_t SnapshotWriter::in_memory() const noexcept {
    const uint64_t appended = log_.appended();
    return in_memory_ == nullptr ? appended : std::min(appended, in_memory_->load());
}

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
    synap::put(header, history_.level);
    synap::put(header, static_cast<uint32_t>(info_.slot_bits));
    synap::put(header, history_.id.high);
    synap::put(header, history_.id.low);
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

// Returns the bytes that were copied.
size_t SnapshotWriter::capture_node(const Node& node, Captured& captured) {
    Effect effect = value_effect(node);
    const bool is_one = ops_of(node.type()).body(node.value(), effect.body);
    if (!is_one || effect.body.bytes.size() > limits::kSnapshotStringBytes) {
        Large large{
            std::string(node.key()), node.name_space(), node.deadline(), node.grown(), {}, {}};
        if (is_one) {
            effect.body.blob->retain();
            large.string = BlobRef(effect.body.blob);
        } else {
            large.hash = node.value().tree()->share();
        }
        captured.large.push_back(std::move(large));
        return node.key().size();
    }
    const size_t size = node.key().size() + effect.body.bytes.size();
    auto& chunks = captured.chunks;
    if (chunks.empty() || (!chunks.back().empty() &&
                           chunks.back().total_bytes() + size > limits::kSnapshotChunkBytes)) {
        chunks.emplace_back();
    }
    const size_t before = chunks.back().bytes().size();
    chunks.back().add(effect);
    return chunks.back().bytes().size() - before;
}

void SnapshotWriter::capture(uint32_t slot_index) {
    Slot& slot = keyspace_.slot(slot_index);
    const uint64_t position = std::max(in_memory(), keyspace_.last_position(slot_index));
    Captured captured{slot_index, position, slot.count, {}, {}};
    size_t copied = 0;
    if (slot.count != 0) {
        // The misses of all nodes overlap, so that the lock is held for about one of them.
        for (uint32_t i = 0; i < slot.table.capacity(); ++i) {
            const auto* node = reinterpret_cast<const char*>(cell_node(slot.table.cell(i)));
            __builtin_prefetch(node);
            __builtin_prefetch(node + 64);
        }
        for (uint32_t i = 0; i < slot.table.capacity(); ++i) {
            const Cell cell = slot.table.cell(i);
            if (cell != 0) copied += capture_node(*cell_node(cell), captured);
        }
    }
    const std::lock_guard<std::mutex> guard(queue_);
    queued_.push_back(std::move(captured));
    queued_bytes_.fetch_add(copied, std::memory_order_relaxed);
    captured_[slot_index] = 1;
}

// The chunk before it is written: it is not the last one of its slot.
Status SnapshotWriter::hold(EffectBuffer& chunk, const Captured& captured) {
    if (!held_.empty()) SYNAP_TRY(write_held(captured, false));
    std::swap(held_, chunk);
    return {};
}

// As one chunk, or as several where it is one effect that is larger.
Status SnapshotWriter::write_held(const Captured& captured, bool last) {
    EffectPieces pieces(held_);
    uint64_t left = held_.total_bytes();
    std::string header;
    do {
        const size_t size = std::min<uint64_t>(left, limits::kSnapshotChunkBytes);
        left -= size;
        uint8_t flags = slot_begun_ ? 0 : layout::kFlagFirst;
        if (left != 0) flags |= layout::kFlagGoesOn;
        if (last && left == 0) flags |= layout::kFlagLast;
        slot_begun_ = true;
        header.clear();
        synap::put(header, captured.slot);
        synap::put(header, chunks_++);
        synap::put(header, static_cast<uint32_t>(size));
        synap::put(header, flags);
        synap::put(header, captured.position);
        uint32_t crc = crc32c(header);
        EffectPieces covered = pieces;
        covered.take(size, [&](std::string_view part, Blob*) { crc = crc32c(part, crc); });
        synap::put(header, crc);
        SYNAP_TRY(put(header));
        Status status;
        pieces.take(size, [&](std::string_view part, Blob*) {
            if (status) status = put(part);
        });
        if (!status) return status;
    } while (left != 0);
    held_.clear();
    return {};
}

// A value of several parts: the first begins it, the others are edits. With the last part first a
// string has its size at once.
Status SnapshotWriter::write_string(const Large& large, const Captured& captured) {
    constexpr size_t kPart = limits::kEffectBodyBytes;
    const std::string_view bytes = large.string.get()->bytes();
    const size_t parts = (bytes.size() + kPart - 1) / kPart;
    Effect effect;
    effect.name_space = large.name_space;
    effect.key = large.key;
    effect.expires_at = large.deadline;
    effect.body.grown = large.grown;
    for (size_t i = 0; i < parts; ++i) {
        const size_t part = i == 0 ? 0 : i == 1 ? parts - 1 : i - 1;
        effect.body.bytes = bytes.substr(part * kPart, kPart);
        effect.body.argument = part * kPart;
        EffectBuffer chunk;
        chunk.add(effect);
        SYNAP_TRY(hold(chunk, captured));
        effect.kind = EffectKind::kEdit;
        effect.expires_at = 0;
    }
    return {};
}

Status SnapshotWriter::write_large(const Large& large, const Captured& captured) {
    if (large.string.get() != nullptr) return write_string(large, captured);
    Effect effect;
    effect.type = ValueType::kHash;
    effect.name_space = large.name_space;
    effect.key = large.key;
    effect.expires_at = large.deadline;
    Status status;
    write_bodies(large.hash, large.grown, scratch_, [&](const Body& body) {
        effect.body = body;
        EffectBuffer chunk;
        chunk.add(effect);
        effect.kind = EffectKind::kEdit;
        effect.expires_at = 0;
        status = hold(chunk, captured);
        return static_cast<bool>(status);
    });
    return status;
}

Status SnapshotWriter::write_slot(Captured& captured) {
    info_.from = std::min(info_.from, captured.position);
    info_.complete_at = std::max(info_.complete_at, captured.position);
    info_.keys += captured.keys;
    slot_begun_ = false;
    for (EffectBuffer& chunk : captured.chunks) SYNAP_TRY(hold(chunk, captured));
    for (Large& large : captured.large) {
        SYNAP_TRY(write_large(large, captured));
        large = {};  // no longer than it takes: what is shared costs its writers copies
    }
    return write_held(captured, true);
}

Status SnapshotWriter::write_captured() {
    std::vector<Captured> slots;
    {
        const std::lock_guard<std::mutex> guard(queue_);
        slots.swap(queued_);
        queued_bytes_ = 0;
    }
    for (Captured& captured : slots) SYNAP_TRY(write_slot(captured));
    return {};
}

bool SnapshotWriter::capture_next(size_t slots, size_t keys) {
    size_t seen = 0;
    for (; slots > 0 && seen < keys && queued_bytes_.load() < kCopiedAtOnce &&
           next_slot_ < keyspace_.slot_count();
         --slots, ++next_slot_) {
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
    synap::put(footer, chunks_);
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
    auto reader = layout::Reader::open(disk_, layout::kTemporaryName, history_.id);
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
    // Or the next one removes it, or the next start.
    attempt([this] { disk_.remove(layout::kTemporaryName).ignore(); });
}

}  // namespace synap
