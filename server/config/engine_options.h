// The engine's option table, as the C ABI tells it.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace synap::server::config {

struct EngineOption {
    std::string name;
    std::string type;  // "bool" "int" "bytes" "ms" "text" or "a|b|c"
    std::string default_value;
    std::string range;
    std::string help;
};

struct EngineCatalog {
    std::vector<EngineOption> options;
    // Empty when the engine takes the value; otherwise what is wrong with it.
    std::function<std::string(std::string_view name, std::string_view value)> check;

    const EngineOption* find(std::string_view name) const;
};

// Asks the linked libsynap.
EngineCatalog engine_catalog();

}  // namespace synap::server::config
