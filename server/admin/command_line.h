// The command line of synap-admin.
#pragma once

#include <iosfwd>

namespace synap::server::admin {

// Of every command; check has its own (see check.h).
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// Runs the subcommand; returns the exit code of the process. `url_variable` is the value of
// SYNAP_URL, may be NULL.
int run_command_line(int argc, const char* const* argv, const char* url_variable, std::istream& in,
                     std::ostream& out, std::ostream& err);

}  // namespace synap::server::admin
