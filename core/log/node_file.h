// NODE: which node writes this directory, and how far it knows its own copy of the log to be
// durable. What a frame or a segment calls durable was so on the node that wrote it; see Marks.
//
// The file keeps the device and inode that it has: in a copy of the directory they differ, and the
// copy is a node of its own. Replaced as a whole, atomically and durably.
#pragma once

#include <cstdint>
#include <vector>

#include "core/log/manifest.h"

namespace synap {

struct NodeFile {
    uint64_t id = 0;               // random
    std::vector<uint64_t> former;  // of directories that this one is a copy of; the newest last
    HistoryId history;             // of which `durable` speaks
    uint64_t durable = 0;          // position through which the log is durable here
    FileIdentity place;            // of the file, as it says
    bool is_copy = false;          // as read: it is another file than it says

    static constexpr size_t kFormerMost = 64;
    // Another node, of which this one was a copy.
    void take_id(uint64_t new_id);
};

Result<NodeFile> decode_node_file(std::string_view bytes, const std::string& file);
// kEmpty when there is none; kCorrupt when it is damaged.
Result<NodeFile> read_node_file(Disk& disk);
// Durable when it returns; a crash leaves the old one or the new one.
Status write_node_file(Disk& disk, const NodeFile& node);

// Where there is no such file, or a damaged one: whoever wrote the epochs of the manifest may have
// been this node.
NodeFile node_of_writers(const Manifest& manifest);
// Whose statements count in this directory.
Marks marks_of(const NodeFile& node, const Manifest& manifest);

}  // namespace synap
