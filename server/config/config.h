// The effective configuration: defaults, below the file, below the environment, below flags.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/config/container.h"
#include "server/config/environment.h"
#include "server/config/option.h"
#include "server/config/origin.h"
#include "server/config/server_config.h"

namespace synap::server::config {

// What an option is, in force.
struct Effective {
    const Option* option = nullptr;  // never one that is the same as another
    Value value;
    Origin origin;
    std::string resolved = {};  // what auto came to; else empty

    std::string text() const { return format_value(option->shape, value); }
};

struct Inputs {
    const OptionTable& table;
    std::string file;  // empty: none
    Environment environment;
    std::vector<Setting> flags;
    ContainerLimits container;
    unsigned cores = 1;
};

struct Loaded {
    ServerConfig config;
    std::vector<Effective> values;  // one for each option, in the table's order
    Problems problems;              // errors and warnings, in the order in which they were met
    uint64_t max_memory = 0;        // in force, after auto; 0: no limit

    bool ok() const { return !has_errors(problems); }
    // nullptr when no option has that key.
    const Effective* find(std::string_view key) const;
};

// Reads every layer and checks every value, those too that a higher layer overrides. `config` is
// of use only when ok(). Reads the file and nothing else; changes nothing.
Loaded load(const Inputs& inputs);

}  // namespace synap::server::config
