// Under which names this server answers.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace synap::server::http {

// A web page can make a browser take a foreign name for this machine (DNS rebinding) and then read
// what it likes, without an Origin in its requests. So a name must be one that no stranger can
// own: none at all, one without a dot, an address, `machine`, one under .svc, .cluster.local,
// .internal or .local, or one that is allowed. `allowed` holds names, ".example.com" for all
// beneath it, or "*". Ports, case and a last dot make no difference.
[[nodiscard]] bool accepts_host(std::string_view host, std::string_view machine,
                                std::span<const std::string> allowed);

// An IPv4 address, or an IPv6 address in brackets; with or without a port.
[[nodiscard]] bool is_address(std::string_view host);

// Without port and last dot: "[::1]:80" gives "[::1]", "A.b.:80" gives "A.b".
[[nodiscard]] std::string_view name_of_host(std::string_view host) noexcept;

// What the system calls this machine; empty when it does not say.
std::string machine_name();

}  // namespace synap::server::http
