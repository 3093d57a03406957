// Subcommands that run commands on a server and print their answers.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "server/admin/target.h"

namespace synap::server::admin {

// CONFIG GET: "name: value" lines. Throws Failure, also when nothing has such a name.
int get_config(Target& target, const std::string& pattern, std::ostream& out);

// CONFIG SET, for as long as the server runs. Throws Failure.
int set_config(Target& target, const std::string& name, const std::string& value,
               std::ostream& out);

// SLOWLOG GET: a line for each call, the newest first. Throws Failure.
int show_slowlog(Target& target, uint64_t most, std::ostream& out);

// SLOWLOG RESET. Throws Failure.
int reset_slowlog(Target& target, std::ostream& out);

}  // namespace synap::server::admin
