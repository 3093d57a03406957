// The small files of a directory (MANIFEST, NODE, and those of replication): a magic, the format
// level, fields, and a checksum over all of that at the end.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/base/varint.h"
#include "core/platform/disk.h"

namespace synap {

// What follows the level, up to the checksum; a view of `bytes`. `damaged` when this is no such
// file or not all of it, kVersion when it is of a newer level.
Result<ByteReader> fields_of_small_file(std::string_view bytes, std::string_view magic,
                                        const std::string& file, const Error& damaged,
                                        uint32_t* level = nullptr);
// All bytes of it. kEmpty when there is none, kCorrupt when it is larger than `limit`.
Result<std::string> read_small_file(Disk& disk, std::string_view name, uint64_t limit);

}  // namespace synap
