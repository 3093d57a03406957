// Why calls of the simulated disk fail, and what errors they give then.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/platform/sim_disk.h"

namespace synap {

struct Reason {
    std::string_view text;
    Cause cause = Cause::kUnknown;
};
inline constexpr Reason kDead{"the machine is off"};

Reason reason_of(DiskFault fault) noexcept;
// Whether a call of this kind cannot be made while the disk is short of that. `grows`: it takes
// more of the disk than its file has.
bool hinders(DiskFault fault, DiskCall call, bool grows) noexcept;
// "cannot <what> <path>: <why>". Of a sync it is never said that it may pass.
Error refused(std::string_view what, const std::string& path, const Reason& why);

}  // namespace synap
