// The records of a log, applied to the keyspace that a snapshot, or nothing, has filled.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/engine/load_directory.h"

namespace synap {

struct Replayed {
    uint64_t records = 0;
    uint64_t end = 0;  // behind the last of them
    uint64_t last_commit_ms = 0;
    bool left_some_out = false;  // that end behind from.until
};

// Reads `log` to its end, or to from.until. Nobody else is inside the keyspace. Throws
// std::bad_alloc.
Result<Replayed> replay_log(LogReader& log, const DirectoryToLoad& from, Keyspace& keyspace,
                            const SnapshotPositions& held);

}  // namespace synap
