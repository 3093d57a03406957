// Snapshots: the keyspace at a range of positions, slot by slot, without stopping it.
//
// Each slot is captured under its own lock, together with the position through which every record
// that touches it has been applied; replay later skips, per effect, what its slot already contains.
// `from` is the lowest such position: where replay starts. `complete_at` is the highest: a snapshot
// means nothing before the log is durable through it, and only then does the file get its name.
//
// Where records are applied before they leave the slot's lock, that position is log.appended(): a
// record which ends there or before and touches the slot held its lock from before it was appended
// until it was applied. Where another's records are stored before they are applied (`in_memory` of
// a SnapshotWriter), it is the end of the last record that was applied, or that of the slot's own
// last one where that is further.
//
// Under the lock small values are copied and large ones shared; they are encoded without it, a
// chunk at a time.
//
// File: header, chunks, footer.
//   header  magic[8] level:u32 slot_bits:u32 history[16] databases[16] databases_at:u64 crc:u32
//   chunk   slot:u32 number:u32 bytes:u32 flags:u8 position:u64 crc:u32, then effects that begin
//           values or go on with them (log/record.h); crc covers the chunk header before it and
//           the effects. `number` counts the chunks of the file. Those of a slot stand together,
//           at least one for each slot; the slots come in any order.
//   footer  slot:u32 = 0xffffffff, chunks:u32 from:u64 complete_at:u64 keys:u64 commit_ms:u64
//           crc:u32
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/keyspace/keyspace.h"
#include "core/log/log.h"
#include "core/log/segment.h"
#include "core/platform/disk.h"

namespace synap {

namespace layout {
class Reader;
}

struct SnapshotInfo {
    uint64_t name_position = 0;  // in its file name: complete_at
    uint64_t from = 0;
    uint64_t complete_at = 0;
    uint64_t keys = 0;
    uint64_t commit_ms = 0;  // Unix milliseconds when it was taken
    uint64_t bytes = 0;
    unsigned slot_bits = 0;
};

class SnapshotWriter {
public:
    // Takes the databases' names and the starting position; the caller holds the gate alone.
    // `in_memory`: how far what the log holds is, too; null: all of it.
    SnapshotWriter(Keyspace& keyspace, Log& log, Disk& disk, const LogHistory& history,
                   const std::atomic<uint64_t>* in_memory = nullptr);
    ~SnapshotWriter();

    // Creates the temporary file. Blocking: disk.
    Status begin();
    // Captures more slots, until it was so many, or they held so many keys, or some MiB were
    // copied. True once all are. Call inside the gate.
    bool capture_next(size_t slots, size_t keys);
    // Writes what was captured. Blocking: disk. Call outside the gate.
    Status write_captured();
    // Once all are captured: ends the file, and makes it and the log up to there durable. Blocking:
    // disk. `now_ms` is kept as the time of day when it was taken.
    Status seal(int64_t now_ms);
    bool sealed() const noexcept { return check_ != nullptr; }
    // Reads more of the sealed file back. True once all of it is as it should be. Blocking: disk.
    Result<bool> check_next();
    // Names the checked file. Blocking: disk.
    Result<SnapshotInfo> publish();
    // Removes what was written. Blocking: disk.
    void abandon() noexcept;

    // Under the lock of the slot. A move out of an uncaptured slot into a captured one would hide
    // the value from both captures: whoever moves captures all slots involved first. Throws
    // std::bad_alloc.
    void capture(uint32_t slot_index);
    // A capture was missed: seal() will fail.
    void spoil() noexcept { spoiled_ = true; }
    bool captured(uint32_t slot_index) const noexcept { return captured_[slot_index] != 0; }

private:
    // A value that is shared rather than copied: a string or a hash.
    struct Large {
        std::string key;
        uint8_t name_space;
        int64_t deadline;
        bool grown;
        BlobRef string;
        HashTreeRef hash;
    };
    struct Captured {
        uint32_t slot;
        uint64_t position;
        uint64_t keys;
        std::vector<EffectBuffer> chunks;  // of whole effects; one may be larger than a chunk
        std::vector<Large> large;
    };

    uint64_t in_memory() const noexcept;
    size_t capture_node(const Node& node, Captured& captured);
    Status write_slot(Captured& captured);
    Status write_large(const Large& large, const Captured& captured);
    Status write_string(const Large& large, const Captured& captured);
    Status hold(EffectBuffer& chunk, const Captured& captured);
    Status write_held(const Captured& captured, bool last);
    Status put(std::string_view bytes);
    Status flush();

    Keyspace& keyspace_;
    Log& log_;
    Disk& disk_;
    const LogHistory history_;
    const std::atomic<uint64_t>* const in_memory_;
    uint8_t databases_[limits::kDatabases];
    const uint64_t databases_at_;
    std::unique_ptr<File> file_;
    std::string buffer_;
    std::string scratch_;
    EffectBuffer held_;        // the next chunk, until it is known whether it is its slot's last
    bool slot_begun_ = false;  // a chunk of the slot is written
    uint32_t chunks_ = 0;
    uint64_t offset_ = 0;
    std::vector<uint8_t> captured_;  // each guarded by its slot's lock
    std::mutex queue_;
    std::vector<Captured> queued_;  // guarded by queue_
    std::atomic<size_t> queued_bytes_{0};
    std::atomic<bool> spoiled_{false};
    uint32_t next_slot_ = 0;
    SnapshotInfo info_;
    std::unique_ptr<layout::Reader> check_;  // of the sealed file
};

// Snapshots present, newest first, by name only.
Result<std::vector<uint64_t>> list_snapshots(Disk& disk);

// What replay needs to know about a loaded snapshot.
struct SnapshotPositions {
    unsigned slot_bits = 0;
    uint64_t databases_at = 0;
    std::vector<uint64_t> slots;

    // Whether the snapshot contains what a record that ends at `end` did to the key.
    bool contains(uint64_t hash, uint64_t end) const noexcept {
        return !slots.empty() && end <= slots[hash >> (64 - slot_bits)];
    }
};

// Checks the whole file, without a keyspace. kCorrupt names file and offset.
Result<SnapshotInfo> verify_snapshot(Disk& disk, uint64_t position, const HistoryId& history);

// Loads into an empty keyspace. `progress` counts bytes as they are read.
Result<SnapshotInfo> load_snapshot(Disk& disk, uint64_t position, const HistoryId& history,
                                   Keyspace& keyspace, SnapshotPositions& positions,
                                   std::atomic<uint64_t>& progress);

}  // namespace synap
