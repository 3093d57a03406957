// synap-server: configuration, log, banner; the rest is run().

#include <sched.h>
#include <synap/synap.h>
#include <unistd.h>

#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>

#include "server/client/http_client.h"
#include "server/config/command_line.h"
#include "server/config/config.h"
#include "server/config/print.h"
#include "server/descriptors.h"
#include "server/http/reference.h"
#include "server/log/log.h"
#include "server/server.h"

namespace {

namespace config = synap::server::config;
namespace client = synap::server::client;
namespace slog = synap::server::log;

constexpr const char* kDefaultFile = "config.yml";
constexpr std::string_view kLogLevel = "logging.level";
constexpr std::chrono::milliseconds kHealthTimeout{3000};

// The processors that this process may run on, which taskset and cpusets reduce.
unsigned available_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    return static_cast<unsigned>(CPU_COUNT(&set));
}

std::string choose_file(const config::CommandLine& line, const config::Environment& environment) {
    if (!line.config_file.empty()) return line.config_file;
    std::string named = config::environment_value(environment, config::kConfigVariable);
    if (!named.empty()) return named;
    std::error_code code;
    return std::filesystem::exists(kDefaultFile, code) ? kDefaultFile : "";
}

// Returns whether there was no error.
bool report(const config::Loaded& loaded) {
    for (const config::Problem& problem : loaded.problems) {
        std::cerr << "synap-server: " << problem.text() << "\n";
    }
    return loaded.ok();
}

int health_check(const config::Loaded& loaded, const config::Environment& environment) {
    const auto& settings = loaded.config.settings;
    const std::string address = config::environment_value(environment, config::kHealthVariable);
    const auto endpoint = address.empty()
                              ? client::Endpoint{client::loopback_for(settings.host), settings.port}
                              : client::parse_endpoint(address).value_or(client::Endpoint{});
    if (endpoint.host.empty()) {
        std::cerr << "synap-server: SYNAP_HEALTH_ADDR: '" << address << "': expected host:port\n";
        return 1;
    }
    std::string error;
    const auto reply = client::http_request(endpoint, "GET", "/health", kHealthTimeout, error);
    if (!reply) {
        std::cerr << "synap-server: " << error << "\n";
        return 1;
    }
    std::cout << reply->body << "\n";
    return reply->status == 200 ? 0 : 1;
}

void log_banner(const config::Loaded& loaded) {
    const synap::server::Settings& settings = loaded.config.settings;
    const std::string memory = loaded.max_memory == 0
                                   ? "unlimited"
                                   : config::format_bytes(static_cast<int64_t>(loaded.max_memory));
    slog::info("starting synap-server",
               {{"version", SYNAP_VERSION},
                {"build", synap_build_id()},
                {"pid", getpid()},
                {"host", settings.host},
                {"port", settings.port},
                {"io_threads", settings.io_threads},
                {"data_dir", settings.data_dir.empty() ? ":memory:" : settings.data_dir},
                {"fsync", loaded.find("persistence.fsync")->text()},
                {"max_memory", memory},
                {"config", settings.config_file.empty() ? "none" : settings.config_file}});
}

// SIGHUP: the log file is opened again, and its level read again. What else has changed in the
// configuration is named, because it needs a start.
void reload(const config::Loaded& running, const config::Loaded& now) {
    for (const config::Problem& problem : now.problems) {
        slog::warn(problem.message, {{"at", problem.origin.text()}});
    }
    const std::string& level = now.ok() ? now.config.logging.level : running.config.logging.level;
    std::string error;
    if (!slog::reopen(level, error)) {
        slog::error("the log file could not be opened again", {{"reason", error}});
    }
    if (!now.ok()) {
        slog::error("the configuration was not read again: it has errors");
        return;
    }
    for (const config::Effective& value : now.values) {
        const std::string& key = value.option->key;
        if (key != kLogLevel && value.text() != running.find(key)->text()) {
            slog::warn("a changed option takes effect with the next start", {{"option", key}});
        }
    }
    slog::info("reloaded", {{"reason", "SIGHUP"}, {"level", level}});
}

int serve(const config::Loaded& loaded, const config::ContainerLimits& container,
          const std::function<config::Loaded()>& load_again) {
    std::string error;
    if (!slog::setup(loaded.config.logging, error)) {
        std::cerr << "synap-server: log: " << error << "\n";
        return 1;
    }
    log_banner(loaded);
    for (const config::Problem& problem : loaded.problems) {
        slog::warn(problem.message, {{"at", problem.origin.text()}});
    }
    const bool is_auto = loaded.find("kv_store.max_memory")->text() == "auto";
    if (is_auto && container.memory_bytes) {
        slog::info("max_memory follows the container's memory limit",
                   {{"container_bytes", *container.memory_bytes},
                    {"max_memory_bytes", loaded.max_memory}});
    }
    const int exit_code =
        synap::server::run(loaded.config.settings, [&] { reload(loaded, load_again()); });
    slog::flush();
    return exit_code;
}

int dispatch(int argc, char** argv) {
    const config::OptionTable table(config::engine_catalog());
    const auto line = config::parse_command_line(table, argc, argv, std::cout, std::cerr);
    if (line.action == config::Action::kExit) return line.exit_code;
    if (line.action == config::Action::kPrintReference) {
        std::cout << config::print_reference(table);
        return 0;
    }
    if (line.action == config::Action::kPrintHttpReference) {
        std::cout << synap::server::http::print_http_reference();
        return 0;
    }
    const auto environment = config::process_environment();
    const auto container = config::container_limits();
    const auto load = [&] {
        return config::load({table, choose_file(line, environment), environment, line.flags,
                             container, available_cores()});
    };
    const config::Loaded loaded = load();
    if (line.action != config::Action::kServe || !loaded.ok()) {
        if (!report(loaded)) return 1;
    }
    switch (line.action) {
        case config::Action::kCheckConfig:
            std::cout << "OK\n";
            return 0;
        case config::Action::kPrintConfig:
            std::cout << config::print_config(loaded);
            return 0;
        case config::Action::kHealthCheck:
            return health_check(loaded, environment);
        default:
            return serve(loaded, container, load);
    }
}

}  // namespace

int main(int argc, char** argv) {
    synap::server::fill_standard_streams();
    try {
        return dispatch(argc, argv);
    } catch (const std::exception& e) {
        std::cerr << "synap-server: " << e.what() << "\n";
        return 1;
    }
}
