// Where a frame may stand in the chain that is a record: one rule for all who read frames.
#pragma once

#include "core/log/format.h"
#include "core/log/record.h"

namespace synap {

enum class FrameFault : uint8_t {
    kNone,
    kUnknown,  // a kind, codec or flag that this version does not know
    kBroken,   // a record begins in another one, goes on in none, or ends in a filler
};

constexpr bool is_filler(const FrameHeader& header) noexcept {
    return header.kind == format::kKindFiller;
}

// `in_record`: the frame before this one did not end its record.
constexpr FrameFault fault_of(const FrameHeader& header, bool in_record) noexcept {
    const bool known = header.kind == format::kKindEffects || is_filler(header);
    const unsigned flags = format::kFlagFirst | format::kFlagLast;
    if (!known || header.codec != 0 || header.key_id != 0 || (header.flags & ~flags) != 0) {
        return FrameFault::kUnknown;
    }
    const bool first = (header.flags & format::kFlagFirst) != 0;
    if (first == in_record || (is_filler(header) && header.flags != 0)) return FrameFault::kBroken;
    return FrameFault::kNone;
}

}  // namespace synap
