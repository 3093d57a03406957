// The node that this one follows: found by its name each time, asked, followed; again, with pauses,
// whenever the connection ends.
//
// Thread safety: one thread, that of replication, but for status(). Blocking: disk; loading what a
// full sync has brought is work aside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/platform/transport.h"
#include "core/replication/aside.h"
#include "core/replication/full_target.h"
#include "core/replication/intake.h"
#include "core/replication/introduction.h"
#include "core/replication/lag.h"
#include "core/replication/link.h"
#include "core/replication/reconnect.h"
#include "core/replication/self.h"

namespace synap::replication {

enum class UpstreamState : uint8_t {
    kNone,        // this node follows nobody
    kConnects,    // or waits until it tries again
    kIntroduces,  // proves itself, asks
    kGoesBack,    // gives up what its master has not
    kReceives,    // a snapshot
    kLoads,
    kFollows,
};
std::string_view to_string(UpstreamState state) noexcept;

struct UpstreamStatus {
    UpstreamState state = UpstreamState::kNone;
    std::string master;       // host:port, as it was given
    std::string master_name;  // as it calls itself; empty until it was heard
    bool is_up = false;       // the connection, past the handshake
    uint64_t heard_us = 0;    // monotonic, of the last byte; 0: never
    uint64_t down_since_us = 0;
    uint64_t master_written = 0;
    uint64_t behind_bytes = 0;
    std::optional<uint64_t> stale_us;  // as of now_us below
    uint64_t now_us = 0;
    // What is here is one whole state of its master, though perhaps not a recent one. Not before a
    // first sync has been caught up with.
    bool is_whole = false;
    uint64_t full_size = 0;  // of the snapshot on its way
    uint64_t full_received = 0;
    uint64_t full_syncs = 0;
    uint64_t reconnects = 0;
    std::string why;  // the last connection ended, or none came about
};

class Upstream {
public:
    // `before_change` is called before what is here becomes another history, or goes back.
    Upstream(Self& self, Transport& transport, const Secrets& secrets, Entropy& entropy,
             Aside& aside, std::function<void()> before_change, ReconnectLimits limits = {});
    Upstream(const Upstream&) = delete;
    Upstream& operator=(const Upstream&) = delete;

    // Follows this node from now on; another one is left. Empty: nobody.
    void follow(const std::optional<Endpoint>& master, uint64_t now_us);
    void set_tls(std::optional<TlsClient> tls) { tls_ = std::move(tls); }

    // False: it is no event of this connection.
    bool note(const TransportEvent& event, uint64_t now_us);
    // Reads, applies, answers. True: there is more to do at once.
    bool step(uint64_t now_us);
    // When it has to step next, whatever happens.
    uint64_t due_us() const noexcept { return due_us_; }
    // Its data is being changed, or is not one state of its master yet.
    bool is_loading() const noexcept;
    // What the master said last; for those who follow this node.
    const std::optional<Heartbeat>& last_heartbeat() const noexcept { return heartbeat_; }

    UpstreamStatus status(uint64_t now_us);  // from any thread

private:
    void connect(uint64_t now_us);
    void introduce(uint64_t now_us);
    void take(const Message& message, uint64_t now_us);
    Status take_in_state(const Message& message, uint64_t now_us);
    Status take_answer(std::string_view body, uint64_t now_us);
    Status go_on(const Decision& decision, const Answer& answer, uint64_t now_us);
    Status take_log(std::string_view body);
    Status take_epoch(std::string_view body);
    Status take_heartbeat(std::string_view body, uint64_t now_us);
    void begin_log(uint64_t position, uint64_t now_us);
    void acknowledge(uint64_t now_us);
    void change(UpstreamState state, std::function<Status()> work);
    void finish_aside(uint64_t now_us);
    void leave(const Error& error, uint64_t now_us);
    void ended(uint64_t now_us);
    void try_again(const std::string& why, uint64_t now_us, uint32_t wanted_ms = 0);
    uint64_t applied() const noexcept;
    void set_state(UpstreamState state);

    Self& self_;
    Transport& transport_;
    const Secrets& secrets_;
    Entropy& entropy_;
    Aside& aside_;
    const std::function<void()> before_change_;
    std::optional<Endpoint> master_;
    std::optional<TlsClient> tls_;
    Reconnect reconnect_;
    UpstreamState state_ = UpstreamState::kNone;
    uint64_t due_us_ = UINT64_MAX;
    ConnectionId connecting_ = 0;
    std::unique_ptr<Link> link_;
    std::optional<Identity> identity_;  // as it was sent
    std::optional<Answer> answer_;
    std::unique_ptr<Intake> intake_;
    std::unique_ptr<FullTarget> full_;
    std::optional<Heartbeat> heartbeat_;
    MasterTime time_;
    uint64_t acknowledged_ = 0;  // applied, as it was said last
    uint64_t acknowledged_fsynced_ = 0;
    uint64_t acknowledged_us_ = 0;
    bool owes_ack_ = false;
    uint64_t kept_marks_us_ = 0;

    std::mutex mutex_;       // a leaf
    UpstreamStatus status_;  // guarded by mutex_
    Freshness freshness_;    // guarded by mutex_
};

}  // namespace synap::replication
