#include "core/log/node_file.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/small_file.h"

namespace synap {

void NodeFile::take_id(uint64_t new_id) {
    former.push_back(id);
    if (former.size() > kFormerMost) former.erase(former.begin());
    id = new_id;
    is_copy = false;
}

// magic[8] level:u32 id:u64 device:u64 inode:u64 history[16] durable:u64 count:u32 count x u64
// crc:u32 over everything before it.
Result<NodeFile> decode_node_file(std::string_view bytes, const std::string& file) {
    const Error damaged{Code::kCorrupt, file + " is damaged"};
    uint32_t count = 0;
    NodeFile node;
    auto fields = fields_of_small_file(bytes, format::kNodeMagic, file, damaged);
    if (!fields) return fields.take_error();
    ByteReader& in = *fields;
    if (!in.take(node.id) || !in.take(node.place.device) || !in.take(node.place.inode) ||
        !in.take(node.history.high) || !in.take(node.history.low) || !in.take(node.durable) ||
        !in.take(count) || count > NodeFile::kFormerMost) {
        return damaged;
    }
    node.former.resize(count);
    for (uint64_t& id : node.former) {
        if (!in.take(id)) return damaged;
    }
    if (!in.empty()) return damaged;
    return node;
}

Result<NodeFile> read_node_file(Disk& disk) {
    constexpr uint64_t kBytesMax = 128 + NodeFile::kFormerMost * 8;
    auto bytes = read_small_file(disk, format::kNodeName, kBytesMax);
    if (!bytes) return bytes.take_error();
    auto node = decode_node_file(*bytes, disk.describe(format::kNodeName));
    if (!node) return node;
    auto file = disk.open(format::kNodeName, OpenMode::kRead);
    if (!file) return file.take_error();
    auto here = (*file)->identity();
    if (!here) return here.take_error();
    node->is_copy = !(node->place == *here);
    return node;
}

Status write_node_file(Disk& disk, const NodeFile& node) {
    return write_file_durably(disk, format::kNodeName, [&](File& file) -> Result<std::string> {
        auto place = file.identity();  // a rename leaves it as it is
        if (!place) return place.take_error();
        std::string bytes(format::kNodeMagic);
        put(bytes, format::kLevel);
        put(bytes, node.id);
        put(bytes, place->device);
        put(bytes, place->inode);
        put(bytes, node.history.high);
        put(bytes, node.history.low);
        put(bytes, node.durable);
        put(bytes, static_cast<uint32_t>(node.former.size()));
        for (const uint64_t id : node.former) put(bytes, id);
        put(bytes, crc32c(bytes));
        return bytes;
    });
}

NodeFile node_of_writers(const Manifest& manifest) {
    NodeFile node;
    for (const Epoch& epoch : manifest.epochs) {
        const auto& known = node.former;
        if (std::find(known.begin(), known.end(), epoch.writer) != known.end()) continue;
        node.former.push_back(epoch.writer);
        if (node.former.size() > NodeFile::kFormerMost) node.former.erase(node.former.begin());
    }
    return node;
}

Marks marks_of(const NodeFile& node, const Manifest& manifest) {
    std::vector<uint64_t> nodes = node.former;
    nodes.push_back(node.id);
    return Marks(node.id, std::move(nodes), manifest.epochs);
}

}  // namespace synap
