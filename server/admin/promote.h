// synap-admin promote-replica.
#pragma once

#include <iosfwd>
#include <string>

#include "server/client/http_client.h"

namespace synap::server::admin {

// Makes a replica a master; no living master is needed. `replica` is where it serves clients
// (host:port, or a URL), or its name or id, which any node that it is connected to knows: the one
// at `through`, and what that follows. One that lags behind another one that is known, or has not
// got its data yet, is refused unless `force` says so. Throws Failure.
int promote_replica(const client::Endpoint& through, const std::string& replica, bool force,
                    std::ostream& out);

}  // namespace synap::server::admin
