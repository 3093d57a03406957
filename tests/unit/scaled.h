// How often a test draws from a seed. A sanitizer looks for what goes wrong at all, and makes each
// time many times as long: there it is a tenth.
#pragma once

#include <cstdint>

namespace synap {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr uint64_t kScale = 10;
#else
inline constexpr uint64_t kScale = 1;
#endif

constexpr uint64_t scaled(uint64_t times) noexcept { return (times + kScale - 1) / kScale; }

}  // namespace synap
