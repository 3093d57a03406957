#include "server/config/environment.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "server/config/suggest.h"

namespace synap::server::config {

namespace {

constexpr std::string_view kPrefix = "SYNAP_";
constexpr std::string_view kLogVariable = "SYNAP_LOG";
constexpr std::string_view kMasterVariable = "SYNAP_MASTER";
constexpr std::string_view kRustLogVariable = "RUST_LOG";

Origin origin(std::string_view variable) { return {Layer::kEnvironment, std::string(variable)}; }

Setting setting(std::string_view key, std::string_view value, std::string_view variable) {
    return {std::string(key), {std::string(value)}, false, origin(variable)};
}

bool is_choice(const OptionTable& table, std::string_view key, const std::string& word) {
    Value value;
    std::string expected;
    const Option* option = table.find(key);
    return option && parse_value(option->shape, word, value, expected);
}

// Kubernetes describes every Service NAME of a namespace to its pods as NAME_SERVICE_HOST,
// NAME_SERVICE_PORT[_<PORT NAME>], NAME_PORT=tcp://..., NAME_PORT_<N>_TCP[_ADDR|_PORT|_PROTO]. A
// Service "synap-master" or "synap-server" would otherwise look like a setting of ours.
bool is_service_link(std::string_view name, std::string_view value) {
    if (name.ends_with("_SERVICE_HOST") || name.find("_SERVICE_PORT") != std::string_view::npos) {
        return true;
    }
    const auto port = name.find("_PORT");
    if (port == std::string_view::npos) return false;
    if (value.starts_with("tcp://") || value.starts_with("udp://")) return true;
    const std::string_view rest = name.substr(port + 5);
    return rest.size() > 1 && rest[0] == '_' && rest[1] >= '0' && rest[1] <= '9' &&
           (rest.find("_TCP") != std::string_view::npos ||
            rest.find("_UDP") != std::string_view::npos);
}

// "debug", "json" or "debug,json", in any order.
void read_log(const OptionTable& table, const std::string& value, std::vector<Setting>& settings,
              Problems& problems) {
    std::string_view rest = value;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const std::string word(rest.substr(0, comma));
        rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
        if (is_choice(table, "logging.level", word)) {
            settings.push_back(setting("logging.level", word, kLogVariable));
        } else if (is_choice(table, "logging.format", word)) {
            settings.push_back(setting("logging.format", word, kLogVariable));
        } else {
            problems.push_back({true, origin(kLogVariable),
                                "'" + word + "': expected a level (" +
                                    table.find("logging.level")->range + "), a format (" +
                                    table.find("logging.format")->range +
                                    "), or both with a comma between"});
        }
    }
}

// host:port or [v6]:port; the port may be left out.
void read_master(const std::string& value, std::vector<Setting>& settings) {
    const auto colon = value.rfind(':');
    const bool has_port = colon != std::string::npos && value.find(']', colon) == std::string::npos;
    std::string host = value.substr(0, has_port ? colon : std::string::npos);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    settings.push_back(setting("replication.master_host", host, kMasterVariable));
    if (has_port) {
        settings.push_back(
            setting("replication.master_port", value.substr(colon + 1), kMasterVariable));
    }
}

// "debug" or "synap=debug". The variable belongs to other programs as well: what does not name a
// level of ours is no error.
void read_rust_log(const OptionTable& table, const std::string& value,
                   std::vector<Setting>& settings) {
    const std::string word = value.starts_with("synap=") ? value.substr(6) : value;
    if (is_choice(table, "logging.level", word)) {
        settings.push_back(setting("logging.level", word, kRustLogVariable));
    }
}

std::vector<std::string> known_variables(const OptionTable& table) {
    std::vector<std::string> known = {std::string(kConfigVariable), std::string(kHealthVariable),
                                      std::string(kUrlVariable), std::string(kLogVariable),
                                      std::string(kMasterVariable)};
    for (const Option& option : table.options()) {
        known.push_back(option.env);
        if (!option.env_alias.empty()) known.push_back(option.env_alias);
    }
    return known;
}

// The prefix is the same everywhere and would make any two names look alike.
std::string hint(std::string_view name, std::vector<std::string> known) {
    for (std::string& candidate : known) {
        candidate.erase(0, kPrefix.size());
    }
    const std::string best = suggest(name.substr(kPrefix.size()), known);
    return best.empty() ? "" : "; did you mean " + std::string(kPrefix) + best + "?";
}

}  // namespace

Environment process_environment() {
    Environment environment;
    for (char** entry = environ; entry && *entry; ++entry) {
        const std::string_view text(*entry);
        const auto equals = text.find('=');
        if (equals != std::string_view::npos) {
            environment.emplace_back(text.substr(0, equals), text.substr(equals + 1));
        }
    }
    return environment;
}

std::string environment_value(const Environment& environment, std::string_view name) {
    const auto found = std::find_if(environment.begin(), environment.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    return found == environment.end() ? std::string() : found->second;
}

void read_environment(const OptionTable& table, const Environment& environment,
                      std::vector<Setting>& settings, Problems& problems) {
    // The general variables first: those that name one option come later and win.
    const std::string log = environment_value(environment, kLogVariable);
    if (!log.empty()) {
        read_log(table, log, settings, problems);
    } else {
        read_rust_log(table, environment_value(environment, kRustLogVariable), settings);
    }
    const std::vector<std::string> known = known_variables(table);
    for (const auto& [name, value] : environment) {
        if (!name.starts_with(kPrefix) || value.empty() || is_service_link(name, value)) continue;
        if (name == kMasterVariable) {
            read_master(value, settings);
        } else if (const Option* option = table.find_env(name)) {
            settings.push_back(setting(option->key, value, name));
        } else if (std::find(known.begin(), known.end(), name) == known.end()) {
            problems.push_back({false, origin(name), "names no option" + hint(name, known)});
        }
    }
}

}  // namespace synap::server::config
