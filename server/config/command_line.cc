#include "server/config/command_line.h"

#include <CLI/CLI.hpp>

#include <ostream>

#include "server/config/suggest.h"

namespace synap::server::config {

namespace {

constexpr const char* kDescription =
    "Synap server: keys and values over RESP and HTTP on one port.\n"
    "Settings: defaults, below a YAML file, below SYNAP_* variables, below flags.";
constexpr const char* kFooter =
    "\nEvery option of the file has a variable (server.port: SYNAP_SERVER_PORT) and can be set\n"
    "with --set. They are listed in docs/configuration.md and by --print-config.\n"
    "SYNAP_LOG=debug or SYNAP_LOG=info,json sets level and format of the log.";

struct Switches {
    std::string config_file;
    bool check = false;
    bool print = false;
    bool reference = false;
    bool health = false;
};

// "--port" of "--port,-p".
std::string long_name(const std::string& flag) { return flag.substr(0, flag.find(',')); }

std::string metavar(const Option& option) {
    switch (option.shape.kind) {
    case Kind::kInt:
        return "N";
    case Kind::kBytes:
        return "SIZE";
    case Kind::kChoice:
        return option.range;
    default:
        return option.key.ends_with("_dir") ? "DIR" : option.key.ends_with("file") ? "FILE" : "TEXT";
    }
}

void add_options(CLI::App& app, const OptionTable& table, std::vector<Setting>& flags) {
    for (const Option& option : table.options()) {
        if (option.flag.empty()) {
            continue;
        }
        const std::string fallback = format_value(option.shape, option.default_value);
        const auto record = [&flags, &option](const std::string& value) {
            flags.push_back(
                {option.key, {value}, false, {Layer::kFlag, long_name(option.flag)}});
        };
        app.add_option_function<std::string>(option.flag, record, option.help)
            ->type_name(metavar(option))
            ->default_str(fallback)
            ->group("Settings");
    }
    const auto record_pair = [&flags](const std::vector<std::string>& pairs) {
        for (const std::string& pair : pairs) {
            const auto equals = pair.find('=');
            if (equals == 0 || equals == std::string::npos) {
                throw CLI::ValidationError("--set", "'" + pair + "': expected KEY=VALUE");
            }
            flags.push_back({pair.substr(0, equals),
                             {pair.substr(equals + 1)},
                             false,
                             {Layer::kFlag, "--set"}});
        }
    };
    app.add_option_function<std::vector<std::string>>("--set", record_pair,
                                                      "Any option by its key; may be repeated")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->group("Settings");
}

void add_switches(CLI::App& app, Switches& switches) {
    app.set_help_flag("--help,-h", "Print this text");
    app.get_help_ptr()->group("Actions");
    app.set_version_flag("--version,-V", "synap-server " SYNAP_VERSION, "Print the version")
        ->group("Actions");
    app.add_option("--config,-c", switches.config_file,
                   "Configuration file; else SYNAP_CONFIG, else ./config.yml where it exists")
        ->type_name("FILE")
        ->group("Settings");
    app.add_flag("--check-config", switches.check, "Check the configuration: prints OK or errors")
        ->group("Actions");
    app.add_flag("--print-config", switches.print,
                 "Print the configuration in force and where each value comes from")
        ->group("Actions");
    app.add_flag("--health-check", switches.health,
                 "Ask a running server at SYNAP_HEALTH_ADDR for /health; exits with 0 or 1")
        ->group("Actions");
    app.add_flag("--print-config-reference", switches.reference, "")->group("");
}

Action action_of(const Switches& switches) {
    if (switches.reference) {
        return Action::kPrintReference;
    }
    if (switches.health) {
        return Action::kHealthCheck;
    }
    if (switches.print) {
        return Action::kPrintConfig;
    }
    return switches.check ? Action::kCheckConfig : Action::kServe;
}

CommandLine finished(int exit_code) {
    CommandLine line;
    line.action = Action::kExit;
    line.exit_code = exit_code;
    return line;
}

std::vector<std::string> long_names(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

} // namespace

CommandLine parse_command_line(const OptionTable& table, int argc, const char* const* argv,
                               std::ostream& out, std::ostream& err) {
    CommandLine line;
    Switches switches;
    CLI::App app(kDescription, "synap-server");
    app.footer(kFooter);
    app.allow_extras(); // to suggest what was meant
    add_switches(app, switches);
    add_options(app, table, line.flags);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        out << app.help();
        return finished(0);
    } catch (const CLI::CallForVersion& version) {
        out << version.what() << "\n";
        return finished(0);
    } catch (const CLI::ParseError& e) {
        err << "synap-server: " << e.what() << "\n";
        return finished(kExitUsage);
    }
    const std::vector<std::string> extras = app.remaining();
    if (!extras.empty()) {
        const std::string name = extras.front().substr(0, extras.front().find('='));
        err << "synap-server: unknown argument " << name << did_you_mean(name, long_names(app))
            << "\nsynap-server --help lists them\n";
        return finished(kExitUsage);
    }
    line.action = action_of(switches);
    line.config_file = switches.config_file;
    return line;
}

} // namespace synap::server::config
