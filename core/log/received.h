// Records of another's log as they stand there: frames, one behind the other, which somebody has
// checked already (replication/frame_stream.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/log/chain.h"
#include "core/log/format.h"
#include "core/log/record.h"

namespace synap {

// How many records they are; 0 where they are not whole, or do not stand at `position`. Costs a
// look at each header; checksums are not looked at.
uint64_t count_received(std::string_view frames, uint64_t position) noexcept;

// Calls see(effects) for each of these records, which are whole. Throws std::bad_alloc.
template <typename See>
void for_each_received(std::string_view frames, See&& see) {
    std::string chain;
    while (!frames.empty()) {
        const FrameHeader header = decode_frame_header(frames.data());
        const std::string_view payload = frames.substr(format::kFrameHeaderBytes, header.length);
        frames.remove_prefix(format::kFrameHeaderBytes + header.length);
        const bool first = (header.flags & format::kFlagFirst) != 0;
        const bool last = (header.flags & format::kFlagLast) != 0;
        if (first && last) {
            see(payload);
            continue;
        }
        if (!is_filler(header)) chain.append(payload);
        if (!last) continue;
        see(std::string_view(chain));
        chain.clear();
    }
}

}  // namespace synap
