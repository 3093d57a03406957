// How connections of the simulated network begin: names, the kernel's queue, TLS.
#include <algorithm>

#include "core/platform/sim_wire.h"
#include "core/platform/tls_words.h"

namespace synap {
namespace {

using Kind = SimPacket::Kind;

SimPacket refusal(TlsRefusal why) {
    return {Kind::kRefusal, std::string(1, static_cast<char>(why))};
}

// What the one who looks at the certificate finds wrong with it.
std::optional<TlsRefusal> judge(const SimCertificate* shown, const std::string& ca,
                                const std::string& name, int64_t now_ms) {
    if (shown == nullptr || shown->issuer != ca) return TlsRefusal::kPeerUntrusted;
    if (shown->valid_until_ms < now_ms) return TlsRefusal::kPeerExpired;
    const auto& names = shown->names;
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
        return TlsRefusal::kPeerHasOtherName;
    }
    return std::nullopt;
}

// The same, as the one who showed it is told.
TlsRefusal seen_there(TlsRefusal why) noexcept {
    if (why == TlsRefusal::kPeerUntrusted) return TlsRefusal::kUntrustedThere;
    if (why == TlsRefusal::kPeerExpired) return TlsRefusal::kExpiredThere;
    return TlsRefusal::kRefusedThere;
}

}  // namespace

SimCertificate* SimWire::certificate(const std::string& file) {
    const auto found = certificates.find(file);
    return found == certificates.end() ? nullptr : &found->second;
}

ConnectionId SimWire::connect(const std::string& from, const Endpoint& to,
                              const std::optional<TlsClient>& tls) {
    constexpr uint64_t kLookupUs = 400;
    SimNode& node = this->node(from);
    const uint64_t number = ++next_connection_;
    SimConnection& connection = connections[number];
    connection.to = to;
    connection.client_tls = tls;
    SimSide& side = connection.sides[0];
    side.state = SimSide::State::kLookup;
    side.node = from;
    side.life = node.life;
    side.id = ++node.next_id;
    side.peer = to_string(to);
    const bool full = node.connections.size() >= node.limits.connections;
    const bool many = node.lookups >= node.limits.lookups;
    node.connections[side.id] = number;
    ++node.lookups;
    const ConnectionId id = side.id;
    std::optional<Error> wrong;
    if (full || many) wrong = too_many_error(side.peer, full ? "connections" : "lookups of names");
    if (tls && !tls->certificate.empty() && certificate(tls->certificate) == nullptr) {
        wrong = Error{Code::kIo, "cannot read " + tls->certificate + ": No such file or directory"};
    }
    if (wrong) {
        fail(number, 0, std::move(*wrong));
        connections.erase(number);
        return id;
    }
    side.arrival = schedule(now_us + 1 + random.below(kLookupUs), {Due::Kind::kLookup, number, 0});
    side.limit = schedule(now_us + node.limits.establish_us, {Due::Kind::kLimit, number, 0});
    return id;
}

void SimWire::look_up(uint64_t number) {
    SimConnection& connection = connections.at(number);
    SimSide& side = connection.sides[0];
    side.arrival.reset();
    const std::string& host = connection.to.host;
    const auto named = names.find(host);
    const std::string target = named != names.end()     ? named->second
                               : nodes.count(host) != 0 ? host
                                                        : std::string();
    if (target.empty()) {
        fail(number, 0, unresolved_error(host, "Name or service not known"));
        connection.sides[1].state = SimSide::State::kGone;
        return forget(number);
    }
    --node(side.node).lookups;
    side.state = SimSide::State::kOpening;
    connection.sides[1].node = target;
    send(number, 0, {Kind::kOpen, {}});
}

void SimWire::out_of_time(uint64_t number, int at) {
    SimSide& side = connections.at(number).sides[at];
    side.limit.reset();
    SimNode& node = this->node(side.node);
    if (!node.acts()) return;  // until it does
    const bool looking = side.state == SimSide::State::kLookup;
    if (looking) unschedule(side.arrival);
    const bool handshake = side.state == SimSide::State::kHandshake;
    if (!looking) send(number, at, {Kind::kReset, {}});
    fail(number, at,
         slow_error(side.peer, handshake ? "finish its TLS handshake" : "answer",
                    node.limits.establish_us));
    if (looking) connections.at(number).sides[1].state = SimSide::State::kGone;
    forget(number);
}

void SimWire::open_at_server(uint64_t number, SimConnection& connection) {
    SimSide& client = connection.sides[0];
    SimSide& side = connection.sides[1];
    SimNode& node = this->node(side.node);
    side.state = SimSide::State::kGone;
    const auto found = std::find_if(
        node.listeners.begin(), node.listeners.end(),
        [&](const auto& listener) { return listener.second.at.port == connection.to.port; });
    if (!node.running || found == node.listeners.end()) {
        return send(number, 1, {Kind::kRefused, {}});
    }
    send(number, 1, {Kind::kOpened, {}});
    if (node.connections.size() >= node.limits.connections) {
        return send(number, 1, {Kind::kReset, {}});
    }
    side.life = node.life;
    side.id = ++node.next_id;
    side.listener = found->first;
    side.peer = to_string({client.node, this->node(client.node).next_port++});
    connection.server_tls = found->second.tls;
    node.connections[side.id] = number;
    if (!connection.server_tls) return establish(side, TransportEventKind::kAccepted);
    side.state = SimSide::State::kQueued;
    found->second.queue.push_back(number);
    next_handshake(node);
}

void SimWire::next_handshake(SimNode& node) {
    for (auto& [id, listener] : node.listeners) {
        while (!listener.queue.empty() && node.handshakes < node.limits.handshakes) {
            const uint64_t number = listener.queue.front();
            listener.queue.pop_front();
            begin_handshake(number, connections.at(number));
        }
    }
}

void SimWire::begin_handshake(uint64_t number, SimConnection& connection) {
    SimSide& client = connection.sides[0];
    SimSide& side = connection.sides[1];
    SimNode& node = this->node(side.node);
    ++node.handshakes;
    side.state = SimSide::State::kHandshake;
    side.limit = schedule(now_us + node.limits.establish_us, {Due::Kind::kLimit, number, 1});
    if (!client.outgoing.empty() && !client.arrival) schedule_first(number, 0, now_us);
}

void SimWire::establish(SimSide& side, TransportEventKind kind) {
    SimNode& node = this->node(side.node);
    if (kind == TransportEventKind::kAccepted && side.state == SimSide::State::kHandshake) {
        --node.handshakes;
        next_handshake(node);
    }
    side.state = SimSide::State::kOpen;
    unschedule(side.limit);
    side.told = true;
    tell(side, kind);
}

void SimWire::take_at_client(uint64_t number, SimConnection& connection, const SimPacket& packet) {
    SimSide& side = connection.sides[0];
    if (packet.kind == Kind::kRefused) {
        return fail(number, 0,
                    {Code::kIo, "cannot connect to " + side.peer + ": Connection refused"});
    }
    if (packet.kind == Kind::kOpened) {
        if (!connection.client_tls) return establish(side, TransportEventKind::kConnected);
        side.state = SimSide::State::kHandshake;
        return send(number, 0, {Kind::kHello, {}});
    }
    if (packet.kind != Kind::kShown) {
        // The server speaks, or ends, as if there were no TLS.
        side.outgoing.clear();
        unschedule(side.arrival);
        send(number, 0, {Kind::kReset, {}});
        const bool ended = packet.kind == Kind::kEnd;
        return fail(number, 0,
                    ended ? tls_error(side.peer, TlsRefusal::kFailed, "it ended the connection")
                          : tls_error(side.peer, TlsRefusal::kPeerIsPlain));
    }
    const TlsClient& tls = *connection.client_tls;
    const std::string& name = tls.server_name.empty() ? connection.to.host : tls.server_name;
    const int64_t now_ms = node(side.node).clock->wall_ms();
    const auto wrong =
        tls.verify ? judge(certificate(packet.bytes), tls.ca, name, now_ms) : std::nullopt;
    if (wrong) {
        send(number, 0, refusal(seen_there(*wrong)));
        return fail(
            number, 0,
            tls_error(side.peer, *wrong, *wrong == TlsRefusal::kPeerHasOtherName ? name : ""));
    }
    send(number, 0, {Kind::kFinished, tls.certificate});
    establish(side, TransportEventKind::kConnected);
}

void SimWire::take_handshake(uint64_t number, SimConnection& connection, const SimPacket& packet) {
    SimSide& side = connection.sides[1];
    const TlsServer& tls = *connection.server_tls;
    if (packet.kind == Kind::kHello) return send(number, 1, {Kind::kShown, tls.certificate});
    if (packet.kind == Kind::kEnd) {
        send(number, 1, {Kind::kReset, {}});
        return fail(number, 1,
                    tls_error(side.peer, TlsRefusal::kFailed, "it ended the connection"));
    }
    if (packet.kind == Kind::kData) {
        side.lingers = true;
        send(number, 1, refusal(TlsRefusal::kPeerIsTls));
        return fail(number, 1, tls_error(side.peer, TlsRefusal::kPeerIsPlain));
    }
    std::optional<TlsRefusal> wrong;
    if (!packet.bytes.empty() && !tls.client_ca.empty()) {
        const int64_t now_ms = node(side.node).clock->wall_ms();
        wrong = judge(certificate(packet.bytes), tls.client_ca, "", now_ms);
    }
    if (packet.bytes.empty() && tls.require_client_certificate) {
        wrong = TlsRefusal::kPeerShowsNone;
    }
    if (!wrong) return establish(side, TransportEventKind::kAccepted);
    side.lingers = true;
    const bool none = *wrong == TlsRefusal::kPeerShowsNone;
    send(number, 1, refusal(none ? TlsRefusal::kPeerWantsOne : seen_there(*wrong)));
    fail(number, 1, tls_error(side.peer, *wrong));
}

}  // namespace synap
