// What a node says of itself to another: all that decides who may follow whom, and from where.
// Plain values; both ends hold the facts of both, and come to the same decision by themselves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/log/manifest.h"

namespace synap::replication {

// The highest position of an epoch that its writer was heard to call durable; see heard_marks.h.
struct HeardMark {
    uint64_t id = 0;      // of the epoch
    uint32_t number = 0;  // of the epoch
    uint64_t synced = 0;
    bool operator==(const HeardMark&) const = default;
};

struct NodeFacts {
    uint64_t node = 0;
    std::string name;  // for people; may be ambiguous
    // Where its replication port is, and where clients are served: "host:port"; ":port" where its
    // host is what the other end sees; empty when nowhere.
    std::string address;
    std::string clients;

    uint32_t level = 0;      // of the format of its directory
    uint32_t level_min = 0;  // that it can take
    uint32_t level_max = 0;

    HistoryId history;
    std::vector<Epoch> epochs;        // ascending
    uint64_t end = 0;                 // of whole records: written by a sender, held by a follower
    uint64_t oldest = 0;              // position from which on it holds the log
    std::vector<uint64_t> snapshots;  // where its own are complete, any order
    std::vector<HeardMark> marks;     // what it heard from others

    bool is_master = false;       // begins terms and writes, fenced or not
    bool has_directory = false;   // else it can go back only by a full sync
    bool was_restored = false;    // from a backup: it may lack what it once had
    bool forces = false;          // told to follow whatever it has to give up
    bool asks_full_sync = false;  // cannot use what it has

    // Nothing was ever written to it, whatever its history is called.
    bool is_blank() const noexcept { return epochs.empty() && end == 0; }
    uint32_t term() const noexcept { return epochs.empty() ? 0 : epochs.back().term; }
};

}  // namespace synap::replication
