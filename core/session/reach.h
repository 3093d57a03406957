// What commands concern beyond the keys they name: decides which locks they need.
#pragma once

#include <cstddef>

#include "core/commands/generated/ids.h"
#include "core/commands/record.h"

namespace synap {

// More slots than its keys name, so that it must have the gate alone.
inline bool needs_gate_alone(const CommandRecord& command, size_t argc) noexcept {
    switch (command.id) {
        case kIdFlushdb:
        case kIdFlushall:
        case kIdSwapdb:
        case kIdMove:
            return true;
        case kIdCopy:
            return argc > 4;  // DB n
        default:
            return false;
    }
}

// Reads the key in argv[1] and does nothing else, in a bounded time.
inline bool reads_one_key(const CommandRecord& command) noexcept {
    return command.has(kCommandReadonly) && command.first_key == 1 && command.last_key == 1 &&
           command.latency_class == LatencyClass::kFast;
}

inline bool moves_values(const CommandRecord& command) noexcept {
    return command.id == kIdRename || command.id == kIdRenamenx || command.id == kIdMove ||
           command.id == kIdCopy;
}

}  // namespace synap
