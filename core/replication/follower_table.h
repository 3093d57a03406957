// What a sender knows of its followers, and who waits for them.
//
// A follower is known by its node id; of one id there is one connection. What counts for waits is
// what followers that are connected, and past a full sync, have acknowledged: a node is counted
// once however often it comes. A follower without a directory is counted for applied alone. Those
// that left are remembered for a while, so that they are shown as missing and found by name.
//
// Cost: a lookup is O(log followers); waits: see reached.h. Memory: at most kFollowersRemembered of
// those that left. Thread safety: one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/replication/facts.h"
#include "core/replication/lag.h"
#include "core/replication/messages.h"
#include "core/replication/reached.h"

namespace synap::replication {

inline constexpr size_t kFollowersMost = 1024;  // connected
inline constexpr size_t kFollowersRemembered = 1024;

struct FollowerEntry {
    uint64_t node = 0;
    uint64_t connection = 0;  // 0: it is not connected
    std::string name;
    std::string address;  // where its replication port is; may be empty
    std::string clients;  // where it serves clients; may be empty
    bool has_directory = false;
    FollowerState state = FollowerState::kFollows;
    uint64_t applied = 0;
    uint64_t fsynced = 0;
    uint64_t received = 0;  // of a snapshot
    uint64_t last_heard_us = 0;
    uint64_t since_us = 0;  // when it came, or left
    Freshness freshness;

    bool is_connected() const noexcept { return connection != 0; }
    bool counts() const noexcept { return is_connected() && state == FollowerState::kFollows; }
};

class FollowerTable {
public:
    enum class Admission : uint8_t {
        kAdmitted,
        kReplaces,        // a connection that was silent for too long, and is to be closed
        kConnectedTwice,  // refused: one with this id is connected, and alive
        kTooMany,
    };
    struct Admitted {
        Admission admission = Admission::kAdmitted;
        uint64_t replaced = 0;  // connection
    };
    // `connection` is a number of the caller's, not 0. A connection of the same node counts as
    // silent when nothing was heard on it for `silent_us`.
    Admitted connect(const NodeFacts& facts, uint64_t connection, uint64_t now_us,
                     uint64_t silent_us);
    void disconnect(uint64_t connection, uint64_t now_us);

    // What the sender's heartbeat said to all, and what a follower answered. The waiters that are
    // reached are appended: see Reached. An acknowledgement on a connection that is not the node's
    // any more is ignored.
    void note_written(uint64_t position, uint64_t now_us);
    void acknowledged(uint64_t connection, const Ack& ack, uint64_t now_us,
                      std::vector<uint64_t>& woken);

    const FollowerEntry* find(uint64_t node) const;
    const std::map<uint64_t, FollowerEntry>& all() const noexcept { return followers_; }
    size_t connected() const noexcept { return by_connection_.size(); }
    // Followers that had everything at most so long ago: for min_replicas_max_lag_ms.
    size_t fresh(uint64_t now_us, uint64_t max_stale_us) const;
    // The lowest position that a connected follower still needs; none where there is none.
    std::optional<uint64_t> lowest_applied() const;

    // Whom a person means: by id (16 hexadecimal digits), name, or address with or without
    // "synap://". Ambiguous when it fits several nodes, whether they are connected or not.
    enum class Match : uint8_t { kNone, kOne, kAmbiguous };
    struct Resolved {
        Match match = Match::kNone;
        uint64_t node = 0;
        std::vector<uint64_t> nodes;  // all that fit
    };
    Resolved resolve(std::string_view text) const;

    // Forgets those that left before, and returns how many.
    size_t prune(uint64_t left_before_us);

    // For WAIT and replica(n): by applied and by fsynced.
    Reached& applied() noexcept { return applied_; }
    Reached& fsynced() noexcept { return fsynced_; }

private:
    void uncount(const FollowerEntry& entry);
    void leave(FollowerEntry& entry, uint64_t now_us);

    std::map<uint64_t, FollowerEntry> followers_;  // by node
    std::map<uint64_t, uint64_t> by_connection_;   // node
    Reached applied_;
    Reached fsynced_;
};

}  // namespace synap::replication
