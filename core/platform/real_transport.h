// TCP and TLS of this machine (Linux: epoll).
#pragma once

#include <memory>

#include "core/platform/clock.h"
#include "core/platform/transport.h"

namespace synap {

// The clock outlives the transport: its monotonic time limits waits, its wall time judges
// certificates. Listening at a name instead of an address looks it up at once, which may block.
// A plain connection whose peer begins with the byte 0x15 or 0x16 fails as one that speaks TLS.
// Destroying it closes everything; lookups under way end by themselves.
Result<std::unique_ptr<Transport>> open_real_transport(Clock& clock,
                                                       const TransportLimits& limits = {});

}  // namespace synap
