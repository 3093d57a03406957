// From a data directory to a keyspace, as a value: the newest sound snapshot, and the log behind
// it. Recovery opens a store with it; whoever replaces the keyspace of an open store loads what
// comes next with it (a directory that was received, or the same one as of an earlier position).
//
// 1. The newest snapshot that is sound is loaded. One that is ahead of the log proves that the log
//    lost durable records, and loading is refused.
// 2. The log is replayed from the snapshot's first position, record by record (apply_record.h);
//    each effect skips what its slot already contains.
// 3. The log ends at the first bad record, unless something behind it proves that more had been
//    durable: then loading is refused, with file, offset and remedy.
//
// It only reads, and leaves the directory as it is. Blocking: disk, for O(everything). Thread
// safety: one thread; nobody else may write to the directory.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/engine/log_lines.h"
#include "core/keyspace/keyspace.h"
#include "core/log/manifest.h"
#include "core/log/node_file.h"
#include "core/log/reader.h"
#include "core/platform/disk.h"
#include "core/snapshot/snapshot.h"

namespace synap {

// Bytes, for whoever shows how far loading has come. From any thread.
struct LoadProgress {
    std::atomic<uint64_t> loaded{0};
    std::atomic<uint64_t> total{0};
};

struct DirectoryToLoad {
    Disk& disk;
    const Manifest& manifest;
    const NodeFile& node;
    std::shared_ptr<Heap> heap;   // of the engine that will have the keyspace
    uint64_t slots = 0;           // 0: by the number of keys
    uint32_t seconds = 0;         // keys that are loaded count as used then; see Keyspace
    uint64_t until = UINT64_MAX;  // records that end behind it are left out
    LogLines* lines = nullptr;    // told of what people should know
    LoadProgress* progress = nullptr;
};

struct LoadedDirectory {
    std::shared_ptr<Keyspace> keyspace;
    SnapshotPositions positions;  // what the snapshot that it began with contained
    uint64_t end = 0;             // behind the last record that is applied
    SnapshotInfo snapshot;        // that snapshot; zero where there was none
    uint64_t records = 0;         // that were read behind it
    uint64_t last_commit_ms = 0;
    // Behind its last record, for who goes on writing there. Null where records were left out.
    std::unique_ptr<LogReader> log;
};

// Of a keyspace for so many keys; `wanted` slots where that is not 0.
unsigned slot_bits_for(uint64_t wanted, uint64_t keys) noexcept;

// Throws std::bad_alloc.
Result<LoadedDirectory> load_directory(const DirectoryToLoad& from);

}  // namespace synap
