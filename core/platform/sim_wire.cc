// What arrives, and what ends connections. sim_calls.cc has what transports call.
#include "core/platform/sim_wire.h"

#include <algorithm>

#include "core/base/assert.h"

namespace synap {
namespace {

bool needs_process(SimPacket::Kind kind) noexcept {
    return kind == SimPacket::Kind::kHello || kind == SimPacket::Kind::kShown ||
           kind == SimPacket::Kind::kFinished;
}

Error reset_error(const std::string& peer) {
    return {Code::kIo, "the connection with " + peer + " broke: Connection reset by peer"};
}

}  // namespace

// --- lookups -------------------------------------------------------------------------------------

SimNode& SimWire::node(std::string_view name) {
    const auto found = nodes.find(name);
    if (found != nodes.end()) return found->second;
    SimNode& made = nodes[std::string(name)];
    made.clock->advance_us(now_us - made.clock->monotonic_us());
    return made;
}

SimWire::Way& SimWire::way(const std::string& from, const std::string& to) {
    const auto [found, made] = ways.try_emplace({from, to});
    if (made) found->second.link = link;
    return found->second;
}

SimSide* SimWire::side_of(SimNode& node, ConnectionId id, SimConnection** connection) {
    const auto found = node.connections.find(id);
    if (found == node.connections.end()) return nullptr;
    SimConnection& of = connections.at(found->second);
    if (connection != nullptr) *connection = &of;
    return &of.sides[of.sides[0].id == id && &nodes.at(of.sides[0].node) == &node ? 0 : 1];
}

bool SimWire::counts(SimNode& node) {
    ++node.messages;
    if (--node.halt_after == 0) node.halted = true;
    return !node.halted;
}

// --- time ----------------------------------------------------------------------------------------

SimMoment SimWire::schedule(uint64_t at_us, Due what) {
    const SimMoment moment{std::max(at_us, now_us), ++next_moment_};
    due.emplace(moment, what);
    return moment;
}

void SimWire::unschedule(std::optional<SimMoment>& moment) {
    if (moment) due.erase(*moment);
    moment.reset();
}

void SimWire::deliver(uint64_t until_us) {
    const auto move_to = [&](uint64_t time_us) {
        if (time_us <= now_us) return;
        for (auto& [name, node] : nodes) node.clock->advance_us(time_us - now_us);
        now_us = time_us;
    };
    while (!due.empty() && due.begin()->first.first <= until_us) {
        const auto [moment, what] = *due.begin();
        due.erase(due.begin());
        move_to(moment.first);
        if (what.kind == Due::Kind::kArrival) arrive(what.connection, what.side);
        if (what.kind == Due::Kind::kLimit) out_of_time(what.connection, what.side);
        if (what.kind == Due::Kind::kLookup) look_up(what.connection);
    }
    move_to(until_us);
}

// --- packets -------------------------------------------------------------------------------------

void SimWire::send(uint64_t number, int from, SimPacket packet) {
    SimConnection& connection = connections.at(number);
    SimSide& side = connection.sides[from];
    Way& over = way(side.node, connection.sides[1 - from].node);
    uint64_t leaves = now_us;
    if (over.link.bytes_per_second != 0) {
        leaves = std::max(leaves, over.busy_until_us) +
                 packet.bytes.size() * 1'000'000 / over.link.bytes_per_second;
        over.busy_until_us = leaves;
    }
    const uint64_t jitter = random.below(over.link.jitter_us + 1);
    side.last_at = std::max(side.last_at, leaves + over.link.delay_us + jitter);
    packet.at_us = side.last_at;
    side.outgoing.push_back(std::move(packet));
    if (side.outgoing.size() == 1) schedule_first(number, from, side.last_at);
}

void SimWire::schedule_first(uint64_t number, int from, uint64_t at_us) {
    SimSide& side = connections.at(number).sides[from];
    SYNAP_ASSERT(!side.arrival);
    side.arrival = schedule(at_us, {Due::Kind::kArrival, number, from});
}

void SimWire::arrive(uint64_t number, int from) {
    SimConnection& connection = connections.at(number);
    SimSide& sender = connection.sides[from];
    SimSide& receiver = connection.sides[1 - from];
    sender.arrival.reset();
    if (sender.outgoing.empty()) return;
    const std::optional<SimCut> cut = way(sender.node, receiver.node).cut;
    SimNode& node = this->node(receiver.node);
    if (cut == SimCut::kReset) {
        sender.outgoing.clear();
        for (const int side : {0, 1}) fail(number, side, reset_error(connection.sides[side].peer));
        return forget(number);
    }
    // What is held here goes on by release().
    if (cut || !node.machine_up || node.halted) return;
    const SimPacket::Kind kind = sender.outgoing.front().kind;
    if (needs_process(kind) && node.paused) return;
    if (receiver.state == SimSide::State::kQueued && kind != SimPacket::Kind::kReset) return;
    const bool concerns = receiver.state != SimSide::State::kGone || kind == SimPacket::Kind::kOpen;
    if (node.running && concerns && !counts(node)) return;

    SimPacket packet = std::move(sender.outgoing.front());
    sender.outgoing.pop_front();
    if (!sender.outgoing.empty()) schedule_first(number, from, sender.outgoing.front().at_us);
    take(number, connection, 1 - from, std::move(packet));
    forget(number);
}

// The packet has reached the kernel of the node.
void SimWire::take(uint64_t number, SimConnection& connection, int at, SimPacket packet) {
    using Kind = SimPacket::Kind;
    SimSide& side = connection.sides[at];
    if (packet.kind == Kind::kOpen) return open_at_server(number, connection);
    if (side.state == SimSide::State::kGone || side.id == 0) {
        if (side.lingers) return;
        // Nobody has this end any more.
        if (packet.kind == Kind::kReset || packet.kind == Kind::kEnd) return;
        if (packet.kind == Kind::kRefused || packet.kind == Kind::kRefusal) return;
        side.outgoing.clear();
        unschedule(side.arrival);
        return send(number, at, {Kind::kReset, {}});
    }
    if (packet.kind == Kind::kReset) {
        side.outgoing.clear();
        unschedule(side.arrival);
        return fail(number, at, reset_error(side.peer));
    }
    if (packet.kind == Kind::kRefusal) {
        const auto why = static_cast<TlsRefusal>(packet.bytes.front());
        return fail(number, at, tls_error(side.peer, why));
    }
    if (at == 0 && side.state != SimSide::State::kOpen) {
        return take_at_client(number, connection, packet);
    }
    if (at == 1 && side.state == SimSide::State::kHandshake) {
        return take_handshake(number, connection, packet);
    }
    take_stream(number, connection, at, packet);
}

void SimWire::take_stream(uint64_t number, SimConnection& connection, int at,
                          const SimPacket& packet) {
    SimSide& side = connection.sides[at];
    if (packet.kind == SimPacket::Kind::kHello) {
        side.lingers = true;
        const char why = static_cast<char>(TlsRefusal::kPeerIsPlain);
        send(number, at, {SimPacket::Kind::kRefusal, std::string(1, why)});
        return fail(number, at, tls_error(side.peer, TlsRefusal::kPeerIsTls));
    }
    if (packet.kind == SimPacket::Kind::kEnd) side.end_arrived = true;
    side.received += packet.bytes;
    tell(side, TransportEventKind::kReadable);
}

// --- ends ----------------------------------------------------------------------------------------

void SimWire::tell(SimSide& side, TransportEventKind kind) {
    SimNode& node = nodes.at(side.node);
    if (kind == TransportEventKind::kReadable) {
        if (!side.told || !side.found_nothing) return;
        side.found_nothing = false;
    }
    node.events.push_back({kind, side.id, 0, side.peer, std::nullopt});
    if (kind == TransportEventKind::kAccepted) node.events.back().listener = side.listener;
}

// The writer at `side` may have learnt that its peer has read.
void SimWire::tell_room(SimConnection& connection, int side) {
    SimSide& writer = connection.sides[side];
    const SimSide& reader = connection.sides[1 - side];
    if (writer.state != SimSide::State::kOpen || way(reader.node, writer.node).cut) return;
    writer.room_used = writer.written - reader.read;
    if (!writer.wants_room || writer.room_used >= buffer_bytes) return;
    writer.wants_room = false;
    tell(writer, TransportEventKind::kWritable);
}

void SimWire::fail(uint64_t number, int at, Error error) {
    SimSide& side = connections.at(number).sides[at];
    if (side.state == SimSide::State::kGone || side.id == 0) {
        side.state = SimSide::State::kGone;
        return;
    }
    std::deque<TransportEvent>& events = nodes.at(side.node).events;
    std::erase_if(events, [&](const TransportEvent& event) {
        return event.connection == side.id && (event.kind == TransportEventKind::kReadable ||
                                               event.kind == TransportEventKind::kWritable);
    });
    const ListenerId listener = side.told ? 0 : side.listener;
    events.push_back({TransportEventKind::kClosed, side.id, listener, side.peer, std::move(error)});
    leave(number, at);
}

// The process no longer has this end; what it sent may still be on its way.
void SimWire::leave(uint64_t number, int at) {
    SimSide& side = connections.at(number).sides[at];
    SimNode& node = nodes.at(side.node);
    const SimSide::State was = std::exchange(side.state, SimSide::State::kGone);
    unschedule(side.limit);
    node.connections.erase(side.id);
    side.received.clear();
    if (was == SimSide::State::kLookup) --node.lookups;
    if (at == 0) return;
    if (was == SimSide::State::kQueued) {
        const auto listener = node.listeners.find(side.listener);
        if (listener != node.listeners.end()) std::erase(listener->second.queue, number);
    }
    if (was != SimSide::State::kHandshake) return;
    --node.handshakes;
    next_handshake(node);
}

// Once neither end is there; the one that would accept may never have been asked.
void SimWire::forget(uint64_t number) {
    const auto found = connections.find(number);
    if (found == connections.end()) return;
    SimSide* sides = found->second.sides;
    if (sides[0].state != SimSide::State::kGone) return;
    const bool unasked = sides[1].id == 0 && sides[0].outgoing.empty();
    if (sides[1].state != SimSide::State::kGone && !unasked) return;
    for (SimSide& side : found->second.sides) unschedule(side.arrival);
    connections.erase(found);
}

// Of what is on its way a prefix is left, which may end within a piece.
void SimWire::cut_short(uint64_t number, int at, bool within) {
    SimSide& side = connections.at(number).sides[at];
    const size_t kept = random.below(side.outgoing.size() + 1);
    const bool halves =
        within && kept < side.outgoing.size() && side.outgoing[kept].kind == SimPacket::Kind::kData;
    if (halves) {
        std::string& bytes = side.outgoing[kept].bytes;
        bytes.resize(random.below(bytes.size()));
    }
    side.outgoing.resize(kept + (halves ? 1 : 0), SimPacket{SimPacket::Kind::kData, {}});
    if (side.outgoing.empty()) unschedule(side.arrival);
}

void SimWire::kill(const std::string& name, SimDeath death) {
    SimNode& node = this->node(name);
    for (auto& [number, connection] : connections) {
        for (const int at : {0, 1}) {
            SimSide& side = connection.sides[at];
            if (side.node != name) continue;
            const SimSide::State was = std::exchange(side.state, SimSide::State::kGone);
            unschedule(side.limit);
            if (was == SimSide::State::kLookup) unschedule(side.arrival);
            if (was == SimSide::State::kGone && death == SimDeath::kProcess) continue;
            cut_short(number, at, true);
            if (death == SimDeath::kMachine || was == SimSide::State::kLookup) continue;
            const bool in_order = side.received.empty() && random.below(2) == 0;
            const auto kind = in_order ? SimPacket::Kind::kEnd : SimPacket::Kind::kReset;
            side.received.clear();
            send(number, at, {kind, {}});
        }
    }
    ++node.life;
    node.running = node.paused = node.halted = false;
    node.machine_up = death == SimDeath::kProcess;
    node.halt_after = UINT64_MAX;
    node.handshakes = node.lookups = 0;
    node.listeners.clear();
    node.connections.clear();
    node.events.clear();
    release(name);
    for (auto next = connections.begin(); next != connections.end();) forget(next++->first);
}

void SimWire::reset_between(const std::string& from, const std::string& to) {
    std::vector<uint64_t> broken;
    for (auto& [number, connection] : connections) {
        const SimSide* sides = connection.sides;
        const bool over = (sides[0].node == from && sides[1].node == to) ||
                          (sides[1].node == from && sides[0].node == to);
        if (over && sides[0].state != SimSide::State::kLookup) broken.push_back(number);
    }
    for (const uint64_t number : broken) {
        for (const int at : {0, 1}) {
            SimSide& side = connections.at(number).sides[at];
            side.outgoing.clear();
            unschedule(side.arrival);
            fail(number, at, reset_error(side.peer));
        }
        forget(number);
    }
}

void SimWire::release(const std::string& name) {
    for (auto& [number, connection] : connections) {
        for (const int at : {0, 1}) {
            SimSide& side = connection.sides[at];
            const std::string& to = connection.sides[1 - at].node;
            if (side.node != name && to != name) continue;
            if (!side.outgoing.empty() && !side.arrival) {
                schedule_first(number, at, now_us + way(side.node, to).link.delay_us);
            }
            tell_room(connection, at);
            const bool late =
                side.node == name && side.id != 0 && !side.limit &&
                (side.state == SimSide::State::kLookup || side.state == SimSide::State::kOpening ||
                 side.state == SimSide::State::kHandshake);
            if (late) side.limit = schedule(now_us, {Due::Kind::kLimit, number, at});
        }
    }
}

}  // namespace synap
