// What an engine does differently while it follows a master: commands that write are refused, its
// keyspace is changed by the master's records alone, and the time of day is the master's.
//
// By its own clock it deletes nothing: what has expired is hidden from reads until the master's
// record of that comes. It does not evict either. Snapshots, large values on their way out and
// everything else goes on.
//
// Of each record take() does three things, in this order, inside the gate: it is stored in the log
// as it stands in the master's, it is applied under the locks of all its slots, and applied()
// moves. So who has the gate alone finds all that is stored in memory, but for a record that could
// not be applied yet; and a snapshot, which captures slots in between, takes a slot to hold what
// was applied, never what is merely stored: in_memory(), or further where the slot's own last
// record says so.
//
// What is stored is not durable for that: the log syncs as its policy says. A crash leaves a prefix
// of whole records, and recovery applies what is in the log.
//
// Thread safety: begin(), end(), take(), apply() and set_applied() from one thread, the rest from
// any.
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

    // Writes are refused from here on, and those that had begun are done; all that the log holds is
    // applied. An epoch that this open had planned will not begin. Waits for the gate alone.
    void begin() noexcept;
    // From here on the engine is a master: what was hidden as expired is deleted, and logged. It
    // begins no term: Engine::begin_term() has, or the first write ends the log.
    void end() noexcept;
    bool is_on() const noexcept { return on_.load(std::memory_order_acquire); }

    // One record, whole, that ends at `end`: the next one behind those applied before. Nobody sees
    // a part of it. kCorrupt where it means nothing for what is there: then this copy is not that
    // of its master. Throws std::bad_alloc, having applied nothing, or HalfApplied.
    // For a store in memory, and for tests.
    Status apply(std::string_view effects, uint64_t end);
    // The same, stored in the log first: `frames` are the record as it stands in the master's log,
    // checked (replication/frame_stream.h), and `effects` what it holds. Its epoch was entered.
    // Where there is no room, in memory or on the disk, that is the log's error, which may pass,
    // and nothing has happened. kCorrupt, and nothing has happened, for one that does not follow on
    // or means nothing for what is there. Where applying throws, the record is stored already: then
    // it is called again with the same one; after HalfApplied writes are stopped. Blocking: disk,
    // for room.
    Status take(std::string_view frames, std::string_view effects, uint64_t end);
    // The end of the last record that was applied; 0 before there was one.
    uint64_t applied() const noexcept { return applied_.load(std::memory_order_acquire); }
    void set_applied(uint64_t position) noexcept;
    // Applies what the log holds beyond what is applied. Blocking: disk.
    Status catch_up();
    // All records up to there are in memory, and of later ones those that the position of a slot
    // says; UINT64_MAX of one that does not follow: what its log holds is in memory.
    const std::atomic<uint64_t>& in_memory() const noexcept { return in_memory_; }

    // What the master's time of day is now. It goes on by the monotonic clock until told again.
    void set_time(int64_t master_ms) noexcept;
    // The wall clock's until it was told.
    int64_t now_ms() const noexcept;

    // Of apply_record(), while it holds the locks.
    void locked(std::span<const uint32_t> slots, std::span<const Effect> effects);
    void applied(Keyspace& keyspace, std::span<const uint32_t> slots, uint64_t end) noexcept;

private:
    template <typename Store>
    Status apply_after(std::string_view record, uint64_t end, Store&& store);
    Status may_store(std::string_view frames, uint64_t end);

    Engine& engine_;
    std::atomic<bool> on_{false};
    std::atomic<uint64_t> applied_{0};
    std::atomic<uint64_t> in_memory_{UINT64_MAX};
    std::atomic<int64_t> ahead_ms_{0};  // of the monotonic clock; 0: not told
    std::vector<Effect> effects_;       // of the record under way
};

}  // namespace synap
