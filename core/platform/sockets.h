// Sockets of TCP: addresses, and what each socket of ours is set to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>

#include "core/base/result.h"
#include "core/platform/descriptor.h"
#include "core/platform/transport.h"

namespace synap {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

// "10.0.0.5:41234"; an IPv4 address that an IPv6 socket shows is shown as what it is.
std::string to_string(const SocketAddress& address);

// Of a name or an address; `flags` as of getaddrinfo. At most kAddressesTried.
struct Lookup {
    std::vector<SocketAddress> addresses;
    std::string error;  // when there are none
};
Lookup look_up(const Endpoint& endpoint, int flags);

// Sockets do not block, are closed by exec and never have number 0, 1 or 2. Below 0, with errno
// set, on failure.
Descriptor open_socket(int family) noexcept;
Descriptor accept_socket(int listener, SocketAddress& peer) noexcept;
// No waiting for fuller packets; the kernel looks after silent peers too.
void tune_socket(int socket) noexcept;

// As send and recv, never a signal.
ssize_t send_some(int socket, std::string_view bytes) noexcept;
ssize_t receive_some(int socket, std::span<char> into) noexcept;

Result<Descriptor> listen_socket(const Endpoint& at);
uint16_t port_of(int socket) noexcept;

// kIo with the words of `error`, a number of errno; a shortage is told as one.
Error socket_error(std::string_view what, int error);
bool is_shortage(int error) noexcept;

}  // namespace synap
