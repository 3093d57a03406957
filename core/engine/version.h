// The versions that HELLO and INFO report.
#pragma once

#include <string_view>

namespace synap {

inline constexpr std::string_view kSynapVersion = SYNAP_VERSION;  // of the build
inline constexpr std::string_view kRedisVersion = "7.2.4";        // whose commands these are

}  // namespace synap
