#include "server/config/config.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>

#include "server/config/options.h"
#include "server/config/suggest.h"
#include "server/config/yaml_file.h"

namespace synap::server::config {

namespace {

constexpr std::string_view kMaxMemory = "kv_store.max_memory";
constexpr std::string_view kIoThreads = "server.io_threads";

// What is left to connections, buffers and the kernel's own accounting of the container.
constexpr uint64_t kContainerShareNumerator = 3;
constexpr uint64_t kContainerShareDenominator = 4;

// What all clients together may make the server hold, unless it is configured.
constexpr uint64_t kClientShare = 4;
constexpr size_t kMinClientMemory = 64UL * 1024 * 1024;

constexpr size_t kShownMax = 80;

std::string shown(const Setting& setting) {
    if (setting.is_list) return "a list";
    const std::string& text = setting.items.front();
    return "'" + (text.size() <= kShownMax ? text : text.substr(0, kShownMax) + "...") + "'";
}

// "*" or scheme://host[:port], as browsers send it: in lower case, without a default port and
// without a path, not even "/". Any other would never match.
bool is_web_origin(std::string_view origin) {
    if (origin == "*") return true;
    const auto end = origin.find("://");
    if (end == 0 || end == std::string_view::npos) return false;
    const std::string_view scheme = origin.substr(0, end);
    const std::string_view host = origin.substr(end + 3);
    const bool default_port = (scheme == "http" && host.ends_with(":80")) ||
                              (scheme == "https" && host.ends_with(":443"));
    const bool browsers_send_it = std::none_of(origin.begin(), origin.end(), [](unsigned char c) {
        return c <= ' ' || c > '~' || (c >= 'A' && c <= 'Z');
    });
    return !host.empty() && host.find_first_of("/?#@") == std::string_view::npos && !default_port &&
           browsers_send_it;
}

class Loader {
public:
    explicit Loader(const Inputs& inputs) : inputs_(inputs), table_(inputs.table) {
        for (const Option& option : table_.options()) {
            if (option.same_as.empty()) {
                loaded_.values.push_back({&option, option.default_value, {}, {}});
            }
        }
    }

    Loaded run() {
        std::vector<Setting> settings;
        if (!inputs_.file.empty()) load_yaml(table_, inputs_.file, settings, loaded_.problems);
        apply(settings);
        settings.clear();
        read_environment(table_, inputs_.environment, settings, loaded_.problems);
        apply(settings);
        apply(inputs_.flags);
        for (const Effective& effective : loaded_.values) {
            check_available(effective);
        }
        fill_config();
        return std::move(loaded_);
    }

private:
    void problem(const Origin& origin, std::string message) {
        loaded_.problems.push_back({true, origin, std::move(message)});
    }
    void warning(const Origin& origin, std::string message) {
        loaded_.problems.push_back({false, origin, std::move(message)});
    }

    Effective& effective(std::string_view key) {
        return *std::find_if(loaded_.values.begin(), loaded_.values.end(),
                             [&](const Effective& e) { return e.option->key == key; });
    }

    // One layer over those before it.
    void apply(const std::vector<Setting>& layer) {
        std::map<std::string, const Setting*, std::less<>> set_by;
        for (const Setting& setting : layer) {
            const Option* option = table_.find(setting.key);
            if (!option) {
                problem(setting.origin,
                        setting.key + ": unknown key" + did_you_mean(setting.key, table_.names()));
                continue;
            }
            const std::string& target = option->same_as.empty() ? option->key : option->same_as;
            const auto [other, inserted] = set_by.emplace(target, &setting);
            if (!inserted && other->second->key != setting.key) {
                problem(setting.origin, setting.key + ": the same as " + other->second->key +
                                            ", which " + other->second->origin.text() +
                                            " sets; keep one of them");
                continue;
            }
            Value value;
            if (check(*option, setting, value)) {
                effective(target).value = std::move(value);
                effective(target).origin = setting.origin;
            }
        }
    }

    bool check(const Option& option, const Setting& setting, Value& value) {
        std::string expected;
        const bool ok = setting.is_list
                            ? parse_items(option.shape, setting.items, value, expected)
                            : parse_value(option.shape, setting.items.front(), value, expected);
        if (!ok) {
            problem(setting.origin, setting.key + ": " + shown(setting) + ": expected " + expected +
                                        did_you_mean(setting.is_list ? "" : setting.items.front(),
                                                     option.shape.choices));
            return false;
        }
        const Option& target = option.same_as.empty() ? option : *table_.find(option.same_as);
        if (target.engine.empty() || std::holds_alternative<Auto>(value)) return true;
        const std::string refused = table_.engine().check(target.engine, engine_text(value));
        if (!refused.empty()) problem(setting.origin, setting.key + ": " + refused);
        return refused.empty();
    }

    // Sizes and durations go to the engine as plain bytes and milliseconds.
    static std::string engine_text(const Value& value) {
        return format_value({Kind::kInt, 0, kIntMax, 1, false, {}}, value);
    }

    void check_available(const Effective& effective) {
        const Option& option = *effective.option;
        if (!option.needs.empty() && effective.text() == option.needs_when) {
            problem(effective.origin, option.key + ": " + option.needs_when + " needs " +
                                          option.needs +
                                          ", which version " SYNAP_VERSION
                                          " does not have yet; a later release will");
        }
    }

    void fill_config() {
        ServerConfig& config = loaded_.config;
        for (const Effective& effective : loaded_.values) {
            if (effective.option->bind.store) effective.option->bind.store(config, effective.value);
        }
        Settings& settings = config.settings;
        settings.config_file = inputs_.file;
        settings.data_dir = config.persistence.enabled ? config.persistence.data_dir : "";
        if (config.persistence.enabled && settings.data_dir.empty()) {
            problem(effective("persistence.data_dir").origin,
                    "persistence.data_dir: expected a directory; to keep nothing on disk set "
                    "persistence.enabled: false");
        }
        for (const std::string& origin : settings.cors_origins) {
            if (!is_web_origin(origin)) {
                problem(effective("cors.allowed_origins").origin,
                        "cors.allowed_origins: '" + origin +
                            "': expected * or an origin as browsers send it, such as "
                            "https://console.example: in lower case, without path and default "
                            "port");
            }
        }
        const bool names_host = effective("server.host").origin.layer != Layer::kDefault;
        settings.is_protected = config.security.protected_mode.value_or(!names_host);
        if (!config.security.protected_mode) {
            effective("security.protected_mode").resolved =
                settings.is_protected ? "true" : "false, since server.host is set";
        }
        fill_threads(settings);
        fill_engine(settings);
        fill_replication(settings);
        fill_client_memory();
        Limits& limits = settings.limits;
        if (limits.client_memory_bytes != 0) {
            bound("limits.output_buffer_bytes", limits.output_buffer_bytes,
                  "limits.client_memory_bytes", limits.client_memory_bytes);
        }
        bound("limits.output_soft_bytes", limits.output_soft_bytes, "limits.output_buffer_bytes",
              limits.output_buffer_bytes);
        bound("limits.resp_bulk_bytes", limits.resp_bulk_bytes, "limits.resp_query_bytes",
              limits.resp_query_bytes);
    }

    bool is_set(std::string_view key) { return effective(key).origin.layer != Layer::kDefault; }

    // A role that was asked for takes part, unless that is switched off.
    void fill_replication(Settings& settings) {
        const ServerConfig& config = loaded_.config;
        const ReplicationConfig& replication = config.replication;
        const bool is_replica = config.role == "replica";
        const bool takes_part =
            is_replica ||
            (is_set("replication.enabled") ? replication.enabled
                                           : config.role == "master" && is_set("server.role"));
        if (!is_replica && is_set("replication.master_host")) {
            warning(effective("replication.master_host").origin,
                    "replication.master_host has no effect on a node that is no replica");
        }
        if (!is_replica && is_set("replication.enabled") && !replication.enabled) return;
        const auto tell = [&](std::string_view name, std::string value) {
            if (value.empty()) return;
            settings.engine_options.emplace_back("replication." + std::string(name),
                                                 std::move(value));
        };
        // Without a role of its own it may be told to follow: REPLICAOF.
        if (takes_part) tell("role", is_replica ? "replica" : "master");
        if (is_replica && replication.master_host.empty()) {
            problem(effective("server.role").origin,
                    "server.role: a replica needs replication.master_host");
        } else if (is_replica) {
            tell("master", with_port(replication.master_host, replication.master_port));
        }
        if (takes_part && (!is_replica || is_set("replication.listen_port"))) {
            const std::string host = settings.host == kEveryAddress ? "" : settings.host;
            tell("listen", with_port(host, replication.listen_port));
        }
        tell("secret", secret_of(replication));
        tell("former_secret", replication.former_secret);
        tell("node_name", replication.node_name);
        tell("announce", replication.announce);
        const std::string host = replication.announce.substr(0, replication.announce.rfind(':'));
        if (settings.port != 0) tell("clients", host + ":" + std::to_string(settings.port));
        tell("protected", settings.is_protected ? "true" : "false");
    }

    static std::string with_port(const std::string& host, uint16_t port) {
        const bool is_v6 = host.find(':') != std::string::npos;
        return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    }

    std::string secret_of(const ReplicationConfig& replication) {
        if (replication.secret_file.empty()) return replication.secret;
        std::ifstream file(replication.secret_file, std::ios::binary);
        std::string secret{std::istreambuf_iterator<char>(file), {}};
        if (!file) {
            problem(effective("replication.secret_file").origin,
                    "replication.secret_file: '" + replication.secret_file + "' cannot be read");
        }
        while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) {
            secret.pop_back();
        }
        return secret;
    }

    // A share of what the data may use, or of all there is; more where one client may hold more.
    void fill_client_memory() {
        Limits& limits = loaded_.config.settings.limits;
        if (const auto& bytes = loaded_.config.client_memory_bytes) {
            limits.client_memory_bytes = *bytes;
            return;
        }
        const ContainerLimits& container = inputs_.container;
        const uint64_t memory =
            loaded_.max_memory != 0
                ? loaded_.max_memory
                : container.memory_bytes.value_or(container.machine_bytes.value_or(0));
        if (memory != 0) {
            const bool asked =
                effective("limits.output_buffer_bytes").origin.layer != Layer::kDefault;
            limits.client_memory_bytes = std::max<size_t>(
                {memory / kClientShare, kMinClientMemory, asked ? limits.output_buffer_bytes : 0});
        }
        effective("limits.client_memory_bytes").resolved =
            memory == 0 ? "no limit"
                        : format_bytes(static_cast<int64_t>(limits.client_memory_bytes));
    }

    // A limit above one that would always come first: the default follows that one.
    void bound(std::string_view key, size_t& value, std::string_view other, size_t highest) {
        if (value <= highest) return;
        Effective& asked = effective(key);
        if (asked.origin.layer != Layer::kDefault) {
            problem(asked.origin, std::string(key) + ": expected at most " + std::string(other) +
                                      ", which is " + format_bytes(static_cast<int64_t>(highest)));
        }
        value = highest;
        asked.value = static_cast<int64_t>(highest);
    }

    void fill_threads(Settings& settings) {
        if (std::holds_alternative<Auto>(effective(kIoThreads).value)) {
            const unsigned cores = std::max(1u, inputs_.cores);
            settings.io_threads = std::min(cores, inputs_.container.cpus.value_or(cores));
            effective(kIoThreads).resolved = std::to_string(settings.io_threads);
        }
    }

    void fill_engine(Settings& settings) {
        for (const auto& [name, value] : managed_engine_options()) {
            settings.engine_options.emplace_back(name, value);
        }
        for (Effective& effective : loaded_.values) {
            const Option& option = *effective.option;
            if (option.key == kMaxMemory) {
                fill_memory(settings, effective);
            } else if (!option.engine.empty() && effective.origin.layer != Layer::kDefault) {
                settings.engine_options.emplace_back(option.engine, engine_text(effective.value));
            }
        }
    }

    void fill_memory(Settings& settings, Effective& effective) {
        const auto limit = inputs_.container.memory_bytes;
        if (const auto* bytes = std::get_if<int64_t>(&effective.value)) {
            loaded_.max_memory = static_cast<uint64_t>(*bytes);
            if (limit && (*bytes == 0 || loaded_.max_memory >= *limit)) {
                warning(effective.origin, std::string(kMaxMemory) + ": " +
                                              (*bytes == 0 ? "no limit" : format_bytes(*bytes)) +
                                              " in a container that may use " +
                                              format_bytes(static_cast<int64_t>(*limit)) +
                                              ": the kernel may kill the server");
            }
        } else if (limit) {
            loaded_.max_memory = *limit / kContainerShareDenominator * kContainerShareNumerator;
            effective.resolved = format_bytes(static_cast<int64_t>(loaded_.max_memory)) +
                                 " of the container's " +
                                 format_bytes(static_cast<int64_t>(*limit));
        } else {
            effective.resolved = "no limit";
        }
        settings.engine_options.emplace_back(effective.option->engine,
                                             std::to_string(loaded_.max_memory));
    }

    const Inputs& inputs_;
    const OptionTable& table_;
    Loaded loaded_;
};

}  // namespace

const Effective* Loaded::find(std::string_view key) const {
    const auto found = std::find_if(values.begin(), values.end(),
                                    [&](const Effective& e) { return e.option->key == key; });
    return found == values.end() ? nullptr : &*found;
}

Loaded load(const Inputs& inputs) { return Loader(inputs).run(); }

}  // namespace synap::server::config
