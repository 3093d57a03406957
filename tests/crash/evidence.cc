#include "tests/crash/evidence.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/log/format.h"
#include "core/log/node_file.h"
#include "core/log/record.h"
#include "core/log/segment.h"

namespace synap::crash {
namespace {

// `next`: where the next segment begins.
void collect_segment(std::string_view bytes, uint64_t start, uint64_t next, uint32_t frame_seed,
                     Evidence& evidence) {
    auto header = decode_segment_header(bytes.substr(0, format::kSegmentHeaderBytes), "");
    if (!header) return;
    evidence.segments.push_back({start, start, header->synced});
    size_t at = format::kSegmentHeaderBytes;
    while (at + format::kFrameHeaderBytes <= bytes.size()) {
        const FrameHeader frame = decode_frame_header(bytes.data() + at);
        const size_t size = format::kFrameHeaderBytes + frame.length;
        if (frame.kind == format::kKindEmpty || at + size > bytes.size()) return;
        const std::string_view payload = bytes.substr(at + format::kFrameHeaderBytes, frame.length);
        // The last one may be half of what was being written.
        if (frame_crc(bytes.data() + at, crc32c(payload, frame_seed)) != frame.crc) return;
        evidence.frames.push_back({frame.position, frame.position + size, frame.synced, frame.epoch,
                                   frame.position >= next});
        at += size;
    }
}

}  // namespace

Evidence collect_evidence(SimDisk& disk) {
    Evidence evidence;
    uint32_t frame_seed = 0;
    const std::string manifest_name(format::kManifestName);
    if (auto manifest = Manifest::decode(disk.contents(manifest_name), manifest_name)) {
        if (!manifest->epochs.empty()) evidence.named = manifest->epochs.back().start;
        frame_seed = manifest->log_history().frame_seed;
    }
    const std::vector<std::string> names = disk.names();
    const auto next_segment = [&names](uint64_t behind) {
        uint64_t next = UINT64_MAX;
        for (const std::string& name : names) {
            uint64_t start = 0;
            if (!format::parse_file_name(name, format::kSegmentPrefix, start)) continue;
            if (start > behind) next = std::min(next, start);
        }
        return next;
    };
    for (const std::string& name : names) {
        uint64_t position = 0;
        if (name == format::kNodeName) {
            if (auto node = decode_node_file(disk.contents(name), name)) {
                evidence.named = std::max(evidence.named, node->durable);
            }
        }
        if (format::parse_file_name(name, format::kSnapshotPrefix, position)) {
            evidence.named = std::max(evidence.named, position);
        } else if (format::parse_file_name(name, format::kSegmentPrefix, position)) {
            collect_segment(disk.contents(name), position, next_segment(position), frame_seed,
                            evidence);
        }
    }
    return evidence;
}

uint64_t Evidence::proven_without(uint64_t begin, uint64_t end) const {
    uint64_t proven = named;
    for (const Claim& segment : segments) {
        if (segment.begin >= end) proven = std::max(proven, segment.synced);
    }
    for (const Claim& frame : frames) {
        if (frame.begin >= end || frame.end <= begin) proven = std::max(proven, frame.synced);
    }
    return proven;
}

std::string Evidence::stray_epoch(const Manifest& manifest) const {
    for (const Claim& frame : frames) {
        if (frame.is_older_copy) continue;
        const auto next =
            std::find_if(manifest.epochs.begin(), manifest.epochs.end(),
                         [&](const Epoch& epoch) { return epoch.start > frame.begin; });
        // Of several epochs that begin at one position only the last wrote anything.
        const uint32_t wanted = next == manifest.epochs.begin() ? 0 : std::prev(next)->number;
        if (frame.epoch == wanted) continue;
        return "the record at position " + std::to_string(frame.begin) + " is of epoch " +
               std::to_string(frame.epoch) + ", MANIFEST says " + std::to_string(wanted);
    }
    return {};
}

}  // namespace synap::crash
