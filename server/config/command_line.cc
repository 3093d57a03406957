#include "server/config/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
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
    bool http_reference = false;
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
            return "WORD";
        default:
            return option.key.ends_with("_dir")   ? "DIR"
                   : option.key.ends_with("file") ? "FILE"
                                                  : "TEXT";
    }
}

// Breaks lines between words; CLI11 indents those after the first.
std::string wrap(std::string_view text) {
    constexpr size_t kWidth = 66;
    std::string out;
    size_t line_start = 0;
    while (!text.empty()) {
        const auto space = std::min(text.find(' '), text.size());
        if (out.size() > line_start) {
            const bool fits = out.size() - line_start + 1 + space <= kWidth;
            out += fits ? ' ' : '\n';
            line_start = fits ? line_start : out.size();
        }
        out += text.substr(0, space);
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    return out;
}

std::string describe(const Option& option) {
    std::string text = option.help;
    if (option.shape.kind == Kind::kChoice) {
        text.resize(text.ends_with('.') ? text.size() - 1 : text.size());
        std::string between = ": ";
        for (const std::string& word : option.shape.choices) {
            text += between + word;
            between = ", ";
        }
        text += '.';
    }
    const std::string fallback = format_value(option.shape, option.default_value);
    return wrap(fallback.empty() ? text : text + " [" + fallback + "]");
}

void add_options(CLI::App& app, const OptionTable& table, std::vector<Setting>& flags) {
    for (const Option& option : table.options()) {
        if (option.flag.empty()) continue;
        const auto record = [&flags, &option](const std::string& value) {
            flags.push_back({option.key, {value}, false, {Layer::kFlag, long_name(option.flag)}});
        };
        app.add_option_function<std::string>(option.flag, record, describe(option))
            ->type_name(metavar(option))
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
                                                      "Any option by its key; may be repeated.")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false)
        ->group("Settings");
}

void add_switches(CLI::App& app, Switches& switches) {
    app.set_help_flag("--help,-h", "Print this text.");
    app.get_help_ptr()->group("Actions");
    app.set_version_flag("--version,-V", "synap-server " SYNAP_VERSION, "Print the version.")
        ->group("Actions");
    app.add_option("--config,-c", switches.config_file,
                   wrap("Configuration file. [SYNAP_CONFIG, or ./config.yml where that exists]"))
        ->type_name("FILE")
        ->group("Settings");
    app.add_flag("--check-config", switches.check, "Check the configuration: print OK or errors.")
        ->group("Actions");
    app.add_flag("--print-config", switches.print,
                 wrap("Print the configuration in force and where each value comes from."))
        ->group("Actions");
    app.add_flag("--health-check", switches.health,
                 wrap("Ask the server at SYNAP_HEALTH_ADDR for /health; exit with 0 or 1."))
        ->group("Actions");
    app.add_flag("--print-config-reference", switches.reference, "")->group("");
    app.add_flag("--print-http-reference", switches.http_reference, "")->group("");
}

Action action_of(const Switches& switches) {
    if (switches.reference) return Action::kPrintReference;
    if (switches.http_reference) return Action::kPrintHttpReference;
    if (switches.health) return Action::kHealthCheck;
    if (switches.print) return Action::kPrintConfig;
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

}  // namespace

CommandLine parse_command_line(const OptionTable& table, int argc, const char* const* argv,
                               std::ostream& out, std::ostream& err) {
    CommandLine line;
    Switches switches;
    CLI::App app(kDescription, "synap-server");
    app.get_formatter()->column_width(26);
    app.footer(kFooter);
    app.allow_extras();  // to suggest what was meant
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

}  // namespace synap::server::config
