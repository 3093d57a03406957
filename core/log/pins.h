// Who needs segments and snapshots of an open log that would otherwise be removed: followers that
// are behind, full syncs, feeds, backups. A pin keeps every segment that holds something from its
// position on, and the snapshot that it names. It lasts until its owner lets go of it, or until the
// log kept for it, or the time in which it did not move, exceeds its bounds: then it is dropped,
// and its owner told so with the numbers. Bounds are looked at when files are about to be removed.
//
// Thread safety: all from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/platform/clock.h"

namespace synap {

enum class PinKind : uint8_t { kFollower, kFullSync, kFeed, kBackup };
std::string_view to_string(PinKind kind) noexcept;

struct PinBounds {
    uint64_t bytes = UINT64_MAX;   // of the log from the pin on
    uint64_t age_us = UINT64_MAX;  // since it moved last
};

struct PinFacts {
    std::string name;
    PinKind kind = PinKind::kFollower;
    uint64_t position = 0;
    uint64_t snapshot = 0;  // by the position in its name; 0: none
    PinBounds bounds;
    uint64_t since_us = 0;  // monotonic
    uint64_t moved_us = 0;
    // As of the moment when it is told, or when it was dropped.
    uint64_t bytes = 0;
    uint64_t age_us = 0;
    bool is_dropped = false;
};

class LogPins {
public:
    LogPins(Clock& clock, uint64_t oldest) : clock_(clock), oldest_(oldest) {}
    LogPins(const LogPins&) = delete;
    LogPins& operator=(const LogPins&) = delete;

    // kInvalidArgument when the name is taken, kNeedSnapshot when the log no longer holds the
    // position or the snapshot is removed: then another one is to be looked for. Whether there is
    // such a snapshot is not asked. Throws std::bad_alloc.
    Status add(std::string_view name, PinKind kind, uint64_t position, PinBounds bounds,
               uint64_t snapshot = 0);
    // Forward only; a position behind the pin's counts as a sign of life. kNeedSnapshot when it was
    // dropped, with both numbers of what was exceeded.
    Status move(std::string_view name, uint64_t position);
    // Of a dropped one, too. Whether it was there.
    bool remove(std::string_view name) noexcept;

    // With what is kept and why, by name; dropped ones until their owners let go of them.
    std::vector<PinFacts> list(uint64_t appended) const;
    struct Totals {
        size_t pins = 0;     // without dropped ones
        uint64_t bytes = 0;  // of the log, from the first of them on
    };
    Totals totals(uint64_t appended) const noexcept;
    uint64_t drops() const noexcept { return drops_.load(std::memory_order_relaxed); }
    bool keeps_snapshot(uint64_t name_position, uint64_t appended) noexcept;

    // --- of the log
    // -------------------------------------------------------------------------------

    uint64_t oldest() const noexcept { return oldest_.load(); }
    void set_oldest(uint64_t position) noexcept { oldest_.store(position); }
    // What may go, of segments that begin at these positions, so that all behind `wanted` stays: so
    // many from the front. No pin can be set on them any more.
    size_t take_front(const std::vector<uint64_t>& segments, uint64_t wanted, uint64_t appended);
    // Whether a snapshot may go: then no pin can name it any more. Throws std::bad_alloc.
    bool take_snapshot(uint64_t name_position, uint64_t appended);
    // The log stands elsewhere: every pin is dropped.
    void restart(uint64_t oldest) noexcept;

private:
    struct Pin {
        PinFacts facts;
        bool is_restarted = false;  // dropped as the log stands elsewhere
    };
    void measure(PinFacts& facts, uint64_t appended) const noexcept;
    bool keeps(uint64_t snapshot) const noexcept;
    bool is_gone(uint64_t snapshot) const noexcept;
    void drop_exceeding(uint64_t appended) noexcept;

    Clock& clock_;
    mutable std::mutex mutex_;
    std::map<std::string, Pin, std::less<>> pins_;  // guarded by mutex_
    std::vector<uint64_t> gone_;    // snapshots, the last of them; guarded by mutex_
    std::atomic<uint64_t> oldest_;  // stored under mutex_, but for set_oldest()
    std::atomic<uint64_t> drops_{0};
};

}  // namespace synap
