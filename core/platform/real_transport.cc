// Waiting, listening and accepting. real_connections.cc has what a connection goes through.
#include "core/platform/real_transport.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "core/base/assert.h"
#include "core/platform/real_connections.h"
#include "core/platform/tls_words.h"

namespace synap {
namespace {

constexpr uint64_t kWakeToken = 0;
constexpr uint64_t kAcceptAgainUs = 100'000;
constexpr size_t kWireBytes = 16 * 1024;

}  // namespace

Result<std::unique_ptr<Transport>> open_real_transport(Clock& clock,
                                                       const TransportLimits& limits) {
    Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
    if (epoll.get() < 0) return socket_error("cannot use the network", errno);
    Descriptor wake(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (wake.get() < 0) return socket_error("cannot use the network", errno);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = kWakeToken;
    if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, wake.get(), &event) != 0) {
        return socket_error("cannot use the network", errno);
    }
    return std::unique_ptr<Transport>(
        new RealTransport(clock, limits, std::move(epoll), std::move(wake)));
}

RealTransport::RealTransport(Clock& clock, const TransportLimits& limits, Descriptor epoll,
                             Descriptor wake)
    : clock_(clock),
      limits_(limits),
      epoll_(std::move(epoll)),
      resolver_(std::move(wake)),
      buffer_(kWireBytes) {}

bool RealTransport::watch(int descriptor, uint64_t token, uint32_t events) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = token;
    return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) == 0;
}

// --- listeners -----------------------------------------------------------------------------------

Result<Listening> RealTransport::listen(const Endpoint& at, const std::optional<TlsServer>& tls) {
    if (listeners_.size() >= limits_.listeners) return too_many_error(to_string(at), "listeners");
    std::shared_ptr<const TlsContext> context;
    if (tls) {
        auto loaded = TlsContext::load(*tls);
        if (!loaded) return loaded.take_failure();
        context = *std::move(loaded);
    }
    auto opened = listen_socket(at);
    if (!opened) return opened.take_failure();
    const ListenerId id = ++next_id_;
    Listener& listener = listeners_.emplace(id, *std::move(opened)).first->second;
    listener.files = tls;
    listener.tls = std::move(context);
    if (!watch(listener.socket.get(), id, EPOLLIN)) {
        const int error = errno;
        listeners_.erase(id);
        return socket_error("cannot listen on " + to_string(at), error);
    }
    return Listening{id, port_of(listener.socket.get())};
}

Status RealTransport::reload_tls(ListenerId id) {
    const auto found = listeners_.find(id);
    if (found == listeners_.end() || !found->second.files) {
        return Error{Code::kInvalidArgument, "no listener with TLS has this number"};
    }
    auto loaded = TlsContext::load(*found->second.files);
    if (!loaded) return loaded.take_failure();
    found->second.tls = *std::move(loaded);
    return {};
}

void RealTransport::stop_listening(ListenerId id) { listeners_.erase(id); }

void RealTransport::rest(Listener& listener) {
    epoll_event event{};
    listener.rests = true;
    static_cast<void>(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.socket.get(), &event));
}

void RealTransport::resume_listeners() {
    for (auto& [id, listener] : listeners_) {
        if (!listener.rests) continue;
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.u64 = id;
        listener.rests = false;
        static_cast<void>(epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener.socket.get(), &event));
    }
}

void RealTransport::accept_all(ListenerId id) {
    constexpr int kAtOnce = 64;
    const auto found = listeners_.find(id);
    if (found == listeners_.end()) return;
    Listener& listener = found->second;
    for (int i = 0; i < kAtOnce; ++i) {
        if (listener.tls != nullptr && handshakes_ >= limits_.handshakes) return rest(listener);
        SocketAddress peer;
        Descriptor socket = accept_socket(listener.socket.get(), peer);
        if (socket.get() < 0) {
            if (is_shortage(errno)) {
                // Those who wait stay in the kernel's queue.
                accept_again_us_ = clock_.monotonic_us() + kAcceptAgainUs;
                return rest(listener);
            }
            if (errno == EAGAIN) return;
            continue;  // that one has gone already
        }
        accept_one(id, listener, std::move(socket), peer);
    }
}

void RealTransport::accept_one(ListenerId id, const Listener& listener, Descriptor socket,
                               const SocketAddress& peer) {
    if (owned() >= limits_.connections) return;
    tune_socket(socket.get());
    Connection& connection = add(++next_id_, to_string(peer));
    connection.listener = id;
    connection.context = listener.tls;
    connection.socket.emplace(std::move(socket));
    connection.state = Connection::State::kHandshake;
    connection.give_up_us = clock_.monotonic_us() + limits_.establish_us;
    set_alarm(connection, connection.give_up_us);
    ++handshakes_;
    const uint32_t edges = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    if (!watch(connection.socket->get(), connection.id, edges)) {
        return fail(connection, socket_error("cannot accept " + connection.peer, errno));
    }
    begin_stream(connection);
}

// --- waiting -------------------------------------------------------------------------------------

int RealTransport::timeout_ms(uint64_t deadline_us) {
    uint64_t until = deadline_us;
    if (!alarms_.empty()) until = std::min(until, alarms_.begin()->first);
    if (accept_again_us_ != 0) until = std::min(until, accept_again_us_);
    const uint64_t now = clock_.monotonic_us();
    if (!events_.empty() || until <= now) return 0;
    return static_cast<int>(std::min<uint64_t>((until - now + 999) / 1000, INT_MAX));
}

void RealTransport::wait(uint64_t deadline_us, std::vector<TransportEvent>& events) {
    events.clear();
    do {
        epoll_event ready[64];
        const int n = epoll_wait(epoll_.get(), ready, 64, timeout_ms(deadline_us));
        for (int i = 0; i < n; ++i) {
            const uint64_t token = ready[i].data.u64;
            if (token == kWakeToken) {
                uint64_t count = 0;
                woken_ = true;
                static_cast<void>(!::read(resolver_.wake_descriptor(), &count, sizeof count));
                continue;
            }
            const auto found = connections_.find(token);
            if (found != connections_.end()) {
                on_socket(*found->second, ready[i].events);
            } else {
                accept_all(token);
            }
        }
        if (woken_) take_lookups();
        ring_alarms();
    } while (events_.empty() && !woken_ && clock_.monotonic_us() < deadline_us);
    woken_ = false;
    while (!events_.empty() && events.size() < kEventsAtOnce) {
        events.push_back(std::move(events_.front()));
        events_.pop_front();
    }
}

void RealTransport::take_lookups() {
    for (Resolver::Found& found : resolver_.take()) {
        const auto wanted = connections_.find(found.token);
        if (wanted == connections_.end()) continue;
        begin_connecting(*wanted->second, std::move(found.lookup));
    }
}

void RealTransport::set_alarm(Connection& connection, uint64_t at_us) {
    if (connection.alarm_us != 0) alarms_.erase({connection.alarm_us, connection.id});
    connection.alarm_us = at_us;
    if (at_us != 0) alarms_.insert({at_us, connection.id});
}

void RealTransport::ring_alarms() {
    const uint64_t now = clock_.monotonic_us();
    if (accept_again_us_ != 0 && accept_again_us_ <= now) {
        accept_again_us_ = 0;
        resume_listeners();
    }
    while (!alarms_.empty() && alarms_.begin()->first <= now) {
        Connection& connection = *connections_.at(alarms_.begin()->second);
        set_alarm(connection, 0);
        if (!is_mine(connection)) {
            remove(connection.id);
        } else if (connection.state == Connection::State::kConnecting) {
            try_next_address(connection, ETIMEDOUT);
        } else {
            const bool handshake = connection.state == Connection::State::kHandshake;
            const char* const what = handshake ? "finish its TLS handshake" : "answer";
            fail(connection, slow_error(connection.peer, what, limits_.establish_us));
        }
    }
}

}  // namespace synap
