// SYNAP_* variables to settings.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "server/config/option.h"
#include "server/config/origin.h"

namespace synap::server::config {

// Name and value, in the order of the process's environment.
using Environment = std::vector<std::pair<std::string, std::string>>;

// Variables that synap-server and synap-admin read and that set no option.
inline constexpr std::string_view kConfigVariable = "SYNAP_CONFIG";
inline constexpr std::string_view kHealthVariable = "SYNAP_HEALTH_ADDR";
inline constexpr std::string_view kUrlVariable = "SYNAP_URL";

// A copy of this process's environment.
Environment process_environment();

// The value of a variable; empty when it is not set.
std::string environment_value(const Environment& environment, std::string_view name);

// Appends what SYNAP_<KEY>, SYNAP_ROLE, SYNAP_MASTER=host:port, SYNAP_LOG=level,format and (below
// it, and only where it names a level) RUST_LOG set. An empty value counts as not set, which is
// what a compose file passes for a variable that is not there. A name that nothing knows is a
// warning with a suggestion; the variables that Kubernetes derives from Service names
// (SYNAP_MASTER_PORT=tcp://10.0.0.7:15500) are passed over.
void read_environment(const OptionTable& table, const Environment& environment,
                      std::vector<Setting>& settings, Problems& problems);

}  // namespace synap::server::config
