// Damage at rest: what a directory may answer when bytes that had been synced are no longer what
// they were.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/platform/sim_disk.h"
#include "tests/crash/simulation.h"

namespace synap::crash {

// All files of a disk, synced, on a disk of their own.
std::shared_ptr<SimDisk> copy_at_rest(SimDisk& from);

// Damages a copy of the directory that the simulation left once, opens it, and judges: recovered
// exactly, refused with file and offset, or cut where nothing proved that there had been more.
// What is wrong, or nothing.
struct RotTally {
    uint64_t exact = 0;
    uint64_t refused = 0;
    uint64_t cut = 0;
};
// `closed`: the directory was closed cleanly, so that nothing may be cut.
std::optional<std::string> rot_once(Simulation& simulation, bool closed, SmallRandom& random,
                                    RotTally& tally);

}  // namespace synap::crash
