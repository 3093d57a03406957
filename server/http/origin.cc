#include "server/http/origin.h"

#include <algorithm>

namespace synap::server::http {
namespace {

std::string_view without_scheme(std::string_view origin) noexcept {
    const std::size_t at = origin.find("://");
    return at == std::string_view::npos ? std::string_view() : origin.substr(at + 3);
}

/// An IPv4 or IPv6 address or localhost, with or without a port.
bool is_address(std::string_view host) noexcept {
    if (host.starts_with('[')) {
        return true;
    }
    const std::string_view name = host.substr(0, host.find(':'));
    return name == "localhost" ||
           (!name.empty() && name.find_first_not_of("0123456789.") == std::string_view::npos);
}

}  // namespace

Origin judge_origin(std::string_view origin, std::string_view host, const Settings& settings) {
    if (origin.empty()) {
        return Origin::kNone;
    }
    const bool listed = std::any_of(
        settings.cors_origins.begin(), settings.cors_origins.end(),
        [origin](const std::string& allowed) { return allowed == "*" || allowed == origin; });
    if (listed) {
        return Origin::kListed;
    }
    const std::string_view name = without_scheme(origin);
    return !name.empty() && name == host && is_address(name) ? Origin::kNone : Origin::kForeign;
}

}  // namespace synap::server::http
