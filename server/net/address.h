// Addresses of sockets: as text, and whether they are on this machine.
#pragma once

#include <sys/socket.h>

#include <string>

namespace synap::server {

// "127.0.0.1:4711" or "[::1]:4711".
std::string to_text(const sockaddr_storage& address);
// The other end of a connected socket; "?:0" when it cannot be known.
std::string peer_name(int fd);
// 127.0.0.0/8, ::1, and the former as IPv6 shows it (::ffff:127.0.0.1).
bool is_loopback(const sockaddr_storage& address) noexcept;

}  // namespace synap::server
