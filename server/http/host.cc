#include "server/http/host.h"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace synap::server::http {
namespace {

constexpr std::array<std::string_view, 4> kPrivateZones = {".svc", ".cluster.local", ".internal",
                                                           ".local"};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

bool is_beneath(std::string_view name, std::string_view zone) noexcept {
    return name.size() > zone.size() && same_name(name.substr(name.size() - zone.size()), zone);
}

bool is_address_of(int family, std::string_view text) noexcept {
    std::array<char, 64> terminated{};
    std::array<unsigned char, 16> address{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::copy(text.begin(), text.end(), terminated.begin());
    return ::inet_pton(family, terminated.data(), address.data()) == 1;
}

bool matches(std::string_view name, std::string_view allowed) noexcept {
    if (allowed == "*") return true;
    const std::string_view wanted = name_of_host(allowed);
    return wanted.starts_with('.') ? is_beneath(name, wanted) : same_name(name, wanted);
}

}  // namespace

std::string_view name_of_host(std::string_view host) noexcept {
    if (host.starts_with('[')) {
        const size_t end = host.find(']');
        const bool closed =
            end != std::string_view::npos && (host.size() == end + 1 || host[end + 1] == ':');
        return closed ? host.substr(0, end + 1) : host;
    }
    std::string_view name = host.substr(0, host.find(':'));
    if (name.ends_with('.')) name.remove_suffix(1);
    return name;
}

bool is_address(std::string_view host) {
    const std::string_view name = name_of_host(host);
    if (!name.starts_with('[')) return is_address_of(AF_INET, name);
    // A zone ("%eth0") belongs to who asks; it says nothing of whose address it is.
    const std::string_view inner = name.substr(1, name.size() - 2);
    return name.ends_with(']') && is_address_of(AF_INET6, inner.substr(0, inner.find('%')));
}

bool accepts_host(std::string_view host, std::string_view machine,
                  std::span<const std::string> allowed) {
    const std::string_view name = name_of_host(host);
    if (name.find('.') == std::string_view::npos && !name.starts_with('[')) return true;
    return is_address(host) || (!machine.empty() && same_name(name, name_of_host(machine))) ||
           std::any_of(kPrivateZones.begin(), kPrivateZones.end(),
                       [name](std::string_view zone) { return is_beneath(name, zone); }) ||
           std::any_of(allowed.begin(), allowed.end(),
                       [name](const std::string& entry) { return matches(name, entry); });
}

std::string machine_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                            : std::string();
}

}  // namespace synap::server::http
