// What MULTI gathers until EXEC: the commands, and the keys that WATCH looks after.
//
// Thread safety: the session's, except what CLIENT LIST reads: active, size, watched, touched.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/commands/record.h"
#include "core/keyspace/keyspace.h"

namespace synap {

class Transaction {
public:
    struct Queued {
        const CommandRecord* command;
        std::vector<std::string> words;
        std::vector<std::string_view> args;

        void note_database(unsigned& database) const noexcept;  // that it selects
    };

    bool active() const noexcept { return active_; }
    void begin() noexcept { active_ = true; }
    // A command could not be queued: EXEC will refuse.
    void spoil() noexcept { spoiled_ = active_.load(); }
    bool spoiled() const noexcept { return spoiled_; }

    // From here on commands are no longer queued, and watches stay, until it is dropped.
    void begin_execution() noexcept {
        executing_ = true;
        active_ = false;
    }
    // Returns whether it was under way.
    bool end_execution() noexcept { return std::exchange(executing_, false); }
    bool executing() const noexcept { return executing_; }

    // False when it would be too large.
    bool queue(const CommandRecord& command, std::span<const std::string_view> args,
               uint64_t commands_max);
    std::span<const Queued> queued() const noexcept { return queued_; }
    uint64_t bytes() const noexcept { return bytes_; }
    size_t size() const noexcept { return size_; }
    // Forgets the commands; watches are left.
    void drop_commands() noexcept;

    // Under the lock of the key's slot. A key that is watched already stays as it is.
    Status watch(Keyspace& keyspace, const KeyRef& key, bool expired, unsigned database);
    // Inside the gate. Locks the slots of the keys.
    void unwatch(Keyspace& keyspace) noexcept;
    bool watches() const noexcept { return !watches_.empty(); }
    size_t watched() const noexcept { return watch_count_; }
    bool touched() const noexcept { return touched_.load(std::memory_order_relaxed); }
    // Whether a key of them has changed, or its time has come. Under the locks of their slots.
    bool any_changed(Keyspace& keyspace, int64_t now_ms) const noexcept;
    template <typename Visit>
    void each_watch(Visit&& visit) const {
        for (const auto& [hash, watch] : watches_) visit(*watch);
    }

private:
    std::atomic<bool> active_{false};
    bool executing_ = false;
    bool spoiled_ = false;
    uint64_t bytes_ = 0;
    std::vector<Queued> queued_;
    std::atomic<size_t> size_{0};
    // By the hash that the key had when it was watched, under which it is looked up: a key of a
    // database that was swapped since may be in it twice, which does no harm.
    std::unordered_multimap<uint64_t, std::unique_ptr<Watch>> watches_;
    std::atomic<size_t> watch_count_{0};
    std::atomic<bool> touched_{false};
};

}  // namespace synap
