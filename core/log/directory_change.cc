#include "core/log/directory_change.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/log/diverged.h"
#include "core/log/format.h"
#include "core/log/segment.h"

namespace synap {
namespace {

using Step = DirectoryChange::Step;

Status remove_from(Disk& disk, std::string_view prefix, uint64_t from) {
    auto positions = list_positions(disk, prefix);
    if (!positions) return positions.take_failure();
    for (const uint64_t position : *positions) {
        if (position < from) continue;
        SYNAP_TRY(disk.remove(format::file_name(prefix, position)));
    }
    return {};
}

Status has_incoming(Disk& disk) {
    auto names = disk.list();
    if (!names) return names.take_failure();
    if (std::any_of(names->begin(), names->end(), format::is_incoming)) return {};
    return Error{Code::kInvalidArgument, disk.describe("") + " holds nothing that was received"};
}

Status can_go_back(Disk& disk, uint64_t point) {
    if (point == 0) return {};  // to nothing
    auto snapshots = list_positions(disk, format::kSnapshotPrefix);
    if (!snapshots) return snapshots.take_failure();
    const bool has_snapshot =
        std::any_of(snapshots->begin(), snapshots->end(), [&](uint64_t at) { return at <= point; });
    auto segments = list_segments(disk);
    if (!segments) return segments.take_failure();
    if (has_snapshot || (!segments->empty() && segments->front() == 0)) return {};
    return Error{Code::kNeedSnapshot,
                 disk.describe("") + " cannot go back to position " + std::to_string(point) +
                     ": it has no snapshot from before, and its log does not reach back to the "
                     "begin"};
}

// The log ends at `point`.
Status cut_log(Disk& disk, uint64_t point) {
    SYNAP_TRY(remove_from(disk, format::kSegmentPrefix, point));
    auto segments = list_segments(disk);
    if (!segments) return segments.take_failure();
    if (segments->empty()) return {};
    const uint64_t last = segments->back();
    auto file = disk.open(format::file_name(format::kSegmentPrefix, last), OpenMode::kReadWrite);
    if (!file) return file.take_failure();
    SYNAP_TRY((*file)->truncate(format::kSegmentHeaderBytes + point - last));
    return (*file)->sync();
}

Status set_step(Disk& disk, Manifest& manifest, Step step, uint64_t position) {
    Manifest next = manifest;
    next.change = {step, position};
    SYNAP_TRY(write_manifest(disk, next));
    manifest = std::move(next);
    return {};
}

Status note_durable(Disk& disk, const Manifest& manifest, NodeFile& node, uint64_t position) {
    NodeFile next = node;
    next.history = manifest.history;
    next.durable = position;
    SYNAP_TRY(write_node_file(disk, next));
    node = std::move(next);
    return {};
}

Status finish_cutting(Disk& disk, Manifest& manifest, NodeFile& node) {
    const uint64_t point = manifest.change.position;
    // Before what they say is gone.
    const uint64_t durable = node.history == manifest.history ? node.durable : 0;
    SYNAP_TRY(note_durable(disk, manifest, node, std::min(durable, point)));
    SYNAP_TRY(remove_from(disk, format::kSnapshotPrefix, point + 1));
    SYNAP_TRY(cut_log(disk, point));
    SYNAP_TRY(disk.sync_names());
    Manifest next = manifest;
    // Those that began at the point hold nothing; whoever has them tells of them again.
    std::erase_if(next.epochs, [&](const Epoch& epoch) { return epoch.start >= point; });
    SYNAP_TRY(set_step(disk, next, Step::kNone, 0));
    manifest = std::move(next);
    return {};
}

Status finish_emptying(Disk& disk, Manifest& manifest, NodeFile& node) {
    SYNAP_TRY(note_durable(disk, manifest, node, 0));
    SYNAP_TRY(remove_from(disk, format::kSegmentPrefix, 0));
    SYNAP_TRY(remove_from(disk, format::kSnapshotPrefix, 0));
    SYNAP_TRY(disk.sync_names());
    return set_step(disk, manifest, Step::kMovesIn, manifest.change.position);
}

// Those that have their names already were moved before.
Status move_in(Disk& disk) {
    for (const auto& [from, to] : format::kIncomingNames) {
        auto positions = list_positions(disk, from);
        if (!positions) return positions.take_failure();
        for (const uint64_t position : *positions) {
            SYNAP_TRY(
                disk.rename(format::file_name(from, position), format::file_name(to, position)));
        }
    }
    return disk.sync_names();
}

Status finish_moving_in(Disk& disk, Manifest& manifest, NodeFile& node) {
    // What is there when nothing is to come is of a full sync under way.
    if (manifest.change.position != 0) SYNAP_TRY(move_in(disk));
    SYNAP_TRY(note_durable(disk, manifest, node, manifest.change.position));
    return set_step(disk, manifest, Step::kNone, 0);
}

}  // namespace

Status cut_back(Disk& disk, Manifest& manifest, NodeFile& node, uint64_t point, uint64_t end) {
    if (manifest.change.step != Step::kNone) {
        end = manifest.change.position;
        SYNAP_TRY(finish_change(disk, manifest, node));
    }
    if (point > end) {
        return Error{Code::kInvalidArgument, "the log ends at position " + std::to_string(end) +
                                                 ", and cannot go back to " +
                                                 std::to_string(point)};
    }
    SYNAP_TRY(can_go_back(disk, point));
    if (end > point) SYNAP_TRY(save_diverged(disk, manifest, node, point, end));
    SYNAP_TRY(set_step(disk, manifest, Step::kCutsBack, point));
    return finish_change(disk, manifest, node);
}

Status adopt(Disk& disk, Manifest& manifest, const Manifest& next, NodeFile& node, uint64_t end) {
    if (manifest.change.step != Step::kNone) {
        const bool is_this = manifest.change.step != Step::kCutsBack &&
                             manifest.history == next.history && manifest.change.position == end;
        SYNAP_TRY(finish_change(disk, manifest, node));
        if (is_this) return {};
    }
    if (end != 0) SYNAP_TRY(has_incoming(disk));
    Manifest intended = next;
    SYNAP_TRY(set_step(disk, intended, Step::kEmpties, end));
    manifest = std::move(intended);
    return finish_change(disk, manifest, node);
}

Status finish_change(Disk& disk, Manifest& manifest, NodeFile& node) {
    if (manifest.change.step == Step::kNone) return {};
    // A process that was killed may have left the name of what is read here unsynced: a power cut
    // must not bring back an earlier step when this one has begun.
    SYNAP_TRY(disk.sync_names());
    if (manifest.change.step == Step::kCutsBack) return finish_cutting(disk, manifest, node);
    if (manifest.change.step == Step::kEmpties) SYNAP_TRY(finish_emptying(disk, manifest, node));
    return finish_moving_in(disk, manifest, node);
}

Status remove_incoming(Disk& disk) {
    auto manifest = read_manifest(disk);
    if (!manifest && manifest.error().code != Code::kEmpty) return manifest.take_failure();
    if (manifest && manifest->change.step != Step::kNone) {
        return Error{Code::kMisuse, disk.describe("") +
                                        " is in the middle of a change that needs what was "
                                        "received: open the store again, which finishes that"};
    }
    auto names = disk.list();
    if (!names) return names.take_failure();
    for (const std::string& name : *names) {
        if (format::is_incoming(name)) SYNAP_TRY(disk.remove(name));
    }
    return {};
}

}  // namespace synap
