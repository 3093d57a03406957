// The guard word of an engine: what keeps calls out, as bits of one atomic word, so that a call
// that nothing keeps out costs one test, whichever way it takes: alone, as a point read, in EXEC.
//
// A session reads the word when a run begins and again each time it has entered the gate. So
// whoever sets a bit and then has the gate alone once knows that no call gets by it any more.
// The bits of one session (not authenticated, subscribed) will stand beside these, from bit 16.
//
// Thread safety: from any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/commands/record.h"

namespace synap {

class GuardWord {
public:
    enum Bits : uint32_t {
        kLoading = 1u << 0,   // there is no data yet
        kFailed = 1u << 1,    // there will be none: the directory could not be loaded
        kClosed = 1u << 2,    // for good
        kReadOnly = 1u << 3,  // opened for reading only
        kStopped = 1u << 4,   // memory and log no longer agree: no more writes
        kFollows = 1u << 5,   // a master's records alone change what is here
    };
    static constexpr uint32_t kBarsKeys = kLoading | kFailed;
    static constexpr uint32_t kBarsWrites = kBarsKeys | kReadOnly | kStopped | kFollows;

    // The bits that keep a command out.
    static uint32_t bars(const CommandRecord& command) noexcept {
        if (command.has(kCommandWrite)) return kBarsWrites;
        const bool needs_data = !command.has(kCommandLoading) || !command.key_specs.empty();
        return needs_data ? kBarsKeys : 0;
    }

    uint32_t load() const noexcept { return bits_.load(std::memory_order_acquire); }
    void set(uint32_t bits) noexcept { bits_.fetch_or(bits, std::memory_order_seq_cst); }
    void clear(uint32_t bits) noexcept { bits_.fetch_and(~bits, std::memory_order_seq_cst); }

private:
    std::atomic<uint32_t> bits_{kLoading};
};

}  // namespace synap
