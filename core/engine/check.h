// Offline verification of a data directory: reads everything, changes nothing.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/platform/disk.h"

namespace synap {

struct Finding {
    enum class Severity : uint8_t { kInfo, kWarning, kDamage, kEmpty };
    std::string file;
    int64_t offset = -1;  // unknown
    Severity severity = Severity::kInfo;
    std::string message;
};

// Locks the directory for readers meanwhile: kLocked when it is in use. Damage is a finding, and so
// is kEmpty, that there is no store; an error means that the check itself could not be made.
// Blocking: disk.
Result<std::vector<Finding>> check_directory(Disk& disk);

}  // namespace synap
