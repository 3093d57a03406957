#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/snapshot/layout.h"
#include "core/snapshot/snapshot.h"

namespace synap {
namespace layout {

namespace {

constexpr size_t kReadAhead = 1ull << 20;

}  // namespace

Error Reader::damaged(std::string_view why) const {
    return {Code::kCorrupt,
            name_ + ": offset " + std::to_string(offset_) + ": " + std::string(why)};
}

Result<std::string_view> Reader::take(size_t size) {
    if (size > size_ - offset_) return damaged("the file is cut off");
    if (offset_ < buffer_at_ || offset_ + size > buffer_at_ + buffer_.size()) {
        buffer_.resize(
            static_cast<size_t>(std::min<uint64_t>(std::max(size, kReadAhead), size_ - offset_)));
        auto got = file_->read_at(offset_, buffer_.data(), buffer_.size());
        if (!got) return got.take_error();
        if (*got != buffer_.size()) return damaged("the file is cut off");
        buffer_at_ = offset_;
    }
    const std::string_view bytes =
        std::string_view(buffer_).substr(static_cast<size_t>(offset_ - buffer_at_), size);
    offset_ += size;
    return bytes;
}

Result<Reader> Reader::open(Disk& disk, std::string_view name, const HistoryId& history) {
    auto file = disk.open(name, OpenMode::kRead);
    if (!file) return file.take_error();
    auto size = (*file)->size();
    if (!size) return size.take_error();
    Reader reader(std::move(*file), disk.describe(name));
    reader.size_ = *size;
    SYNAP_TRY(reader.read_header(history));
    return reader;
}

Status Reader::read_header(const HistoryId& history) {
    auto bytes = take(kHeaderBytes);
    if (!bytes) return bytes.take_error();
    const std::string_view covered = bytes->substr(0, kHeaderBytes - 4);
    ByteReader in(*bytes);
    std::string_view magic;
    std::string_view databases;
    uint32_t level = 0;
    uint32_t slot_bits = 0;
    uint32_t crc = 0;
    HistoryId id;
    const bool whole = in.take_bytes(8, magic) && in.take(level) && in.take(slot_bits) &&
                       in.take(id.high) && in.take(id.low) &&
                       in.take_bytes(limits::kDatabases, databases) &&
                       in.take(header_.databases_at) && in.take(crc);
    if (!whole || magic != format::kSnapshotMagic || crc != crc32c(covered)) {
        return damaged("the header is damaged");
    }
    if (level > format::kLevel) {
        return Error{Code::kVersion, name_ + ": written by a newer version of Synap"};
    }
    if (!(id == history)) return damaged("it belongs to another history");
    if (slot_bits < limits::kSlotBitsMin || slot_bits > limits::kSlotBitsMax) {
        return damaged("the slot count is out of range");
    }
    header_.slot_bits = info_.slot_bits = slot_bits;
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        header_.databases[i] = static_cast<uint8_t>(databases[i]);
        if (header_.databases[i] >= limits::kDatabases) return damaged("a database is unknown");
    }
    return {};
}

Result<bool> Reader::next(Chunk& chunk) {
    auto head = take(sizeof(uint32_t));
    if (!head) return head.take_error();
    chunk.slot = load<uint32_t>(head->data());
    offset_ -= sizeof(uint32_t);
    if (chunk.slot == kFooterSlot) {
        auto footer = take(kFooterBytes);
        if (!footer) return footer.take_error();
        SYNAP_TRY(read_footer(*footer));
        return false;
    }
    if (chunk.slot >= uint32_t{1} << header_.slot_bits) return damaged("a slot is out of range");
    auto bytes = take(kChunkHeaderBytes);
    if (!bytes) return bytes.take_error();
    const auto size = load<uint32_t>(bytes->data() + 4);
    chunk.position = load<uint64_t>(bytes->data() + 8);
    const auto crc = load<uint32_t>(bytes->data() + 16);
    const uint32_t head_crc = crc32c(bytes->substr(0, 16));
    auto effects = take(size);
    if (!effects) return effects.take_error();
    if (crc32c(*effects, head_crc) != crc) return damaged("the checksum does not match");
    chunk.effects = *effects;
    ++slots_seen_;
    return true;
}

Status Reader::read_footer(std::string_view bytes) {
    ByteReader in(bytes);
    uint32_t slot = 0;
    uint32_t crc = 0;
    const bool whole = in.take(slot) && in.take(info_.from) && in.take(info_.complete_at) &&
                       in.take(info_.keys) && in.take(info_.commit_ms) && in.take(crc);
    if (!whole || crc != crc32c(bytes.substr(0, kFooterBytes - 4))) {
        return damaged("the footer is damaged");
    }
    if (slots_seen_ != uint64_t{1} << header_.slot_bits || offset_ != size_) {
        return damaged("the snapshot is incomplete");
    }
    info_.bytes = size_;
    return {};
}

Result<SnapshotInfo> verify_file(Disk& disk, std::string_view name, const HistoryId& history) {
    auto reader = Reader::open(disk, name, history);
    if (!reader) return reader.take_error();
    Chunk chunk;
    for (;;) {
        auto more = reader->next(chunk);
        if (!more) return more.take_error();
        if (!*more) return reader->info();
    }
}

}  // namespace layout

Result<std::vector<uint64_t>> list_snapshots(Disk& disk) {
    auto names = disk.list();
    if (!names) return names.take_error();
    std::vector<uint64_t> positions;
    for (const std::string& name : *names) {
        uint64_t position = 0;
        if (format::parse_file_name(name, format::kSnapshotPrefix, position)) {
            positions.push_back(position);
        }
    }
    std::sort(positions.rbegin(), positions.rend());
    return positions;
}

Result<SnapshotInfo> verify_snapshot(Disk& disk, uint64_t position, const HistoryId& history) {
    auto info =
        layout::verify_file(disk, format::file_name(format::kSnapshotPrefix, position), history);
    if (info) info->name_position = position;
    return info;
}

Result<SnapshotInfo> load_snapshot(Disk& disk, uint64_t position, const HistoryId& history,
                                   Keyspace& keyspace, SnapshotPositions& positions,
                                   std::atomic<uint64_t>& progress) {
    const std::string name = format::file_name(format::kSnapshotPrefix, position);
    auto reader = layout::Reader::open(disk, name, history);
    if (!reader) return reader.take_error();
    positions.slot_bits = reader->header().slot_bits;
    positions.databases_at = reader->header().databases_at;
    positions.slots.assign(size_t{1} << positions.slot_bits, 0);
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        keyspace.set_name_space_of(i, reader->header().databases[i]);
    }
    layout::Chunk chunk;
    uint64_t before = 0;
    for (;;) {
        auto more = reader->next(chunk);
        if (!more) return more.take_error();
        progress.fetch_add(reader->offset() - before, std::memory_order_relaxed);
        before = reader->offset();
        if (!*more) break;
        positions.slots[chunk.slot] = chunk.position;
        while (!chunk.effects.empty()) {
            auto effect = decode_effect(chunk.effects);
            if (!effect) {
                return Error{effect.error().code, disk.describe(name) + ": before offset " +
                                                      std::to_string(before) + ": " +
                                                      effect.error().message};
            }
            if (!has_body(effect->kind)) {
                return Error{Code::kCorrupt,
                             disk.describe(name) + ": a snapshot holds values only"};
            }
            effect->hash = keyspace.key(effect->name_space, effect->key).hash;
            // Spread over the heap's shards, as threads will spread what they write.
            keyspace.apply(*effect, keyspace.slot_index(effect->hash) % limits::kStripes);
        }
    }
    SnapshotInfo info = reader->info();
    info.name_position = position;
    return info;
}

}  // namespace synap
