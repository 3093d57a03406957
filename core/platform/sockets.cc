#include "core/platform/sockets.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace synap {
namespace {

constexpr int kLowest = STDERR_FILENO + 1;

Descriptor raised(int fd) noexcept {
    Descriptor opened(fd);
    if (fd < 0 || fd >= kLowest) return opened;
    return Descriptor(fcntl(fd, F_DUPFD_CLOEXEC, kLowest));
}

void set(int socket, int level, int option, int value) noexcept {
    static_cast<void>(setsockopt(socket, level, option, &value, sizeof value));
}

}  // namespace

std::string to_string(const SocketAddress& address) {
    char text[INET6_ADDRSTRLEN] = "?";
    if (address.storage.ss_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
        inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
        return to_string(Endpoint{text, ntohs(v4.sin_port)});
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
        inet_ntop(AF_INET, v6.sin6_addr.s6_addr + 12, text, sizeof text);
    } else {
        inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    }
    return to_string(Endpoint{text, ntohs(v6.sin6_port)});
}

Lookup look_up(const Endpoint& endpoint, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    const std::string port = std::to_string(endpoint.port);
    addrinfo* list = nullptr;
    const char* host = endpoint.host.empty() ? nullptr : endpoint.host.c_str();
    const int failed = getaddrinfo(host, port.c_str(), &hints, &list);
    if (failed != 0) {
        const int error = errno;
        const bool of_system = failed == EAI_SYSTEM;
        return {{}, of_system ? std::generic_category().message(error) : gai_strerror(failed)};
    }
    const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned(list, freeaddrinfo);
    Lookup found;
    for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
        if (found.addresses.size() == kAddressesTried) break;
        if (at->ai_family != AF_INET && at->ai_family != AF_INET6) continue;
        SocketAddress& address = found.addresses.emplace_back();
        std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
        address.size = at->ai_addrlen;
    }
    if (found.addresses.empty()) found.error = "it has no address of the Internet";
    return found;
}

Descriptor open_socket(int family) noexcept {
    return raised(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

Descriptor accept_socket(int listener, SocketAddress& peer) noexcept {
    return raised(unless_interrupted([&] {
        peer.size = sizeof peer.storage;
        return accept4(listener, peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }));
}

void tune_socket(int socket) noexcept {
    constexpr int kIdleSeconds = 30;
    constexpr int kBetweenSeconds = 10;
    constexpr int kProbes = 3;
    set(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    set(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(socket, IPPROTO_TCP, TCP_KEEPIDLE, kIdleSeconds);
    set(socket, IPPROTO_TCP, TCP_KEEPINTVL, kBetweenSeconds);
    set(socket, IPPROTO_TCP, TCP_KEEPCNT, kProbes);
}

ssize_t send_some(int socket, std::string_view bytes) noexcept {
    return unless_interrupted(
        [&] { return send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
}

ssize_t receive_some(int socket, std::span<char> into) noexcept {
    return unless_interrupted([&] { return recv(socket, into.data(), into.size(), 0); });
}

Result<Descriptor> listen_socket(const Endpoint& at) {
    constexpr int kBacklog = 128;
    const std::string what = "cannot listen on " + to_string(at);
    Lookup found = look_up(at, AI_PASSIVE);
    if (found.addresses.empty()) return Error{Code::kIo, what + ": " + found.error};
    // Every address: one socket of IPv6 takes both, where the machine has IPv6.
    if (at.host.empty()) {
        std::stable_partition(
            found.addresses.begin(), found.addresses.end(),
            [](const SocketAddress& address) { return address.storage.ss_family == AF_INET6; });
    }
    int error = 0;
    for (const SocketAddress& address : found.addresses) {
        Descriptor opened = open_socket(address.storage.ss_family);
        if (opened.get() >= 0) {
            set(opened.get(), SOL_SOCKET, SO_REUSEADDR, 1);
            if (address.storage.ss_family == AF_INET6) {
                set(opened.get(), IPPROTO_IPV6, IPV6_V6ONLY, at.host.empty() ? 0 : 1);
            }
            const bool listens = bind(opened.get(), address.get(), address.size) == 0 &&
                                 listen(opened.get(), kBacklog) == 0;
            if (listens) return opened;
        }
        error = errno;
    }
    return socket_error(what, error);
}

uint16_t port_of(int socket) noexcept {
    SocketAddress own;
    if (getsockname(socket, own.get(), &own.size) != 0) return 0;
    // The port stands at the same place for both families.
    return ntohs(reinterpret_cast<const sockaddr_in&>(own.storage).sin_port);
}

bool is_shortage(int error) noexcept {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

Error socket_error(std::string_view what, int error) {
    return {Code::kIo, std::string(what) + ": " + std::generic_category().message(error),
            is_shortage(error) ? Cause::kShortage : Cause::kUnknown};
}

}  // namespace synap
