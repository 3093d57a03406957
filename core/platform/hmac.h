// HMAC with SHA-256 (RFC 2104), for proofs that a peer knows a secret.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "core/base/result.h"

namespace synap {

using Mac = std::array<unsigned char, 32>;

// Of the parts, one after the other as if they were one text: what keeps ("ab", "c") apart from
// ("a", "bc") is up to the caller. An error only where OpenSSL has no SHA-256 to give, be it for
// want of memory or because its configuration withholds it. Any thread; some microseconds.
Result<Mac> hmac_sha256(std::string_view key, std::span<const std::string_view> parts);

// In a time that does not depend on where they differ.
bool equal_macs(const Mac& a, const Mac& b) noexcept;

}  // namespace synap
