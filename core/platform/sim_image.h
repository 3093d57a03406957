// The bytes of one simulated file: what readers see, what is durable, and what a power cut makes
// of the difference. fault_model.md defines the fates.
//
// Thread safety: none; SimDisk locks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/platform/entropy.h"

namespace synap {

// Bytes of a file, end exclusive.
struct ByteRange {
    uint64_t begin;
    uint64_t end;
};

enum class Fate : uint8_t { kKept, kDropped, kTorn, kGarbled };

// How the unsynced changes of one power cut fare, in sixteenths; the rest is garbled. Drawn once
// for each cut, so that the extremes (all kept, all dropped) occur as well as every mixture.
struct Severity {
    uint64_t kept;
    uint64_t dropped;
    uint64_t torn;

    static Severity draw(SmallRandom& random) noexcept;
    Fate draw_fate(SmallRandom& random) const noexcept;
};

class SimImage {
public:
    explicit SimImage(uint64_t number = 0) noexcept : number_(number) {}
    uint64_t number() const noexcept { return number_; }
    const std::string& seen() const noexcept { return seen_; }

    void write(uint64_t offset, std::string_view bytes);
    void truncate(uint64_t size);
    void reserve(uint64_t end) noexcept;
    // Bytes from the start that are there, or have their place.
    uint64_t allocated() const noexcept { return std::max<uint64_t>(seen_.size(), reserved_); }
    void sync();
    // A sync that failed: the unsynced changes meet their fate, and readers do not notice.
    void fail_sync(const Severity& severity, size_t sector_bytes, SmallRandom& random);
    // The unsynced changes meet their fate; readers see what is left.
    void crash(const Severity& severity, size_t sector_bytes, SmallRandom& random);

    // What a power cut may change.
    std::vector<ByteRange> unsynced() const;

    // Damage at rest, for readers and in the durable bytes.
    void rot(uint64_t offset, std::string_view bytes);
    void rot_length(uint64_t size);

private:
    uint64_t number_;
    struct Change {
        bool truncates;
        uint64_t offset;    // of the write, or the new length
        std::string bytes;  // of the write
    };
    static void apply(const Change& change, std::string& image);
    void settle(const Severity& severity, size_t sector_bytes, SmallRandom& random);
    void damage(const Change& write, Fate fate, size_t sector_bytes, SmallRandom& random);

    std::string seen_;     // durable with all changes applied, unless a sync failed
    std::string durable_;  // what a power cut leaves for certain
    std::vector<Change> unsynced_;
    bool sync_failed_ = false;
    uint64_t reserved_ = 0;
};

}  // namespace synap
