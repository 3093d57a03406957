// What an engine does differently while it follows a master: commands that write are refused, its
// keyspace is changed by the master's records alone, and the time of day is the master's.
//
// By its own clock it deletes nothing: what has expired is hidden from reads until the master's
// record of that comes. It does not evict either. Snapshots, large values on their way out and
// everything else goes on.
//
// Thread safety: begin(), end() and apply() from one thread, the rest from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/keyspace/effect.h"

namespace synap {

class Engine;
class Keyspace;

class Following {
public:
    explicit Following(Engine& engine) noexcept : engine_(engine) {}

    // Writes are refused from here on, and those that had begun are done. Waits for the gate alone.
    void begin() noexcept;
    // From here on the engine is a master: what was hidden as expired is deleted, and logged.
    void end() noexcept;
    bool is_on() const noexcept { return on_.load(std::memory_order_acquire); }

    // One record, whole, that ends at `end`: the next one behind those applied before. Nobody sees
    // a part of it. kCorrupt where it means nothing for what is there: then this copy is not that
    // of its master. Throws std::bad_alloc, having applied nothing, or HalfApplied.
    Status apply(std::string_view effects, uint64_t end);
    // The end of the last record that was applied; 0 before there was one.
    uint64_t applied() const noexcept { return applied_.load(std::memory_order_acquire); }
    void set_applied(uint64_t position) noexcept { applied_.store(position); }

    // What the master's time of day is now. It goes on by the monotonic clock until told again.
    void set_time(int64_t master_ms) noexcept;
    // The wall clock's until it was told.
    int64_t now_ms() const noexcept;

    // Of apply_record(), while it holds the locks.
    void locked(std::span<const uint32_t> slots, std::span<const Effect> effects);
    void applied(Keyspace& keyspace, std::span<const uint32_t> slots, uint64_t end) noexcept;

private:
    Engine& engine_;
    std::atomic<bool> on_{false};
    std::atomic<uint64_t> applied_{0};
    std::atomic<int64_t> ahead_ms_{0};  // of the monotonic clock; 0: not told
    std::vector<Effect> effects_;       // of the record under way
};

}  // namespace synap
