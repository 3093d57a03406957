#include "core/platform/sim_image.h"

#include "core/base/assert.h"

namespace synap {
namespace {

constexpr uint64_t kWeights = 16;

std::string random_bytes(size_t size, SmallRandom& random) {
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random.next());
    return bytes;
}

// The parts of a range that lie in different sectors.
std::vector<ByteRange> split_by_sector(ByteRange range, size_t sector_bytes) {
    std::vector<ByteRange> parts;
    for (uint64_t begin = range.begin; begin < range.end;) {
        const uint64_t end = std::min(range.end, (begin / sector_bytes + 1) * sector_bytes);
        parts.push_back({begin, end});
        begin = end;
    }
    return parts;
}

}  // namespace

Severity Severity::draw(SmallRandom& random) noexcept {
    switch (random.below(6)) {
        case 0:
            return {kWeights, 0, 0};
        case 1:
            return {0, kWeights, 0};
        case 2:
            return {0, 0, kWeights};
        case 3:
            return {0, 0, 0};
        default:
            break;
    }
    Severity severity{random.below(kWeights + 1), 0, 0};
    severity.dropped = random.below(kWeights - severity.kept + 1);
    severity.torn = random.below(kWeights - severity.kept - severity.dropped + 1);
    return severity;
}

Fate Severity::draw_fate(SmallRandom& random) const noexcept {
    const uint64_t drawn = random.below(kWeights);
    if (drawn < kept) return Fate::kKept;
    if (drawn < kept + dropped) return Fate::kDropped;
    if (drawn < kept + dropped + torn) return Fate::kTorn;
    return Fate::kGarbled;
}

void SimImage::apply(const Change& change, std::string& image) {
    if (change.truncates) {
        image.resize(change.offset, '\0');
        return;
    }
    const uint64_t end = change.offset + change.bytes.size();
    if (image.size() < end) image.resize(end, '\0');
    image.replace(change.offset, change.bytes.size(), change.bytes);
}

void SimImage::write(uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    unsynced_.push_back({false, offset, std::string(bytes)});
    apply(unsynced_.back(), seen_);
}

void SimImage::truncate(uint64_t size) {
    unsynced_.push_back({true, size, {}});
    apply(unsynced_.back(), seen_);
    reserved_ = 0;
}

void SimImage::reserve(uint64_t end) noexcept { reserved_ = std::max(reserved_, end); }

void SimImage::sync() {
    for (const Change& change : unsynced_) apply(change, durable_);
    unsynced_.clear();
}

void SimImage::fail_sync(const Severity& severity, size_t sector_bytes, SmallRandom& random) {
    settle(severity, sector_bytes, random);
    sync_failed_ = true;
}

void SimImage::crash(const Severity& severity, size_t sector_bytes, SmallRandom& random) {
    settle(severity, sector_bytes, random);
    seen_ = durable_;
    reserved_ = 0;
    sync_failed_ = false;
}

void SimImage::settle(const Severity& severity, size_t sector_bytes, SmallRandom& random) {
    for (const Change& change : unsynced_) {
        const Fate fate = severity.draw_fate(random);
        if (fate == Fate::kKept) {
            apply(change, durable_);
            continue;
        }
        if (change.truncates) continue;
        // Lengths travel with the metadata: they may arrive without the bytes.
        const uint64_t end = change.offset + change.bytes.size();
        if (durable_.size() < end && random.below(3) == 0) durable_.resize(end, '\0');
        if (fate != Fate::kDropped) damage(change, fate, sector_bytes, random);
    }
    unsynced_.clear();
}

void SimImage::damage(const Change& write, Fate fate, size_t sector_bytes, SmallRandom& random) {
    const std::vector<ByteRange> parts =
        split_by_sector({write.offset, write.offset + write.bytes.size()}, sector_bytes);
    const bool is_prefix = random.below(2) == 0;
    const uint64_t prefix_parts = random.below(parts.size() + 1);
    const uint64_t surely_garbled = random.below(parts.size());
    for (size_t i = 0; i < parts.size(); ++i) {
        const size_t size = parts[i].end - parts[i].begin;
        if (fate == Fate::kTorn && !(is_prefix ? i < prefix_parts : random.below(2) == 0)) {
            continue;
        }
        const bool is_garbled =
            fate == Fate::kGarbled && (i == surely_garbled || random.below(4) == 0);
        apply({false, parts[i].begin,
               is_garbled ? random_bytes(size, random)
                          : write.bytes.substr(parts[i].begin - write.offset, size)},
              durable_);
    }
}

std::vector<ByteRange> SimImage::unsynced() const {
    std::vector<ByteRange> ranges;
    for (const Change& change : unsynced_) {
        const uint64_t end = change.truncates ? UINT64_MAX : change.offset + change.bytes.size();
        ranges.push_back({change.offset, end});
    }
    if (sync_failed_) {
        std::string image = durable_;
        for (const Change& change : unsynced_) apply(change, image);
        const auto [at, there] =
            std::mismatch(image.begin(), image.end(), seen_.begin(), seen_.end());
        if (at != image.end() || there != seen_.end()) {
            ranges.push_back({static_cast<uint64_t>(at - image.begin()), UINT64_MAX});
        }
    }
    return ranges;
}

void SimImage::rot(uint64_t offset, std::string_view bytes) {
    SYNAP_ASSERT(offset + bytes.size() <= seen_.size());
    apply({false, offset, std::string(bytes)}, seen_);
    apply({false, offset, std::string(bytes)}, durable_);
}

void SimImage::rot_length(uint64_t size) {
    apply({true, size, {}}, seen_);
    apply({true, size, {}}, durable_);
}

}  // namespace synap
