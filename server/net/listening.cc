#include "server/net/listening.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <system_error>

#include "server/log/log.h"
#include "server/net/address.h"

namespace synap::server {
namespace {

// Attempts at a port that is free in both families, when the system chooses it.
constexpr int kPortAttempts = 16;

struct Address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    bool operator==(const Address& other) const noexcept {
        return size == other.size && std::memcmp(&storage, &other.storage, size) == 0;
    }
};

const sockaddr* generic(const sockaddr_storage& storage) noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);  // NOLINT
}

uint16_t port_of(const sockaddr_storage& storage) noexcept {
    // The port is at the same place in both families.
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    return ntohs(v4.sin_port);
}

void set_port(sockaddr_storage& storage, uint16_t port) noexcept {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    v4.sin_port = htons(port);
    std::memcpy(&storage, &v4, sizeof v4);
}

// Addresses of a name, or of every interface, each once.
std::vector<Address> resolve(const std::string& host, uint16_t port) {
    std::vector<Address> found;
    const std::string service = std::to_string(port);
    const auto add = [&](const char* name) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
        addrinfo* raw = nullptr;
        if (::getaddrinfo(name, service.c_str(), &hints, &raw) != 0) return;
        const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> list(raw, &::freeaddrinfo);
        for (const addrinfo* at = raw; at != nullptr; at = at->ai_next) {
            Address address;
            std::memcpy(&address.storage, at->ai_addr, at->ai_addrlen);
            address.size = at->ai_addrlen;
            if (std::find(found.begin(), found.end(), address) == found.end()) {
                found.push_back(address);
            }
        }
    };
    if (host == kEveryAddress) {
        add("0.0.0.0");
        add("::");
    } else {
        add(host.c_str());
    }
    return found;
}

// A listening socket, or -1 and errno.
int open_one(const Address& address, bool only_v6, int backlog) noexcept {
    const int family = address.storage.ss_family;
    const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    const int on = 1;
    const bool ok = ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
                    (!only_v6 || family != AF_INET6 ||
                     ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0) &&
                    ::bind(fd, generic(address.storage), address.size) == 0 &&
                    ::listen(fd, backlog) == 0;
    if (!ok) {
        const int error = errno;
        ::close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

bool is_missing(int error) noexcept { return error == EAFNOSUPPORT || error == EADDRNOTAVAIL; }

}  // namespace

ListeningSockets::ListeningSockets(const Settings& settings) {
    std::vector<Address> wanted = resolve(settings.host, settings.port);
    if (wanted.empty()) {
        throw std::runtime_error("cannot listen on " + settings.host + ":" +
                                 std::to_string(settings.port) + ": there is no such address");
    }
    int missing = 0;
    for (int attempt = 1;; ++attempt) {
        port_ = settings.port;
        int failed = 0;
        std::string where;
        for (Address& address : wanted) {
            set_port(address.storage, port_);
            const int fd = open_one(address, wanted.size() > 1, settings.backlog);
            if (fd < 0) {
                const int error = errno;
                (is_missing(error) ? missing : failed) = error;
                where = to_text(address.storage);
                if (failed != 0) break;
                continue;
            }
            descriptors_.push_back(fd);
            socklen_t size = address.size;
            ::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage), &size);  // NOLINT
            port_ = port_of(address.storage);
            addresses_ += (addresses_.empty() ? "" : ", ") + to_text(address.storage);
            open_to_others_ = open_to_others_ || !is_loopback(address.storage);
        }
        if (failed == 0 && !descriptors_.empty()) return;
        close();
        if (settings.port != 0 || failed != EADDRINUSE || attempt == kPortAttempts) {
            throw std::system_error(failed != 0 ? failed : missing, std::generic_category(),
                                    "cannot listen on " + where);
        }
    }
}

ListeningSockets::~ListeningSockets() { close(); }

void ListeningSockets::close() noexcept {
    for (const int fd : descriptors_) {
        ::close(fd);
    }
    descriptors_.clear();
    addresses_.clear();
}

}  // namespace synap::server
