// Subcommands that ask a running server over HTTP.
#pragma once

#include <iosfwd>
#include <string>

#include "server/client/http_client.h"

namespace synap::server::admin {

// GET /health: prints the answer; 0 when the server is healthy, else 1.
int show_health(const client::Endpoint& endpoint, std::ostream& out, std::ostream& err);

// GET /info: "name: value" lines under "# section" headings, or the JSON as it came.
int show_info(const client::Endpoint& endpoint, const std::string& section, bool json,
              std::ostream& out, std::ostream& err);

// POST /snapshot: prints the answer.
int take_snapshot(const client::Endpoint& endpoint, std::ostream& out, std::ostream& err);

}  // namespace synap::server::admin
