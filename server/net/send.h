// Sending what waits in an output buffer.
#pragma once

#include <cstddef>
#include <cstdint>

#include "server/net/buffer.h"

namespace synap::server {

struct Sent {
    enum class End : uint8_t { kAll, kFull, kBroken };

    size_t bytes = 0;
    size_t calls = 0;  // that sent something
    End end = End::kAll;
};

// Sends until the buffer is empty, the socket takes no more (kFull) or the connection is gone.
Sent send_all(int fd, OutputBuffer& output) noexcept;

}  // namespace synap::server
