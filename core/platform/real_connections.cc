// What a connection of the real transport goes through.
#include "core/platform/real_connections.h"

#include <netdb.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "core/base/assert.h"
#include "core/platform/tls_words.h"

namespace synap {
namespace {

constexpr size_t kPartsAtOnce = 64;

int pending_error(int socket) noexcept {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return errno;
    return error;
}

}  // namespace

// --- the table of connections --------------------------------------------------------------------

RealTransport::Connection& RealTransport::add(ConnectionId id, std::string peer) {
    auto& made = connections_[id] = std::make_unique<Connection>();
    made->id = id;
    made->peer = std::move(peer);
    return *made;
}

RealTransport::Connection* RealTransport::open_one(ConnectionId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return nullptr;
    return found->second->state == Connection::State::kOpen ? found->second.get() : nullptr;
}

void RealTransport::tell(Connection& connection, TransportEventKind kind) {
    if (kind == TransportEventKind::kReadable) {
        if (!connection.found_nothing) return;
        connection.found_nothing = false;
    }
    events_.push_back({kind, connection.id, 0, connection.peer, std::nullopt});
    if (kind == TransportEventKind::kAccepted) events_.back().listener = connection.listener;
}

// --- connecting ----------------------------------------------------------------------------------

ConnectionId RealTransport::connect(const Endpoint& to, const std::optional<TlsClient>& tls) {
    const bool full = owned() >= limits_.connections;
    Connection& connection = add(++next_id_, to_string(to));
    const ConnectionId id = connection.id;
    connection.give_up_us = clock_.monotonic_us() + limits_.establish_us;
    set_alarm(connection, connection.give_up_us);
    if (full) {
        fail(connection, too_many_error(connection.peer, "connections"));
        return id;
    }
    if (tls) {
        connection.server_name = tls->server_name.empty() ? to.host : tls->server_name;
        auto loaded = TlsContext::load(*tls);
        if (!loaded) {
            fail(connection, loaded.take_error());
            return id;
        }
        connection.context = *std::move(loaded);
    }
    Lookup numeric = look_up(to, AI_NUMERICHOST);
    if (!numeric.addresses.empty()) {
        begin_connecting(connection, std::move(numeric));
        return id;
    }
    if (resolver_.pending() >= limits_.lookups) {
        fail(connection, too_many_error(connection.peer, "lookups of names"));
        return id;
    }
    if (auto started = resolver_.start(id, to); !started) fail(connection, started.take_error());
    return id;
}

void RealTransport::begin_connecting(Connection& connection, Lookup found) {
    if (found.addresses.empty()) {
        const std::string name = connection.peer.substr(0, connection.peer.rfind(':'));
        return fail(connection, unresolved_error(name, found.error));
    }
    connection.state = Connection::State::kConnecting;
    connection.addresses = std::move(found.addresses);
    try_next_address(connection, 0);
}

// `error` is what became of the previous one.
void RealTransport::try_next_address(Connection& connection, int error) {
    while (connection.tried < connection.addresses.size()) {
        const SocketAddress& address = connection.addresses[connection.tried++];
        connection.socket.reset();
        if (!try_address(connection, address)) {
            error = errno;
            continue;
        }
        // What is left of the time is shared among those that are left.
        const uint64_t now = clock_.monotonic_us();
        const uint64_t left = connection.give_up_us > now ? connection.give_up_us - now : 0;
        const size_t others = connection.addresses.size() - connection.tried;
        return set_alarm(connection, now + left / (others + 1));
    }
    if (error == ETIMEDOUT) {
        return fail(connection, slow_error(connection.peer, "answer", limits_.establish_us));
    }
    fail(connection, socket_error("cannot connect to " + connection.peer, error));
}

bool RealTransport::try_address(Connection& connection, const SocketAddress& address) {
    connection.socket.emplace(open_socket(address.storage.ss_family));
    const int socket = connection.socket->get();
    if (socket < 0) return false;
    tune_socket(socket);
    const int outcome =
        unless_interrupted([&] { return ::connect(socket, address.get(), address.size); });
    if (outcome != 0 && errno != EINPROGRESS) return false;
    return watch(socket, connection.id, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

// TCP is there.
void RealTransport::begin_stream(Connection& connection) {
    if (connection.context == nullptr) return establish(connection);
    connection.state = Connection::State::kHandshake;
    set_alarm(connection, connection.give_up_us);
    auto begun = TlsStream::begin(connection.context, connection.listener != 0,
                                  connection.server_name, connection.peer, clock_);
    if (!begun) return fail(connection, begun.take_error());
    connection.tls = *std::move(begun);
    drive_handshake(connection);
}

void RealTransport::drive_handshake(Connection& connection) {
    TlsStream& tls = *connection.tls;
    for (;;) {
        const bool done = tls.handshake();
        if (tls.failure()) return fail(connection, *tls.failure());
        if (!flush(connection)) return;
        if (done) return establish(connection);
        const int fed = feed(connection);
        if (fed == 0) return;
        if (fed < 0) return break_off(connection, errno);
    }
}

void RealTransport::establish(Connection& connection) {
    const bool accepted = connection.listener != 0;
    connection.state = Connection::State::kOpen;
    set_alarm(connection, 0);
    tell(connection, accepted ? TransportEventKind::kAccepted : TransportEventKind::kConnected);
    connection.told = true;
    // Bytes that came with the end of the handshake give no edge of their own.
    if (connection.tls != nullptr) tell(connection, TransportEventKind::kReadable);
    if (!accepted) return;
    --handshakes_;
    resume_listeners();
}

// --- streams -------------------------------------------------------------------------------------

void RealTransport::on_socket(Connection& connection, uint32_t flags) {
    using State = Connection::State;
    if (connection.state == State::kLingering) return go_on_lingering(connection);
    const bool ends = (flags & (EPOLLERR | EPOLLHUP)) != 0;
    if (connection.state == State::kConnecting) {
        if (!ends && (flags & EPOLLOUT) == 0) return;
        const int error = pending_error(connection.socket->get());
        if (error != 0) return try_next_address(connection, error);
        const ConnectionId id = connection.id;
        begin_stream(connection);
        if (open_one(id) == nullptr) return;
    } else if (connection.state == State::kHandshake) {
        return drive_handshake(connection);
    }
    if ((flags & EPOLLERR) != 0 && connection.tls == nullptr) {
        const int error = pending_error(connection.socket->get());
        if (error != 0) return break_off(connection, error);
    }
    if ((flags & (EPOLLERR | EPOLLOUT)) != 0 && connection.tls != nullptr && !flush(connection)) {
        return;
    }
    const bool room = connection.tls == nullptr || connection.tls->output().empty();
    if ((flags & EPOLLOUT) != 0 && connection.wants_room && room) {
        connection.wants_room = false;
        tell(connection, TransportEventKind::kWritable);
    }
    if ((flags & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        tell(connection, TransportEventKind::kReadable);
    }
}

bool RealTransport::flush(Connection& connection) {
    for (;;) {
        const std::string_view bytes = connection.tls->output();
        if (bytes.empty()) break;
        const ssize_t n = send_some(connection.socket->get(), bytes);
        if (n < 0) {
            if (errno == EAGAIN) return true;
            break_off(connection, errno);
            return false;
        }
        connection.tls->sent(static_cast<size_t>(n));
    }
    if (connection.finished && !connection.shut) {
        connection.shut = true;
        static_cast<void>(shutdown(connection.socket->get(), SHUT_WR));
    }
    return true;
}

int RealTransport::feed(Connection& connection) {
    TlsStream& tls = *connection.tls;
    if (!tls.wants_input()) return 1;
    const ssize_t n = receive_some(connection.socket->get(), buffer_);
    if (n < 0) return errno == EAGAIN ? 0 : -1;
    if (n == 0) {
        tls.feed_end();
    } else {
        tls.feed({buffer_.data(), static_cast<size_t>(n)});
    }
    return 1;
}

// The socket failed. Under TLS the peer may have said why before it closed.
void RealTransport::break_off(Connection& connection, int error) {
    if (connection.tls != nullptr) {
        TlsStream& tls = *connection.tls;
        while (!tls.failure() && tls.wants_input() && feed(connection) > 0) {
            if (!tls.established()) {
                static_cast<void>(tls.handshake());
                continue;
            }
            char discarded[1024];
            while (tls.read(discarded).bytes > 0) {
            }
        }
        if (tls.failure()) return fail(connection, *tls.failure());
    }
    const bool handshake = connection.state == Connection::State::kHandshake;
    const std::string what = handshake ? "TLS with " + connection.peer + " failed"
                                       : "the connection with " + connection.peer + " broke";
    fail(connection, socket_error(what, error));
}

ReadOutcome RealTransport::read(ConnectionId from, std::span<char> into) {
    Connection* const connection = open_one(from);
    if (connection == nullptr) return {};
    return connection->tls != nullptr ? read_tls(*connection, into) : read_plain(*connection, into);
}

ReadOutcome RealTransport::read_plain(Connection& connection, std::span<char> into) {
    const ssize_t n = receive_some(connection.socket->get(), into);
    if (n < 0) {
        connection.found_nothing = true;
        if (errno != EAGAIN) break_off(connection, errno);
        return {};
    }
    if (n == 0) return {0, true};
    const bool first = !std::exchange(connection.heard, true);
    if (first && begins_as_tls({into.data(), static_cast<size_t>(n)})) {
        // An alert is an answer to what was written here already, and needs none.
        if (connection.listener != 0) connection.last_words = kPlainAnswer;
        fail(connection, tls_error(connection.peer, TlsRefusal::kPeerIsTls));
        return {};
    }
    return {static_cast<size_t>(n), false};
}

ReadOutcome RealTransport::read_tls(Connection& connection, std::span<char> into) {
    TlsStream& tls = *connection.tls;
    for (;;) {
        const ReadOutcome outcome = tls.read(into);
        if (outcome.bytes > 0 || outcome.ended) return outcome;
        if (tls.failure()) {
            fail(connection, *tls.failure());
            return {};
        }
        const int fed = feed(connection);
        if (fed > 0) continue;
        connection.found_nothing = true;
        if (fed < 0) {
            break_off(connection, errno);
        } else {
            static_cast<void>(flush(connection));
        }
        return {};
    }
}

size_t RealTransport::write(ConnectionId to, std::span<const std::string_view> parts) {
    Connection* const connection = open_one(to);
    if (connection == nullptr || connection->finished) return 0;
    return connection->tls != nullptr ? write_tls(*connection, parts)
                                      : write_plain(*connection, parts);
}

size_t RealTransport::write_plain(Connection& connection, std::span<const std::string_view> parts) {
    size_t taken = 0;
    size_t begun = 0;  // of the first part
    while (!parts.empty()) {
        iovec vectors[kPartsAtOnce];
        size_t count = 0;
        for (const std::string_view part : parts.first(std::min(parts.size(), kPartsAtOnce))) {
            const size_t skipped = count == 0 ? begun : 0;
            vectors[count].iov_base = const_cast<char*>(part.data()) + skipped;
            vectors[count++].iov_len = part.size() - skipped;
        }
        msghdr message{};
        message.msg_iov = vectors;
        message.msg_iovlen = count;
        const ssize_t n = unless_interrupted(
            [&] { return sendmsg(connection.socket->get(), &message, MSG_NOSIGNAL); });
        if (n < 0) {
            connection.wants_room = errno == EAGAIN;
            if (errno != EAGAIN) break_off(connection, errno);
            return taken;
        }
        taken += static_cast<size_t>(n);
        begun += static_cast<size_t>(n);
        while (!parts.empty() && begun >= parts.front().size()) {
            begun -= parts.front().size();
            parts = parts.subspan(1);
        }
    }
    return taken;
}

size_t RealTransport::write_tls(Connection& connection, std::span<const std::string_view> parts) {
    size_t taken = 0;
    for (std::string_view part : parts) {
        while (!part.empty()) {
            const size_t n = connection.tls->write(part);
            taken += n;
            part.remove_prefix(n);
            if (connection.tls->failure()) {
                fail(connection, *connection.tls->failure());
                return taken;
            }
            if (!flush(connection)) return taken;
            if (n == 0 && !connection.tls->output().empty()) {
                connection.wants_room = true;
                return taken;
            }
        }
    }
    return taken;
}

void RealTransport::finish(ConnectionId id) {
    Connection* const connection = open_one(id);
    if (connection == nullptr || std::exchange(connection->finished, true)) return;
    if (connection->tls != nullptr) {
        connection->tls->finish();
        static_cast<void>(flush(*connection));
    } else {
        static_cast<void>(shutdown(connection->socket->get(), SHUT_WR));
    }
}

void RealTransport::close(ConnectionId id) {
    const auto found = connections_.find(id);
    if (found == connections_.end() || !is_mine(*found->second)) return;
    std::erase_if(events_, [&](const TransportEvent& event) { return event.connection == id; });
    const Connection& connection = *found->second;
    if (connection.listener != 0 && !connection.told) {
        --handshakes_;
        resume_listeners();
    }
    remove(id);
}

}  // namespace synap
