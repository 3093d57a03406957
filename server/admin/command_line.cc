#include "server/admin/command_line.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <iostream>
#include <system_error>

#include "server/admin/check.h"
#include "server/admin/operate.h"
#include "server/admin/output_file.h"
#include "server/admin/promote.h"
#include "server/admin/remote.h"
#include "server/admin/spelling.h"
#include "server/admin/target.h"
#include "server/admin/transfer.h"

namespace synap::server::admin {

namespace {

constexpr const char* kDefaultUrl = "http://127.0.0.1:15500";

struct Later {
    const char* name;
    const char* what;
};

// Part of the documented command set; refused by name, so that a script fails with the reason.
constexpr std::array<Later, 2> kLater = {{
    {"create-api-key", "API keys"},
    {"revoke-api-key", "API keys"},
}};

struct Arguments {
    std::string directory;
    std::string url;
    std::string section;
    std::string file;
    std::string name;
    std::string value;
    uint64_t count = 10;
    bool json = false;
    bool force = false;
};

struct Streams {
    std::istream& in;
    std::ostream& out;
    std::ostream& err;
};

client::Endpoint endpoint_of(const Arguments& arguments) {
    const auto endpoint = client::parse_endpoint(arguments.url);
    if (!endpoint) {
        throw CLI::ValidationError("--url", "'" + arguments.url + "': expected http://HOST:PORT");
    }
    return *endpoint;
}

std::unique_ptr<Target> open_target(const Arguments& arguments, Access access) {
    return arguments.directory.empty() ? connect_server(endpoint_of(arguments))
                                       : open_directory(arguments.directory, access);
}

TransferCount export_to(Target& target, const std::string& name, std::ostream& out) {
    try {
        return export_keys(target, out);
    } catch (const std::system_error& e) {
        throw Failure(name + ": cannot be written: " + e.code().message());
    }
}

int run_export(const Arguments& arguments, const Streams& streams) {
    const auto target = open_target(arguments, Access::kRead);
    TransferCount count;
    if (arguments.file == "-") {
        count = export_to(*target, "standard output", streams.out);
    } else {
        OutputFile file(arguments.file);
        count = export_to(*target, arguments.file, file.stream());
        file.finish();
    }
    streams.err << "exported " << count.keys << " keys\n";
    if (count.skipped > 0) {
        streams.err << "synap-admin: " << count.skipped
                    << " keys are no strings and were left out\n";
        return kExitFailed;
    }
    return 0;
}

int run_import(const Arguments& arguments, const Streams& streams) {
    std::ifstream file;
    if (arguments.file != "-") {
        file.open(arguments.file, std::ios::binary);
        if (!file) throw Failure(arguments.file + ": cannot be read");
    }
    const auto target = open_target(arguments, Access::kReadWrite);
    try {
        const TransferCount count = import_keys(*target, arguments.file == "-" ? streams.in : file);
        streams.err << "imported " << count.keys << " keys\n";
        return 0;
    } catch (const Failure& e) {
        throw Failure(arguments.file + ": " + e.what());
    }
}

class CommandLine {
public:
    CommandLine(const char* url_variable, Streams streams) : streams_(streams) {
        app_.set_version_flag("--version,-V", "synap-admin " SYNAP_VERSION);
        app_.require_subcommand(1);
        arguments_.url = url_variable && *url_variable ? url_variable : kDefaultUrl;
        add_check();
        add_remote();
        add_operation();
        add_transfer();
        app_.footer(
            "Exits with 0 when done, 1 when it failed, 2 for a mistake on the command line.");
        for (const Later& later : kLater) {
            auto* command = add(later.name, "Comes with a later release.", [this, later] {
                streams_.err << "synap-admin: " << later.name << ": version " SYNAP_VERSION
                             << " does not have " << later.what << " yet; a later release will\n";
                return kExitUsage;
            });
            command->allow_extras();
            command->group("");
        }
    }

    int run(int argc, const char* const* argv) {
        const std::string unknown = unknown_word(app_, {argv + 1, argv + std::max(argc, 1)});
        if (!unknown.empty()) return refuse(unknown);
        try {
            app_.parse(argc, argv);
            return exit_code_;
        } catch (const CLI::CallForHelp& e) {
            return app_.exit(e, streams_.out, streams_.err);
        } catch (const CLI::CallForVersion& e) {
            return app_.exit(e, streams_.out, streams_.err);
        } catch (const CLI::ParseError& e) {
            return refuse(e.what());
        } catch (const std::exception& e) {
            streams_.err << "synap-admin: " << e.what() << "\n";
            return kExitFailed;
        }
    }

private:
    int refuse(const std::string& why) {
        streams_.err << "synap-admin: " << why << "\n"
                     << "synap-admin --help lists commands, synap-admin COMMAND --help options\n";
        return kExitUsage;
    }

    template <typename Run>
    CLI::App* add(const char* name, const char* help, Run run) {
        return add(app_, name, help, run);
    }
    template <typename Run>
    CLI::App* add(CLI::App& to, const char* name, const char* help, Run run) {
        CLI::App* command = to.add_subcommand(name, help);
        command->callback([this, run] { exit_code_ = run(); });
        return command;
    }

    CLI::Option* add_url(CLI::App* command) {
        return command->add_option(
            "--url", arguments_.url,
            "The server. [SYNAP_URL, else " + std::string(kDefaultUrl) + "]");
    }

    void add_check() {
        auto* command = add("check", "Verify a data directory that no server has open.", [this] {
            return check_directory(arguments_.directory, arguments_.json, streams_.out,
                                   streams_.err);
        });
        command->add_option("DIR", arguments_.directory, "The data directory.")->required();
        command->add_flag("--json", arguments_.json, "Print one JSON object.");
        command->footer("Exits with 0: sound; 1: damaged; 2: cannot be checked.");
    }

    void add_remote() {
        add_url(add("health", "Ask a server whether it is healthy.", [this] {
            return show_health(endpoint_of(arguments_), streams_.out, streams_.err);
        }));
        add_url(add("snapshot", "Have a server write a snapshot now.", [this] {
            return take_snapshot(endpoint_of(arguments_), streams_.out, streams_.err);
        }));
        auto* info = add("info", "Print what a server tells about itself.", [this] {
            return show_info(endpoint_of(arguments_), arguments_.section, arguments_.json,
                             streams_.out, streams_.err);
        });
        add_url(info);
        info->add_option("SECTION", arguments_.section, "One section only.")
            ->check([](const std::string& word) {
                const bool ok =
                    word.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
                return ok ? std::string() : "expected a section such as server or memory";
            });
        info->add_flag("--json", arguments_.json, "Print the JSON as it comes.");
    }

    void add_operation() {
        CLI::App* config = app_.add_subcommand("config", "Read and change settings of a server.");
        config->require_subcommand(1);
        auto* get = add(*config, "get", "Print the settings that a pattern matches.", [this] {
            return get_config(*connect_server(endpoint_of(arguments_)), arguments_.name,
                              streams_.out);
        });
        get->add_option("PATTERN", arguments_.name, "A name, or a pattern such as max*.")
            ->required();
        auto* set = add(*config, "set", "Change a setting until the server ends.", [this] {
            return set_config(*connect_server(endpoint_of(arguments_)), arguments_.name,
                              arguments_.value, streams_.out);
        });
        set->add_option("NAME", arguments_.name, "As config get prints it.")->required();
        set->add_option("VALUE", arguments_.value, "The new value.")->required();

        CLI::App* slowlog = app_.add_subcommand("slowlog", "Calls that took long on a server.");
        slowlog->require_subcommand(1);
        auto* show = add(*slowlog, "get", "Print them, the newest first.", [this] {
            return show_slowlog(*connect_server(endpoint_of(arguments_)), arguments_.count,
                                streams_.out);
        });
        show->add_option("COUNT", arguments_.count, "At most so many.")->capture_default_str();
        auto* promote = add("promote-replica", "Make a replica the master.", [this] {
            return promote_replica(endpoint_of(arguments_), arguments_.name, arguments_.force,
                                   streams_.out);
        });
        promote
            ->add_option("--replica", arguments_.name,
                         "Where it serves clients (host:port), or its name or id, as the server "
                         "at --url knows it.")
            ->required();
        promote->add_flag("--force", arguments_.force, "Although it lags behind.");
        add_url(promote);
        auto* reset = add(*slowlog, "reset", "Forget them.", [this] {
            return reset_slowlog(*connect_server(endpoint_of(arguments_)), streams_.out);
        });
        for (CLI::App* command : {get, set, show, reset}) {
            add_url(command);
        }
    }

    void add_transfer() {
        auto* out = add("export", "Write every key as a line of JSON.",
                        [this] { return run_export(arguments_, streams_); });
        auto* in = add("import", "Set the keys of an export, over what is there.",
                       [this] { return run_import(arguments_, streams_); });
        for (CLI::App* command : {out, in}) {
            auto* directory =
                command->add_option("DIR", arguments_.directory,
                                    "A data directory that no server has open; else --url.");
            add_url(command)->excludes(directory);
        }
        out->add_option("--output,-o", arguments_.file, "File to write; - for standard output.")
            ->required();
        in->add_option("--input,-i", arguments_.file, "File to read; - for standard input.")
            ->required();
    }

    CLI::App app_{"Looks after Synap servers and data directories.", "synap-admin"};
    Arguments arguments_;
    Streams streams_;
    int exit_code_ = 0;
};

}  // namespace

int run_command_line(int argc, const char* const* argv, const char* url_variable, std::istream& in,
                     std::ostream& out, std::ostream& err) {
    return CommandLine(url_variable, {in, out, err}).run(argc, argv);
}

}  // namespace synap::server::admin
