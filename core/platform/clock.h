// Time as the engine sees it. The engine never asks the operating system itself.
#pragma once

#include <cstdint>

namespace synap {

// Thread safety: all methods from any thread.
class Clock {
public:
    virtual ~Clock() = default;
    // Milliseconds since the Unix epoch; may step in either direction.
    virtual int64_t wall_ms() noexcept = 0;
    // Never decreases; for durations.
    virtual uint64_t monotonic_us() noexcept = 0;
};

}  // namespace synap
