// The configuration as text: for --print-config and for docs/configuration.md.
#pragma once

#include <string>

#include "server/config/config.h"

namespace synap::server::config {

// YAML that gives the same configuration when it is loaded, each line ending in a comment that
// says where its value comes from.
std::string print_config(const Loaded& loaded);

// docs/configuration.md: every option with its values, default, variable and flag.
std::string print_reference(const OptionTable& table);

}  // namespace synap::server::config
