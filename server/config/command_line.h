// The command line of synap-server.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "server/config/option.h"
#include "server/config/origin.h"

namespace synap::server::config {

enum class Action {
    kServe,
    kCheckConfig,
    kPrintConfig,
    kPrintReference,
    kPrintHttpReference,
    kHealthCheck,
    kExit,  // done already: --help, --version, or a command line that is wrong
};

inline constexpr int kExitUsage = 2;

struct CommandLine {
    Action action = Action::kServe;
    int exit_code = 0;        // for kExit
    std::string config_file;  // of --config; empty when it was not given
    std::vector<Setting> flags;
};

// Options come from the table; what is written on `out` and `err` are answers to people. Values
// are not checked here but where all layers are.
CommandLine parse_command_line(const OptionTable& table, int argc, const char* const* argv,
                               std::ostream& out, std::ostream& err);

}  // namespace synap::server::config
