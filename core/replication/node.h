// A node of a cluster: the engine's replication, as one machine that is driven from outside.
//
// step() does what is due: it waits for its connections, reads, applies, sends, changes roles. A
// real node is stepped by a thread of its own (service.h); in simulations many nodes are stepped by
// one thread. Thread safety: one thread, but for what is said to be for any. Blocking: disk.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/engine/companion.h"
#include "core/engine/engine.h"
#include "core/log/stream.h"
#include "core/platform/transport.h"
#include "core/replication/aside.h"
#include "core/replication/downstream.h"
#include "core/replication/secrets.h"
#include "core/replication/self.h"
#include "core/replication/upstream.h"

namespace synap::replication {

inline constexpr std::string_view kInMemoryText =
    "a store in memory can not follow a master in this version: give it a directory";

struct NodeSettings {
    std::string name;     // told to others; empty: that of the host
    std::string address;  // where others reach its replication port; see NodeFacts
    std::string clients;  // where it serves clients; likewise
    std::optional<Endpoint> listen;
    std::optional<TlsServer> tls_server;
    std::optional<TlsClient> tls_client;
    Secrets secrets;
    bool is_protected = false;  // only this machine's own connections are accepted
    RoleSettings role;
    FeedLimits feed;
    ReconnectLimits reconnect;
    bool threads = true;  // for work that takes long
};

// What a node is now, for people and their tools.
struct NodeStatus {
    RoleFile role;
    uint32_t term = 0;
    uint32_t epoch = 0;  // the number of the newest one
    UpstreamStatus upstream;
    std::vector<FollowerEntry> followers;
    uint64_t full_syncs = 0;     // of followers
    uint64_t partial_syncs = 0;  // likewise
    uint16_t port = 0;           // that it listens on; 0: none
    uint64_t now_us = 0;

    bool is_master() const noexcept { return role.role == NodeRole::kMaster; }
    bool is_fenced() const noexcept { return is_master() && role.fenced_by.term != 0; }
};

// "host:port", "[::1]:port"; kInvalidArgument naming what was expected.
Result<Endpoint> parse_endpoint(std::string_view text);

class Node final : private TailListener {
public:
    // The engine was opened to follow where `role` says that this is a replica, or fenced.
    // `reached` is told of numbers given to wait_for_followers().
    Node(Engine& engine, Transport& transport, Entropy& entropy, const NodeSettings& settings,
         const RoleFile& role, std::function<void(uint64_t)> reached);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    // Where others find it; before start(). Errors name the address.
    Status listen();
    // Answers, and follows where it is a replica. The engine is ready.
    Status start();
    // One round; waits until something happens or is due, but not where `waits` is false.
    void step(bool waits);
    // Says goodbye. No step after it.
    void stop();

    // --- from any thread -------------------------------------------------------------------------

    // Follows the node at this endpoint. Over data of its own only with `force`. `told` is
    // completed once the role is durable, and writes are refused: the rest goes on by itself.
    void follow(const Endpoint& master, bool force, std::unique_ptr<LogWaiter> told);
    // Follows nobody any more: a term of its own is durable, and writes are accepted, when `told`
    // is completed. Refused in the middle of a full sync, where nothing whole is here.
    void promote(std::unique_ptr<LogWaiter> told);

    NodeStatus status();
    // How many followers have applied, or made durable, through `position`.
    size_t followers_at(bool fsynced, uint64_t position) {
        return downstream_.count(fsynced, position);
    }
    // False when so many have come so far: nothing is kept. `waiter` is a number of the caller's.
    bool wait_for_followers(bool fsynced, size_t n, uint64_t position, uint64_t waiter) {
        return downstream_.wait(fsynced, n, position, waiter);
    }
    void cancel_wait(bool fsynced, size_t n, uint64_t position, uint64_t waiter) {
        downstream_.cancel(fsynced, n, position, waiter);
    }

private:
    struct Request {
        bool promotes = false;
        Endpoint master;
        bool force = false;
        std::unique_ptr<LogWaiter> told;
    };

    void more() noexcept override { transport_.wake(); }
    uint64_t now_us() const noexcept { return engine_.clock().monotonic_us(); }
    void post(Request request);
    void take_requests(uint64_t now_us);
    Status become_replica(const Endpoint& master, bool force, uint64_t now_us);
    Status become_master(uint64_t now_us);
    std::optional<Decision> why_nobody_follows();
    bool is_turned_away(const TransportEvent& event);
    void heartbeat(uint64_t now_us);
    void publish_role();
    uint64_t due_us() const noexcept;

    Engine& engine_;
    Transport& transport_;
    const NodeSettings settings_;
    Self self_;
    Aside aside_;
    Downstream downstream_;
    Upstream upstream_;
    std::optional<Listening> listening_;
    uint64_t heartbeat_due_us_ = 0;
    uint64_t heartbeats_ = 0;
    uint64_t role_changes_ = 0;  // that are published
    bool more_ = false;          // to do at once
    bool told_protected_ = false;
    std::vector<TransportEvent> events_;

    std::mutex mutex_;               // a leaf
    std::vector<Request> requests_;  // guarded by mutex_
    RoleFile role_;                  // guarded by mutex_
    bool stopped_ = false;           // guarded by mutex_
};

// What an engine holds of its node, whoever drives that.
class NodeCompanion : public Companion {
public:
    virtual Node& node() noexcept = 0;
};
// Null where the engine takes no part in replication.
Node* node_of(const Engine& engine) noexcept;

}  // namespace synap::replication
