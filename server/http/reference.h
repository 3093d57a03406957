// docs/http.md, from the tables of routes and commands.
#pragma once

#include <string>

namespace synap::server::http {

std::string print_http_reference();

}  // namespace synap::server::http
