// The inside of the simulated network: who is connected to whom, and what is on its way.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "core/base/result.h"
#include "core/platform/sim_network.h"
#include "core/platform/tls_words.h"

namespace synap {

// What travels in one direction of a connection, in order.
struct SimPacket {
    enum class Kind : uint8_t {
        kOpen,      // may I connect
        kOpened,    // of the peer's kernel
        kRefused,   // nobody listens
        kHello,     // TLS: the client begins
        kShown,     // TLS: the server's certificate
        kFinished,  // TLS: the client's certificate, or none
        kRefusal,   // TLS: `bytes` are the reason, as TlsRefusal
        kData,
        kEnd,
        kReset,
    };
    Kind kind;
    std::string bytes;
    uint64_t at_us = 0;
};

using SimMoment = std::pair<uint64_t, uint64_t>;  // time, and the order of what falls together

// One end of a connection.
struct SimSide {
    enum class State : uint8_t {
        kLookup,
        kOpening,
        kQueued,     // in the kernel's queue of a listener that has too many handshakes
        kHandshake,  // of TLS
        kOpen,
        kGone,
    };
    State state = State::kOpening;
    std::string node;
    uint64_t life = 0;  // of the node, whose process has it
    ConnectionId id = 0;
    ListenerId listener = 0;  // of an accepted one
    std::string peer;
    bool told = false;          // kAccepted or kConnected was queued
    bool found_nothing = true;  // the last read did; an arrival tells
    bool wants_room = false;
    bool finished = false;
    bool end_arrived = false;
    bool lingers = false;  // gone, but its kernel takes bytes, so that its last words are heard
    std::string received;
    uint64_t written = 0;    // bytes taken by write()
    uint64_t room_used = 0;  // of them, what the peer is not known to have read
    uint64_t read = 0;
    uint64_t last_at = 0;  // arrival of the latest packet
    std::deque<SimPacket> outgoing;
    std::optional<SimMoment> arrival;  // of the first of them, unless it is held
    std::optional<SimMoment> limit;    // of its being established
};

struct SimConnection {
    Endpoint to;
    std::optional<TlsClient> client_tls;
    std::optional<TlsServer> server_tls;
    SimSide sides[2];  // the one that connected, the one that accepted
};

struct SimListener {
    Endpoint at;
    std::optional<TlsServer> tls;
    std::deque<uint64_t> queue;  // connections whose handshake has not begun
};

struct SimNode {
    std::unique_ptr<SimClock> clock = std::make_unique<SimClock>();
    TransportLimits limits;
    uint64_t life = 0;
    bool running = false;
    bool machine_up = true;
    bool paused = false;
    bool halted = false;
    uint64_t messages = 0;
    uint64_t halt_after = UINT64_MAX;
    uint64_t next_id = 0;  // of connections and listeners; goes on over lives
    uint16_t next_port = 40'000;
    size_t handshakes = 0;
    size_t lookups = 0;
    std::map<ListenerId, SimListener> listeners;
    std::map<ConnectionId, uint64_t> connections;  // of this life
    std::deque<TransportEvent> events;

    bool acts() const noexcept { return running && !paused && !halted; }
};

class SimWire {
public:
    SimWire(uint64_t seed, size_t buffer_bytes) : random(seed), buffer_bytes(buffer_bytes) {}

    struct Way {
        SimLink link;
        std::optional<SimCut> cut;
        uint64_t busy_until_us = 0;
    };
    struct Due {
        enum class Kind : uint8_t { kArrival, kLimit, kLookup };
        Kind kind;
        uint64_t connection;
        int side;
    };

    SimNode& node(std::string_view name);
    Way& way(const std::string& from, const std::string& to);
    SimCertificate* certificate(const std::string& file);
    SimSide* side_of(SimNode& node, ConnectionId id, SimConnection** connection = nullptr);

    // What transports call.
    ConnectionId connect(const std::string& from, const Endpoint& to,
                         const std::optional<TlsClient>& tls);
    size_t write(const std::string& from, ConnectionId id, std::span<const std::string_view> parts);
    ReadOutcome read(const std::string& by, ConnectionId id, std::span<char> into);
    void finish(const std::string& by, ConnectionId id);
    void close(const std::string& by, ConnectionId id);
    void stop_listening(const std::string& by, ListenerId id);

    // What the network's owner calls.
    void deliver(uint64_t until_us);
    void kill(const std::string& name, SimDeath death);
    void release(const std::string& name);  // what was held because of this node, or a way from it
    void reset_between(const std::string& from, const std::string& to);

    SmallRandom random;
    const size_t buffer_bytes;
    uint64_t now_us = 1'000'000;  // as SimClock begins
    SimLink link;
    std::map<std::string, SimNode, std::less<>> nodes;
    std::map<std::pair<std::string, std::string>, Way> ways;
    std::map<std::string, std::string, std::less<>> names;
    std::map<std::string, SimCertificate, std::less<>> certificates;
    std::map<uint64_t, SimConnection> connections;
    std::map<SimMoment, Due> due;

private:
    SimMoment schedule(uint64_t at_us, Due what);
    void unschedule(std::optional<SimMoment>& moment);
    void send(uint64_t number, int from, SimPacket packet);
    void schedule_first(uint64_t number, int from, uint64_t at_us);
    void arrive(uint64_t number, int from);
    void take(uint64_t number, SimConnection& connection, int at, SimPacket packet);
    void open_at_server(uint64_t number, SimConnection& connection);
    void begin_handshake(uint64_t number, SimConnection& connection);
    void take_at_client(uint64_t number, SimConnection& connection, const SimPacket& packet);
    void take_handshake(uint64_t number, SimConnection& connection, const SimPacket& packet);
    void take_stream(uint64_t number, SimConnection& connection, int at, const SimPacket& packet);
    void establish(SimSide& side, TransportEventKind kind);
    void fail(uint64_t number, int side, Error error);
    void leave(uint64_t number, int side);
    void look_up(uint64_t number);
    void out_of_time(uint64_t number, int side);
    void next_handshake(SimNode& node);
    void cut_short(uint64_t number, int side, bool within);
    void tell(SimSide& side, TransportEventKind kind);
    void tell_room(SimConnection& connection, int side);
    void forget(uint64_t number);
    bool counts(SimNode& node);

    uint64_t next_connection_ = 0;
    uint64_t next_moment_ = 0;
};

}  // namespace synap
