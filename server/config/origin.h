// Where a setting came from, and what is wrong with one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace synap::server::config {

// In rising precedence.
enum class Layer : uint8_t { kDefault, kFile, kEnvironment, kFlag };

struct Origin {
    Layer layer = Layer::kDefault;
    std::string name = {};  // the file, the variable or the flag
    int line = 0;           // from 1; 0: none
    int column = 0;

    // "config.yml:3:9", "environment variable SYNAP_SERVER_PORT", "flag --port" or "default".
    std::string text() const;
};

// One setting as it was found, not yet checked.
struct Setting {
    std::string key;
    std::vector<std::string> items;  // one, unless is_list
    bool is_list = false;
    Origin origin;
};

struct Problem {
    bool fatal = true;  // else a warning
    Origin origin;
    std::string message;

    // "config.yml:3:9: server.prot: unknown key; did you mean server.port?"
    std::string text() const;
};

using Problems = std::vector<Problem>;

bool has_errors(const Problems& problems);

}  // namespace synap::server::config
