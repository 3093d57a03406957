// Everybody who is connected to this node's replication port: who follows it, who asks, who waits
// to prove itself; what is known of followers, and who waits for them.
//
// A node that follows another passes the log on in the same way. Thread safety: one thread, but for
// what is said of each method. Memory: see feed.h, for each connection.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/platform/transport.h"
#include "core/replication/feed.h"
#include "core/replication/follower_table.h"
#include "core/replication/self.h"

namespace synap::replication {

class Downstream {
public:
    // `reached` is told of numbers given to wait(), once each.
    Downstream(Self& self, Transport& transport, const Secrets& secrets, Entropy& entropy,
               const FeedLimits& limits, std::function<void(uint64_t)> reached);

    // Of the listener's: a new connection, or an event of one of them. False: it is none of these.
    bool note(const TransportEvent& event, uint64_t now_us);
    // Why it cannot be followed now; nothing where it can.
    void set_instead(std::optional<Decision> instead) { instead_ = std::move(instead); }

    // Reads, answers, sends. True: there is more to do at once.
    bool step(uint64_t now_us);
    // What every one hears. Call every limits.heartbeat_ms.
    void heartbeat(const Heartbeat& heartbeat, uint64_t now_us);
    // Ends every connection of a follower: what it holds may not be what this node has from now on.
    void leave_all(Why why, const std::string& reason, const std::string& remedy, uint64_t now_us);

    size_t connections() const noexcept { return feeds_.size(); }

    // --- from any thread -------------------------------------------------------------------------

    // A copy of what is known of them.
    std::vector<FollowerEntry> followers();
    // How many have applied, or made durable, through `position`.
    size_t count(bool fsynced, uint64_t position);
    // False when `n` have come so far already: nothing is kept then. `waiter` is told once.
    bool wait(bool fsynced, size_t n, uint64_t position, uint64_t waiter);
    void cancel(bool fsynced, size_t n, uint64_t position, uint64_t waiter);
    uint64_t full_syncs() const noexcept { return full_syncs_.load(std::memory_order_relaxed); }
    uint64_t partial_syncs() const noexcept {
        return partial_syncs_.load(std::memory_order_relaxed);
    }

private:
    void answer(Feed& feed, uint64_t now_us);
    Result<Answer> make_answer(const Identity& identity);
    bool admit(Feed& feed, uint64_t now_us);
    void tell(std::vector<uint64_t>& woken);
    bool is_news(uint64_t node, const std::string& refusal);

    Self& self_;
    Transport& transport_;
    const Secrets& secrets_;
    Entropy& entropy_;
    const FeedLimits limits_;
    const std::function<void(uint64_t)> reached_;
    std::optional<Decision> instead_;
    std::map<ConnectionId, std::unique_ptr<Feed>> feeds_;
    std::map<uint64_t, std::string> refusals_;  // as they were told last, by node
    std::atomic<uint64_t> full_syncs_{0};
    std::atomic<uint64_t> partial_syncs_{0};

    std::mutex mutex_;     // a leaf, but for that of no engine
    FollowerTable table_;  // guarded by mutex_
};

}  // namespace synap::replication
