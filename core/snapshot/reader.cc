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
    SYNAP_TRY(check_level(level, name_));
    if (!(id == history)) return damaged("it belongs to another history");
    if (slot_bits < limits::kSlotBitsMin || slot_bits > limits::kSlotBitsMax) {
        return damaged("the slot count is out of range");
    }
    header_.slot_bits = info_.slot_bits = slot_bits;
    slots_seen_.resize(size_t{1} << slot_bits);
    lowest_ = highest_ = header_.databases_at;
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        header_.databases[i] = static_cast<uint8_t>(databases[i]);
        if (header_.databases[i] >= limits::kDatabases) return damaged("a database is unknown");
    }
    return {};
}

Status Reader::read_chunk_header(Chunk& chunk, uint32_t& size, uint32_t& crc, uint32_t& sum) {
    auto bytes = take(kChunkHeaderBytes);
    if (!bytes) return bytes.take_error();
    sum = crc32c(bytes->substr(0, kChunkHeaderBytes - 4));
    ByteReader in(*bytes);
    uint32_t number = 0;
    const bool whole = in.take(chunk.slot) && in.take(number) && in.take(size) &&
                       in.take(chunk.flags) && in.take(chunk.position) && in.take(crc);
    if (!whole || size > limits::kSnapshotChunkBytes || (chunk.flags & ~kKnownFlags) != 0) {
        return damaged("this is not a chunk");
    }
    return check_order(chunk, number);
}

Status Reader::check_order(const Chunk& chunk, uint32_t number) {
    if (chunk.slot >= slots_seen_.size()) return damaged("a slot is out of range");
    const bool first = (chunk.flags & kFlagFirst) != 0;
    const bool continues = goes_on_ && chunk.slot == slot_ && chunk.position == position_;
    if (number != chunks_ || first == goes_on_ || (goes_on_ && !continues)) {
        return damaged("a chunk is missing or out of order");
    }
    if (first && slots_seen_[chunk.slot]) return damaged("a slot is there twice");
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
    uint32_t size = 0;
    uint32_t crc = 0;
    uint32_t sum = 0;
    SYNAP_TRY(read_chunk_header(chunk, size, crc, sum));
    auto effects = take(size);
    if (!effects) return effects.take_error();
    if (crc32c(*effects, sum) != crc) return damaged("the checksum does not match");
    chunk.effects = *effects;
    const bool last = (chunk.flags & kFlagLast) != 0;
    if (last && (chunk.flags & kFlagGoesOn) != 0) return damaged("an effect has no end");
    ++chunks_;
    goes_on_ = !last;
    slot_ = chunk.slot;
    position_ = chunk.position;
    slots_seen_[chunk.slot] = true;
    slots_whole_ += last ? 1 : 0;
    lowest_ = std::min(lowest_, chunk.position);
    highest_ = std::max(highest_, chunk.position);
    return true;
}

Status Reader::read_footer(std::string_view bytes) {
    ByteReader in(bytes);
    uint32_t slot = 0;
    uint32_t chunks = 0;
    uint32_t crc = 0;
    const bool whole = in.take(slot) && in.take(chunks) && in.take(info_.from) &&
                       in.take(info_.complete_at) && in.take(info_.keys) &&
                       in.take(info_.commit_ms) && in.take(crc);
    if (!whole || crc != crc32c(bytes.substr(0, kFooterBytes - 4))) {
        return damaged("the footer is damaged");
    }
    if (goes_on_ || chunks != chunks_ || slots_whole_ != slots_seen_.size() || offset_ != size_) {
        return damaged("the snapshot is incomplete");
    }
    if (info_.from != lowest_ || info_.complete_at != highest_) {
        return damaged("the footer does not say what the slots do");
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
    auto positions = list_positions(disk, format::kSnapshotPrefix);
    if (positions) std::reverse(positions->begin(), positions->end());
    return positions;
}

Result<SnapshotInfo> verify_snapshot(Disk& disk, uint64_t position, const HistoryId& history) {
    auto info =
        layout::verify_file(disk, format::file_name(format::kSnapshotPrefix, position), history);
    if (!info) return info;
    if (info->complete_at != position) {
        return Error{Code::kCorrupt,
                     disk.describe(format::file_name(format::kSnapshotPrefix, position)) +
                         " has the name of another position; the footer says " +
                         std::to_string(info->complete_at)};
    }
    info->name_position = position;
    return info;
}

namespace {

// Puts what chunks hold into a keyspace. Their checksums are right; what they mean is checked here.
class Loader {
public:
    Loader(Keyspace& keyspace, unsigned slot_bits) : keyspace_(keyspace), slot_bits_(slot_bits) {}

    Status load(const layout::Chunk& chunk) {
        if ((chunk.flags & layout::kFlagGoesOn) != 0 || !parts_.empty()) {
            if (parts_.size() + chunk.effects.size() > layout::kEffectBytesMost) {
                return wrong("an effect is larger than any can be");
            }
            parts_.append(chunk.effects);
            if ((chunk.flags & layout::kFlagGoesOn) != 0) return {};
        }
        std::string_view effects = parts_.empty() ? chunk.effects : std::string_view(parts_);
        while (!effects.empty()) {
            auto effect = decode_effect(effects);
            if (!effect) return effect.take_error();
            SYNAP_TRY(apply(*effect, chunk.slot));
        }
        std::string().swap(parts_);
        if ((chunk.flags & layout::kFlagLast) != 0) key_.clear();
        return {};
    }

    uint64_t keys() const noexcept { return keys_; }

private:
    static Error wrong(const char* why) { return {Code::kCorrupt, why}; }

    Status apply(Effect& effect, uint32_t slot) {
        if (!has_body(effect.kind)) return wrong("a snapshot holds values only");
        const KeyRef key = keyspace_.key(effect.name_space, effect.key);
        if (key.hash >> (64 - slot_bits_) != slot) return wrong("a key is not in its slot");
        const Node* node = keyspace_.find(key);
        if (effect.kind == EffectKind::kValue) {
            if (node != nullptr) return wrong("a key is there twice");
            ++keys_;
            key_ = effect.key;
            name_space_ = effect.name_space;
        } else if (node == nullptr || node->type() != effect.type ||
                   name_space_ != effect.name_space || key_ != effect.key) {
            return wrong("a part of a value that was not begun");
        }
        effect.hash = key.hash;
        // Spread over the heap's shards, as threads will spread what they write.
        keyspace_.apply(effect, keyspace_.slot_index(effect.hash) % limits::kStripes);
        if (effect.kind == EffectKind::kValue) {
            grown_ = effect.body.grown;
        } else if (effect.type == ValueType::kString) {
            keyspace_.find(key)->set_grown(grown_);  // a string in parts was not edited by anybody
        }
        return {};
    }

    Keyspace& keyspace_;
    const unsigned slot_bits_;
    std::string parts_;  // of an effect that is larger than a chunk
    std::string key_;    // the value that was begun last
    uint8_t name_space_ = 0;
    bool grown_ = false;
    uint64_t keys_ = 0;
};

}  // namespace

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
    Loader loader(keyspace, positions.slot_bits);
    layout::Chunk chunk;
    uint64_t before = 0;
    for (;;) {
        auto more = reader->next(chunk);
        if (!more) return more.take_error();
        progress.fetch_add(reader->offset() - before, std::memory_order_relaxed);
        before = reader->offset();
        if (!*more) break;
        positions.slots[chunk.slot] = chunk.position;
        if (Status loaded = loader.load(chunk); !loaded) {
            return Error{loaded.error().code, disk.describe(name) + ": before offset " +
                                                  std::to_string(before) + ": " +
                                                  loaded.error().message};
        }
    }
    SnapshotInfo info = reader->info();
    if (loader.keys() != info.keys) {
        return Error{Code::kCorrupt, disk.describe(name) + ": the footer counts " +
                                         std::to_string(info.keys) + " keys, but there are " +
                                         std::to_string(loader.keys()) + ": offset " +
                                         std::to_string(before)};
    }
    info.name_position = position;
    return info;
}

}  // namespace synap
