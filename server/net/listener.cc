#include "server/net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <exception>
#include <string>
#include <system_error>
#include <utility>

#include "server/log/log.h"
#include "server/net/address.h"

namespace synap::server {
namespace {

namespace asio = boost::asio;

// Accepted in one go before the signals and timers of the thread get their turn.
constexpr int kMaxAccepts = 64;
// How long accepting rests when the process has no descriptor left.
constexpr std::chrono::milliseconds kPause{100};

void set_option(int fd, int level, int name, int value) noexcept {
    static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

// A silent peer is probed after `idle_s`, then three times in as long again.
void keep_alive(int fd, uint32_t idle_s) noexcept {
    const int idle = static_cast<int>(idle_s);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, idle / 3));
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

// What happened to a connection before it was accepted: the next one may be sound.
bool concerns_one_connection(int error) noexcept {
    switch (error) {
        case ECONNABORTED:
        case EINTR:
        case EPROTO:
        case EPERM:  // a rule of the firewall
        case ENETDOWN:
        case ENETUNREACH:
        case ENOPROTOOPT:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENONET:
        case EOPNOTSUPP:
        case ETIMEDOUT:
            return true;
        default:
            return false;
    }
}

}  // namespace

struct Listener::Socket {
    Socket(asio::io_context& io, int fd) : descriptor(io, fd), timer(io) {}
    ~Socket() { descriptor.release(); }

    asio::posix::stream_descriptor descriptor;
    asio::steady_timer timer;
    bool waits = false;  // for a connection, or for the end of a pause
};

Listener::Listener(asio::io_context& io, const ListeningSockets& sockets, Shared& shared,
                   std::vector<std::unique_ptr<Loop>>& loops)
    : shared_(shared), loops_(loops), admission_(io, shared, [this](int fd) { adopt_probe(fd); }) {
    for (const int fd : sockets.descriptors()) {
        sockets_.push_back(std::make_unique<Socket>(io, fd));
    }
}

Listener::~Listener() = default;

void Listener::start() {
    for (auto& socket : sockets_) {
        if (!socket->waits) wait(*socket);
    }
}

// Timers have nothing to throw at a cancel().
void Listener::stop() noexcept {  // NOLINT(bugprone-exception-escape)
    stopped_ = true;
    for (auto& socket : sockets_) {
        boost::system::error_code ignored;
        socket->descriptor.cancel(ignored);
        socket->timer.cancel();
    }
    admission_.stop();
}

void Listener::wait(Socket& socket) {
    socket.descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [this, &socket](const boost::system::error_code& error) {
                                     socket.waits = false;
                                     if (stopped_) return;
                                     if (error) {
                                         pause(socket, error.value());
                                     } else {
                                         accept_ready(socket);
                                     }
                                 });
    socket.waits = true;
}

void Listener::accept_ready(Socket& socket) {
    for (int i = 0; i < kMaxAccepts; ++i) {
        sockaddr_storage peer{};
        socklen_t size = sizeof peer;
        const int fd =
            ::accept4(socket.descriptor.native_handle(), reinterpret_cast<sockaddr*>(&peer), &size,
                      SOCK_NONBLOCK | SOCK_CLOEXEC);  // NOLINT
        if (fd >= 0) {
            short_ = false;
            deal(fd, peer);
        } else if (errno == EAGAIN) {
            break;
        } else if (!concerns_one_connection(errno)) {
            pause(socket, errno);
            return;
        }
    }
    wait(socket);
}

void Listener::deal(int fd, const sockaddr_storage& peer) {
    shared_.accepted.fetch_add(1, std::memory_order_relaxed);
    bool counted = false;
    try {
        if (shared_.settings.is_protected && !is_loopback(peer)) {
            admission_.take(fd, Admission::Reason::kProtected);
            return;
        }
        counted = true;
        const uint64_t open = shared_.connections.fetch_add(1, std::memory_order_relaxed);
        if (open >= shared_.settings.limits.max_connections) {
            shared_.left(false);
            counted = false;
            admission_.take(fd, Admission::Reason::kFull);
            return;
        }
        set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        if (shared_.settings.tcp_keepalive_s != 0) keep_alive(fd, shared_.settings.tcp_keepalive_s);
        loops_[next_]->adopt(fd);
        next_ = (next_ + 1) % loops_.size();
    } catch (const std::exception& error) {
        log::error("a connection was refused", {{"reason", error.what()}});
        ::close(fd);
        if (counted) shared_.left(false);
    }
}

// Serves the probe of a client that is refused otherwise.
void Listener::adopt_probe(int fd) {
    try {
        loops_[next_]->adopt(fd, true);
    } catch (const std::exception& error) {
        log::error("a connection was refused", {{"reason", error.what()}});
        ::close(fd);
        shared_.left(true);
    }
}

// Rests, then goes on. Said once for as long as it lasts.
void Listener::pause(Socket& socket, int error) {
    if (!std::exchange(short_, true)) {
        log::warn("cannot accept connections; trying again",
                  {{"reason", std::generic_category().message(error)}});
    }
    socket.timer.expires_after(kPause);
    socket.timer.async_wait([this, &socket](const boost::system::error_code&) {
        socket.waits = false;
        if (!stopped_) wait(socket);
    });
    socket.waits = true;
}

}  // namespace synap::server
