// What the transports of the simulated network do.
#include <algorithm>

#include "core/platform/sim_wire.h"

namespace synap {

using Kind = SimPacket::Kind;

size_t SimWire::write(const std::string& from, ConnectionId id,
                      std::span<const std::string_view> parts) {
    SimNode& node = this->node(from);
    SimConnection* connection = nullptr;
    SimSide* side = side_of(node, id, &connection);
    if (side == nullptr || side->state != SimSide::State::kOpen || side->finished) return 0;
    std::string bytes;
    for (const std::string_view part : parts) bytes += part;
    if (bytes.empty()) return 0;
    const uint64_t number = node.connections.at(id);
    const int at = side == &connection->sides[0] ? 0 : 1;
    const SimSide& peer = connection->sides[1 - at];
    if (!way(peer.node, from).cut) side->room_used = side->written - peer.read;
    size_t taken = std::min<size_t>(bytes.size(), buffer_bytes - side->room_used);
    side->wants_room = taken < bytes.size();
    if (!counts(node)) taken = random.below(taken + 1);
    side->written += taken;
    side->room_used += taken;
    const size_t piece = std::max<size_t>(way(from, peer.node).link.piece_bytes, 1);
    for (size_t sent = 0; sent < taken;) {
        const size_t size = std::min<size_t>(taken - sent, 1 + random.below(piece));
        send(number, at, {Kind::kData, bytes.substr(sent, size)});
        sent += size;
    }
    return taken;
}

ReadOutcome SimWire::read(const std::string& by, ConnectionId id, std::span<char> into) {
    SimNode& node = this->node(by);
    SimConnection* connection = nullptr;
    SimSide* side = side_of(node, id, &connection);
    if (side == nullptr || side->state != SimSide::State::kOpen) return {};
    const size_t size = std::min(into.size(), side->received.size());
    if (size == 0) {
        if (side->end_arrived) return {0, true};
        side->found_nothing = true;
        return {};
    }
    std::copy_n(side->received.begin(), size, into.begin());
    side->received.erase(0, size);
    side->read += size;
    tell_room(*connection, side == &connection->sides[0] ? 1 : 0);
    return {size, false};
}

void SimWire::finish(const std::string& by, ConnectionId id) {
    SimNode& node = this->node(by);
    SimConnection* connection = nullptr;
    SimSide* side = side_of(node, id, &connection);
    if (side == nullptr || side->state != SimSide::State::kOpen || side->finished) return;
    side->finished = true;
    send(node.connections.at(id), side == &connection->sides[0] ? 0 : 1, {Kind::kEnd, {}});
}

void SimWire::close(const std::string& by, ConnectionId id) {
    SimNode& node = this->node(by);
    std::erase_if(node.events, [&](const TransportEvent& event) { return event.connection == id; });
    SimConnection* connection = nullptr;
    SimSide* side = side_of(node, id, &connection);
    if (side == nullptr) return;
    const uint64_t number = node.connections.at(id);
    const int at = side == &connection->sides[0] ? 0 : 1;
    const bool looking = side->state == SimSide::State::kLookup;
    const bool open = side->state == SimSide::State::kOpen;
    const bool unread = !side->received.empty();
    const bool done = side->finished && side->end_arrived && !unread;
    leave(number, at);
    if (looking) {
        unschedule(side->arrival);
        connection->sides[1].state = SimSide::State::kGone;
    } else if (open && !done && (unread || random.below(2) == 0)) {
        cut_short(number, at, true);
        send(number, at, {Kind::kReset, {}});
    } else if (!open || !side->finished) {
        send(number, at, {open ? Kind::kEnd : Kind::kReset, {}});
    }
    forget(number);
}

void SimWire::stop_listening(const std::string& by, ListenerId id) {
    SimNode& node = this->node(by);
    const auto found = node.listeners.find(id);
    if (found == node.listeners.end()) return;
    const std::deque<uint64_t> queue = std::move(found->second.queue);
    node.listeners.erase(found);
    for (const uint64_t number : queue) {
        send(number, 1, {Kind::kReset, {}});
        leave(number, 1);
    }
}

}  // namespace synap
