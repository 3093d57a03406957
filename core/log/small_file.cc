#include "core/log/small_file.h"

#include <algorithm>

#include "core/base/crc32c.h"
#include "core/log/manifest.h"
#include "core/log/segment.h"

namespace synap {

Result<ByteReader> fields_of_small_file(std::string_view bytes, std::string_view magic,
                                        const std::string& file, const Error& damaged,
                                        uint32_t* level) {
    uint32_t crc = 0;
    if (bytes.size() < sizeof crc) return damaged;
    const std::string_view covered = bytes.substr(0, bytes.size() - sizeof crc);
    if (load<uint32_t>(bytes.data() + covered.size()) != crc32c(covered)) return damaged;
    ByteReader in(covered);
    std::string_view found;
    uint32_t stated = 0;
    if (!in.take_bytes(magic.size(), found) || found != magic || !in.take(stated)) return damaged;
    if (Status known = check_level(stated, file); !known) return known.take_error();
    if (level != nullptr) *level = stated;
    return in;
}

Result<std::string> read_small_file(Disk& disk, std::string_view name, uint64_t limit) {
    auto names = disk.list();
    if (!names) return names.take_error();
    if (std::find(names->begin(), names->end(), name) == names->end()) {
        return Error{Code::kEmpty, "there is no " + std::string(name)};
    }
    return read_file(disk, name, limit);
}

}  // namespace synap
