// How connections of the real transport end.
#include <sys/socket.h>

#include <cerrno>

#include "core/platform/real_connections.h"

namespace synap {
namespace {

constexpr uint64_t kLingerUs = 1'000'000;
constexpr size_t kLingering = 64;

}  // namespace

void RealTransport::fail(Connection& connection, Error error) {
    std::erase_if(events_, [&](const TransportEvent& event) {
        return event.connection == connection.id && (event.kind == TransportEventKind::kReadable ||
                                                     event.kind == TransportEventKind::kWritable);
    });
    events_.push_back({TransportEventKind::kClosed, connection.id,
                       connection.told ? 0 : connection.listener, connection.peer,
                       std::move(error)});
    linger(connection);
}

// What tells the peer why is sent, and what it sends is thrown away until it ends: a socket that is
// closed with bytes unread takes back what it sent.
void RealTransport::linger(Connection& connection) {
    const bool accepted = connection.listener != 0 && !connection.told;
    if (accepted && connection.state == Connection::State::kHandshake) {
        --handshakes_;
        resume_listeners();
    }
    const bool words = connection.tls != nullptr ? !connection.tls->output().empty()
                                                 : !connection.last_words.empty();
    if (!words || lingering_ >= kLingering) return remove(connection.id);
    connection.state = Connection::State::kLingering;
    ++lingering_;
    set_alarm(connection, clock_.monotonic_us() + kLingerUs);
    go_on_lingering(connection);
}

void RealTransport::go_on_lingering(Connection& connection) {
    const int socket = connection.socket->get();
    while (!connection.shut) {
        const std::string_view words = connection.tls != nullptr
                                           ? connection.tls->output()
                                           : std::string_view(connection.last_words);
        if (words.empty()) {
            connection.shut = true;
            static_cast<void>(shutdown(socket, SHUT_WR));
            break;
        }
        const ssize_t n = send_some(socket, words);
        if (n < 0) {
            if (errno == EAGAIN) return;
            return remove(connection.id);
        }
        if (connection.tls != nullptr) {
            connection.tls->sent(static_cast<size_t>(n));
        } else {
            connection.last_words.erase(0, static_cast<size_t>(n));
        }
    }
    constexpr int kReads = 64;
    for (int i = 0; i < kReads; ++i) {
        const ssize_t n = receive_some(socket, buffer_);
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) break;
    }
    remove(connection.id);
}

void RealTransport::remove(ConnectionId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    if (found->second->state == Connection::State::kLingering) --lingering_;
    set_alarm(*found->second, 0);
    connections_.erase(found);
}

}  // namespace synap
