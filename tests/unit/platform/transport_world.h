// Two ends of a network, real or simulated, for tests that hold for both.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/platform/clock.h"
#include "core/platform/real.h"
#include "core/platform/sim_network.h"
#include "core/platform/transport.h"

namespace synap {

// The owner of a transport: notes what happened, and reads what comes unless told to stop.
struct Peer {
    explicit Peer(std::unique_ptr<Transport> owned = nullptr) : transport(std::move(owned)) {}

    std::unique_ptr<Transport> transport;
    std::vector<TransportEvent> events;  // since the beginning
    std::map<ConnectionId, std::string> received;
    std::map<ConnectionId, bool> ended;
    bool reads = true;
    size_t read_size = 4096;

    void read(ConnectionId id) {
        std::string buffer(read_size, 0);
        for (;;) {
            const ReadOutcome outcome = transport->read(id, buffer);
            received[id].append(buffer, 0, outcome.bytes);
            if (outcome.ended) ended[id] = true;
            if (outcome.ended || outcome.bytes == 0) return;
        }
    }
    void look(uint64_t deadline_us) {
        std::vector<TransportEvent> fresh;
        transport->wait(deadline_us, fresh);
        for (TransportEvent& event : fresh) {
            if (event.kind == TransportEventKind::kReadable && reads) read(event.connection);
            events.push_back(std::move(event));
        }
    }
    size_t write(ConnectionId id, std::string_view text) {
        return transport->write(id, {&text, 1});
    }

    const TransportEvent* find(TransportEventKind kind, ConnectionId id = 0) const {
        const auto found = std::find_if(events.begin(), events.end(), [&](const auto& event) {
            return event.kind == kind && (id == 0 || event.connection == id);
        });
        return found == events.end() ? nullptr : &*found;
    }
    size_t count(TransportEventKind kind) const {
        return static_cast<size_t>(std::count_if(
            events.begin(), events.end(), [&](const auto& event) { return event.kind == kind; }));
    }
    ConnectionId accepted() const {
        const TransportEvent* event = find(TransportEventKind::kAccepted);
        return event == nullptr ? 0 : event->connection;
    }
    // The words of the first failure of this connection, or of any.
    std::string failure(ConnectionId id = 0) const {
        const TransportEvent* event = find(TransportEventKind::kClosed, id);
        return event == nullptr ? "" : event->error->message;
    }
    Code failure_code(ConnectionId id = 0) const {
        const TransportEvent* event = find(TransportEventKind::kClosed, id);
        return event == nullptr ? Code::kOk : event->error->code;
    }
};

class World {
public:
    virtual ~World() = default;
    virtual std::unique_ptr<Transport> start(std::string_view node,
                                             const TransportLimits& limits) = 0;
    virtual std::string host() const = 0;  // where "server" is
    virtual uint64_t now_us() = 0;
    // Makes these, each with a key of the same name: "server" for host(), "client", "misnamed" for
    // "elsewhere", "expired" for host(), all of "ca"; "stranger" for host(), of "foreign-ca".
    virtual void make_certificates() = 0;
    virtual std::string file(std::string_view name) const = 0;  // "server.crt", "server.key"
    // The wall clock by which certificates are judged.
    virtual void step_wall_ms(int64_t ms) = 0;
    // Something may happen, for a moment.
    virtual void step(std::vector<Peer*> peers) = 0;
    // Whatever happens soon has happened; no time limit is reached.
    virtual void settle(std::vector<Peer*> peers) {
        constexpr int kSteps = 20;
        for (int i = 0; i < kSteps; ++i) step(peers);
    }
    // So that time limits are reached.
    virtual void pass(uint64_t us) = 0;

    template <typename Done>
    bool until(const std::vector<Peer*>& peers, Done done) {
        constexpr int kSteps = 20'000;  // reality gives up after half a minute or so
        for (int i = 0; i < kSteps; ++i) {
            if (done()) return true;
            step(peers);
        }
        return false;
    }
};

enum class WorldKind { kSimulated, kReal };
inline constexpr WorldKind kWorlds[] = {WorldKind::kSimulated, WorldKind::kReal};

std::unique_ptr<World> make_world(WorldKind kind);

inline std::string world_name(const testing::TestParamInfo<WorldKind>& info) {
    return info.param == WorldKind::kReal ? "Real" : "Simulated";
}

// The real clock, and what a test adds to it.
class ShiftedClock final : public Clock {
public:
    int64_t wall_ms() noexcept override { return real_clock().wall_ms() + wall_shift_ms; }
    uint64_t monotonic_us() noexcept override { return real_clock().monotonic_us() + shift_us; }

    int64_t wall_shift_ms = 0;
    uint64_t shift_us = 0;
};

// The loopback of this machine; files are in a directory that is gone afterwards.
class RealWorld final : public World {
public:
    RealWorld();
    ~RealWorld() override;
    std::unique_ptr<Transport> start(std::string_view node, const TransportLimits& limits) override;
    std::string host() const override { return "127.0.0.1"; }
    uint64_t now_us() override { return clock.monotonic_us(); }
    void make_certificates() override;
    std::string file(std::string_view name) const override {
        return folder + "/" + std::string(name);
    }
    void step_wall_ms(int64_t ms) override { clock.wall_shift_ms += ms; }
    void step(std::vector<Peer*> peers) override;
    void pass(uint64_t us) override { clock.shift_us += us; }

    ShiftedClock clock;
    std::string folder;
};

class SimWorld final : public World {
public:
    explicit SimWorld(uint64_t seed = 1) : network(seed) { network.set_links({200, 100, 0, 1000}); }
    std::unique_ptr<Transport> start(std::string_view node,
                                     const TransportLimits& limits) override {
        return network.start(node, limits);
    }
    std::string host() const override { return "server"; }
    uint64_t now_us() override { return network.now_us(); }
    void make_certificates() override {
        const int64_t now = network.clock("server").wall_ms();
        const std::string ca = file("ca.crt");
        network.set_certificate(file("server.crt"), {ca, {host()}});
        network.set_certificate(file("client.crt"), {ca, {"client"}});
        network.set_certificate(file("misnamed.crt"), {ca, {"elsewhere"}});
        network.set_certificate(file("expired.crt"), {ca, {host()}, now - 1000});
        network.set_certificate(file("stranger.crt"), {file("foreign-ca.crt"), {host()}});
    }
    std::string file(std::string_view name) const override { return "/tls/" + std::string(name); }
    void step_wall_ms(int64_t ms) override {
        for (const char* node : {"server", "client"}) network.clock(node).step_wall_ms(ms);
    }
    void step(std::vector<Peer*> peers) override {
        if (const auto next = network.next_event_time()) network.advance_to(*next);
        look(peers);
    }
    static void look(const std::vector<Peer*>& peers) {
        for (Peer* peer : peers) {
            if (peer->transport != nullptr) peer->look(0);
        }
    }
    void settle(std::vector<Peer*> peers) override {
        const uint64_t end = network.now_us() + 100'000;
        while (network.next_event_time().value_or(end) < end) step(peers);
        network.advance_to(end);
        look(peers);
    }
    void pass(uint64_t us) override { network.advance_to(network.now_us() + us); }

    SimNetwork network;
};

}  // namespace synap
