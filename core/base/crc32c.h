// CRC-32C (Castagnoli), the checksum of records, segments and snapshots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace synap {

// Continues `crc` (0 to start) over bytes. Uses the processor's instruction where there is one.
uint32_t crc32c(std::string_view bytes, uint32_t crc = 0) noexcept;

}  // namespace synap
