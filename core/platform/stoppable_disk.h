// A disk that stops reading on a wish: everything that reads at length (recovery, the check of a
// snapshot) then ends with kShutdown at its next read, of at most about a MiB, without having to
// look at the wish itself. Writing goes on: to close is to write.
#pragma once

#include <atomic>
#include <memory>

#include "core/platform/disk.h"

namespace synap {

// `wish` outlives the disk and its files.
std::shared_ptr<Disk> stoppable(std::shared_ptr<Disk> disk, const std::atomic<bool>& wish);

}  // namespace synap
