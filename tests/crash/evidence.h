// What the files of a directory say about its log, read without the engine's reader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/log/manifest.h"
#include "core/platform/sim_disk.h"

namespace synap::crash {

struct Claim {
    uint64_t begin;   // position of the frame; of a segment's header: its first position
    uint64_t end;     // behind the frame
    uint64_t synced;  // what it says was durable when it was written
    uint32_t epoch = 0;
    bool is_older_copy = false;  // behind the start of the next segment, where nobody reads
};

struct Evidence {
    std::vector<Claim> frames;    // whole ones, up to the first that is not, segment by segment
    std::vector<Claim> segments;  // headers
    uint64_t named = 0;           // by the names of snapshots, NODE, and the epochs in MANIFEST

    // The furthest position that is provably durable although [begin, end) can not be read.
    uint64_t proven_without(uint64_t begin, uint64_t end) const;
    // Every record belongs to an epoch that MANIFEST knows, and stands inside it. What is wrong,
    // or empty.
    std::string stray_epoch(const Manifest& manifest) const;
};

Evidence collect_evidence(SimDisk& disk);

}  // namespace synap::crash
