// GET /metrics.
#pragma once

#include <string>

#include "server/net/services.h"

namespace synap::server::http {

// All metrics in the Prometheus text format, version 0.0.4: base units (seconds, bytes), counters
// that only grow, names that begin with "synap_".
std::string metrics_text(const Shared& shared);

}  // namespace synap::server::http
