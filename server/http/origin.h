// Which web pages may use the HTTP interface.
#pragma once

#include <cstdint>
#include <string_view>

#include "server/config/settings.h"

namespace synap::server::http {

enum class Origin : uint8_t {
    kNone,    // no page is involved, or one that this server served itself
    kListed,  // a configured origin: answer with CORS fields
    kForeign  // refuse
};

// Judges the Origin field of a request. A page counts as this server's own only when it was
// loaded from an address or from localhost: a name that some other domain resolves to this
// machine (DNS rebinding) does not. That holds for what browsers send with Origin, as every POST;
// a GET to the page's own origin carries none: accepts_host() judges it.
Origin judge_origin(std::string_view origin, std::string_view host, const Settings& settings);

}  // namespace synap::server::http
