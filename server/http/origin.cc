#include "server/http/origin.h"

#include <algorithm>

#include "server/http/host.h"

namespace synap::server::http {
namespace {

std::string_view without_scheme(std::string_view origin) noexcept {
    const size_t at = origin.find("://");
    return at == std::string_view::npos ? std::string_view() : origin.substr(at + 3);
}

bool is_of_this_machine(std::string_view host) {
    return name_of_host(host) == "localhost" || is_address(host);
}

}  // namespace

Origin judge_origin(std::string_view origin, std::string_view host, const Settings& settings) {
    if (origin.empty()) return Origin::kNone;
    const bool listed = std::any_of(
        settings.cors_origins.begin(), settings.cors_origins.end(),
        [origin](const std::string& allowed) { return allowed == "*" || allowed == origin; });
    if (listed) return Origin::kListed;
    const std::string_view name = without_scheme(origin);
    return !name.empty() && name == host && is_of_this_machine(name) ? Origin::kNone
                                                                     : Origin::kForeign;
}

}  // namespace synap::server::http
