// When to try again, and when to say so. Thread safety: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/platform/entropy.h"

namespace synap::replication {

struct ReconnectLimits {
    uint32_t first_ms = 100;
    uint32_t most_ms = 10'000;
};

class Reconnect {
public:
    explicit Reconnect(ReconnectLimits limits = {}) noexcept : limits_(limits) {}

    // A try has failed, or a connection that did no good has ended. Milliseconds until the next
    // one: twice as long each time, up to the most, and of that a random part between half and all,
    // so that followers of one master do not come together. At least `wanted_ms`, which the other
    // end asked for, plus a random part of the same size.
    uint32_t failed(Entropy& entropy, uint32_t wanted_ms = 0) noexcept;
    // The other end did what was asked of it: the next pause is a short one again.
    void did_good() noexcept;

    // Whether this is worth a line of the log: the first time, and when `reason` is another than
    // the last one. A reason that holds numbers which go on changing is to be given without them.
    bool is_news(std::string_view reason);
    // Tries that failed since the last line.
    uint32_t failures() const noexcept { return failures_; }

private:
    ReconnectLimits limits_;
    uint32_t pause_ms_ = 0;
    uint32_t failures_ = 0;
    std::string told_;
};

}  // namespace synap::replication
