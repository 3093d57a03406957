#include "server/net/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "server/log/log.h"

namespace synap::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Accepted in one go before the signals and timers of the thread get their turn.
constexpr int kMaxAccepts = 64;
/// How long accepting rests when the process has no descriptor left.
constexpr std::chrono::milliseconds kPause{100};
constexpr std::string_view kTooMany = "-ERR max number of clients reached\r\n";

void set_option(int fd, int level, int name, int value) noexcept {
    static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

/// A silent peer is probed after `idle_s`, then three times in as long again.
void keep_alive(int fd, std::uint32_t idle_s) noexcept {
    const int idle = static_cast<int>(idle_s);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, idle / 3));
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace

struct Listener::Socket {
    explicit Socket(asio::io_context& io) : acceptor(io), timer(io) {}

    tcp::acceptor acceptor;
    asio::steady_timer timer;
};

Listener::Listener(asio::io_context& io, Shared& shared, std::vector<std::unique_ptr<Loop>>& loops)
    : socket_(std::make_unique<Socket>(io)), shared_(shared), loops_(loops) {
    const Settings& settings = shared.settings;
    const std::string where = settings.host + ":" + std::to_string(settings.port);
    boost::system::error_code error;
    const auto check = [&](const char* step) {
        if (error) {
            throw std::system_error(error.value(), std::generic_category(),
                                    std::string("cannot ") + step + " " + where);
        }
    };
    const auto found = tcp::resolver(io).resolve(settings.host, std::to_string(settings.port),
                                                 tcp::resolver::passive, error);
    if (error || found.empty()) {
        throw std::runtime_error("cannot listen on " + where + ": there is no such address");
    }
    const tcp::endpoint endpoint = found.begin()->endpoint();
    tcp::acceptor& acceptor = socket_->acceptor;
    acceptor.open(endpoint.protocol(), error);
    check("open a socket for");
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    check("prepare a socket for");
    acceptor.bind(endpoint, error);
    check("bind to");
    acceptor.listen(settings.backlog, error);
    check("listen on");
    acceptor.native_non_blocking(true, error);
    check("prepare a socket for");
}

Listener::~Listener() = default;

std::uint16_t Listener::port() const noexcept {
    boost::system::error_code error;
    const tcp::endpoint endpoint = socket_->acceptor.local_endpoint(error);
    return error ? 0 : endpoint.port();
}

void Listener::start() { wait(); }

void Listener::stop() {
    boost::system::error_code error;
    socket_->timer.cancel();
    socket_->acceptor.close(error);
}

void Listener::wait() {
    socket_->acceptor.async_wait(tcp::acceptor::wait_read,
                                 [this](const boost::system::error_code& error) {
                                     if (!error) {
                                         accept_ready();
                                     }
                                 });
}

void Listener::accept_ready() {
    const int listening = socket_->acceptor.native_handle();
    for (int i = 0; i < kMaxAccepts; ++i) {
        const int fd = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            deal(fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            log::warn("cannot accept connections",
                      {{"reason", std::generic_category().message(errno)}});
            pause();
            return;
        } else if (errno == EAGAIN) {
            break;
        }
        // Anything else happened to that one connection before it was accepted.
    }
    wait();
}

void Listener::deal(int fd) {
    shared_.accepted.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t open = shared_.connections.fetch_add(1, std::memory_order_relaxed);
    if (open >= shared_.settings.limits.max_connections) {
        shared_.connections.fetch_sub(1, std::memory_order_relaxed);
        shared_.refused.fetch_add(1, std::memory_order_relaxed);
        static_cast<void>(::send(fd, kTooMany.data(), kTooMany.size(), MSG_NOSIGNAL));
        ::close(fd);
        return;
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (shared_.settings.tcp_keepalive_s != 0) {
        keep_alive(fd, shared_.settings.tcp_keepalive_s);
    }
    loops_[next_]->adopt(fd);
    next_ = (next_ + 1) % loops_.size();
}

void Listener::pause() {
    socket_->timer.expires_after(kPause);
    socket_->timer.async_wait([this](const boost::system::error_code& error) {
        if (!error) {
            wait();
        }
    });
}

}  // namespace synap::server
