// The sockets that listen: one for each address that the host names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "server/config/settings.h"

namespace synap::server {

// Addresses that the machine lacks (no IPv6, say) are passed over while one is left. Bound and
// listening from the start, so that a port in use is known before anything else is done.
class ListeningSockets {
public:
    // Throws std::runtime_error with a sentence that names the address.
    explicit ListeningSockets(const Settings& settings);
    ListeningSockets(const ListeningSockets&) = delete;
    ListeningSockets& operator=(const ListeningSockets&) = delete;
    ~ListeningSockets();

    const std::vector<int>& descriptors() const noexcept { return descriptors_; }
    // The port in use, also when the system chose it; the same for all.
    uint16_t port() const noexcept { return port_; }
    // "0.0.0.0:15500, [::]:15500"
    const std::string& addresses() const noexcept { return addresses_; }
    // Whether other machines may connect.
    bool open_to_others() const noexcept { return open_to_others_; }

private:
    void close() noexcept;

    std::vector<int> descriptors_;
    uint16_t port_ = 0;
    std::string addresses_;
    bool open_to_others_ = false;
};

}  // namespace synap::server
