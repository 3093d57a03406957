// MANIFEST: what a data directory is. Replaced as a whole, atomically and durably.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/log/record.h"
#include "core/log/segment.h"
#include "core/platform/disk.h"

namespace synap {

// A writable open or a promotion. Ids are compared, not numbers.
struct Epoch {
    uint32_t number = 0;
    uint64_t start = 0;  // position
    uint64_t id = 0;     // random
};

struct Manifest {
    uint32_t level = 0;
    HistoryId history;
    uint64_t secret = 0;        // of the hash of keys and the checksums of frames; not for clients
    std::vector<Epoch> epochs;  // ascending; the last one is current

    static Result<Manifest> decode(std::string_view bytes, const std::string& file);
    std::string encode() const;
    LogHistory log_history() const noexcept { return {history, frame_seed(secret), level}; }
};

// kEmpty when there is none.
Result<Manifest> read_manifest(Disk& disk);
// Durable when it returns; a crash leaves the old one or the new one.
Status write_manifest(Disk& disk, const Manifest& manifest);

// Writes `bytes` under a temporary name, syncs, renames to `name` and syncs the names. Leaves no
// temporary file behind when it fails.
Status write_file_durably(Disk& disk, std::string_view name, std::string_view bytes);
// A whole file; kIo when it is larger than `limit`.
Result<std::string> read_file(Disk& disk, std::string_view name, uint64_t limit);

}  // namespace synap
