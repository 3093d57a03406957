// What SCAN and HSCAN share.
#pragma once

#include <cstdint>
#include <string_view>

namespace synap::commands {

// As strtoul reads it, which Redis uses: a sign is allowed, and nothing at all is 0.
bool parse_cursor(std::string_view text, uint64_t& cursor) noexcept;

}  // namespace synap::commands
