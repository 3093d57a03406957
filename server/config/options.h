// The option table of the server, as data: to add an option, add its line in options.cc.
#pragma once

#include <span>

#include "server/config/option.h"

namespace synap::server::config {

// Grouped by section, in the order in which documents show them.
std::span<const OptionSpec> option_specs();

// Engine options that the server sets itself (name, value) and nobody else may.
std::span<const std::pair<std::string_view, std::string_view>> managed_engine_options();

}  // namespace synap::server::config
