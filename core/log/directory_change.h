// Changes of a whole data directory: going back to an earlier position, and giving way to another
// history. Whenever the process or the machine dies, what is found is the directory as it was, or
// an intent in MANIFEST with which finish_change() makes it what it was to become.
//
// The log rests meanwhile: nobody else writes to the directory. Each may be called again after an
// error: it finishes what was begun, whichever change that was, and does then what it is asked for.
// Where neither `manifest` nor MANIFEST holds an intent after an error, nothing has changed; who
// calls again while the process lives hands over the same `manifest`. Blocking: disk.
// Thread safety: one thread.
#pragma once

#include <cstdint>

#include "core/base/result.h"
#include "core/log/manifest.h"
#include "core/log/node_file.h"
#include "core/platform/disk.h"

namespace synap {

// Back to `point`, the end of a record: what the log, which ends at `end`, holds behind it is saved
// first, as a file of its own (diverged.h). Then segments, snapshots and epochs behind it go.
// kNeedSnapshot, having changed nothing, where what is left could not be loaded: no snapshot is
// complete at or before the point, and the log does not reach back to the begin. kIo with a cause
// where there is no room to save: nothing has changed. Whether that snapshot is sound is not looked
// at: who wants to know loads it first.
Status cut_back(Disk& disk, Manifest& manifest, NodeFile& node, uint64_t point, uint64_t end);

// All that is here gives way to another history, as `next` says, with its epochs: to what is in the
// incoming files, a snapshot that is complete at `complete_at` and the log from its beginning
// through `end`, all of them durable; or, where `end` is 0, to nothing. `manifest` becomes `next`.
// kInvalidArgument, having changed nothing, where there are none. What is in them is not looked at:
// IncomingDisk shows it beforehand.
Status adopt(Disk& disk, Manifest& manifest, const Manifest& next, NodeFile& node, uint64_t end);

// Before a directory is read. Nothing where MANIFEST holds no intent.
Status finish_change(Disk& disk, Manifest& manifest, NodeFile& node);

// What a full sync that was not finished has left. kMisuse where MANIFEST holds an intent: that
// may need them.
Status remove_incoming(Disk& disk);

}  // namespace synap
