#include "server/config/command_line.h"

#include <sstream>

#include "tests/unit/server/config_fixture.h"

namespace synap::server::config {
namespace {

struct Parsed {
    CommandLine line;
    std::string out;
    std::string err;
};

Parsed parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "synap-server");
    std::ostringstream out;
    std::ostringstream err;
    CommandLine line =
        parse_command_line(table(), static_cast<int>(arguments.size()), arguments.data(), out, err);
    return {std::move(line), out.str(), err.str()};
}

TEST(CommandLine, FlagsBecomeSettings) {
    const Parsed parsed = parse({"--config", "a.yml", "--port", "7", "--host=::1", "--set",
                                 "logging.level=debug", "--set", "cors.allowed_origins=a=b"});
    EXPECT_EQ(parsed.line.action, Action::kServe);
    EXPECT_EQ(parsed.line.config_file, "a.yml");
    std::string text;
    for (const Setting& setting : parsed.line.flags) {
        text += setting.origin.text() + " " + setting.key + "=" + setting.items.front() + "\n";
    }
    EXPECT_NE(text.find("flag --port server.port=7\n"), std::string::npos) << text;
    EXPECT_NE(text.find("flag --host server.host=::1\n"), std::string::npos);
    EXPECT_NE(text.find("flag --set logging.level=debug\n"), std::string::npos);
    EXPECT_NE(text.find("flag --set cors.allowed_origins=a=b\n"), std::string::npos);
}

TEST(CommandLine, EveryFlagOfTheTableIsTaken) {
    for (const Option& option : table().options()) {
        if (option.flag.empty()) continue;
        const std::string name = option.flag.substr(0, option.flag.find(','));
        const Parsed parsed = parse({name.c_str(), "value"});
        ASSERT_EQ(parsed.line.flags.size(), 1u) << name << parsed.err;
        EXPECT_EQ(parsed.line.flags.front().key, option.key);
    }
}

TEST(CommandLine, ActionsAreRecognised) {
    EXPECT_EQ(parse({"--check-config"}).line.action, Action::kCheckConfig);
    EXPECT_EQ(parse({"--print-config"}).line.action, Action::kPrintConfig);
    EXPECT_EQ(parse({"--health-check"}).line.action, Action::kHealthCheck);
    EXPECT_EQ(parse({"--print-config-reference"}).line.action, Action::kPrintReference);
    EXPECT_EQ(parse({"--print-http-reference"}).line.action, Action::kPrintHttpReference);
}

TEST(CommandLine, HelpAndVersionAnswerOnStandardOutput) {
    const Parsed help = parse({"--help"});
    EXPECT_EQ(help.line.action, Action::kExit);
    EXPECT_EQ(help.line.exit_code, 0);
    EXPECT_NE(help.out.find("--max-memory SIZE"), std::string::npos);
    EXPECT_EQ(help.out.find("--print-config-reference"), std::string::npos);
    EXPECT_EQ(parse({"--version"}).out, "synap-server " SYNAP_VERSION "\n");
}

TEST(CommandLine, MistakesExitWithTwoAndSaySo) {
    const Parsed unknown = parse({"--prot", "7"});
    EXPECT_EQ(unknown.line.exit_code, kExitUsage);
    EXPECT_NE(unknown.err.find("unknown argument --prot; did you mean --port?"), std::string::npos)
        << unknown.err;
    const Parsed pair = parse({"--set", "port"});
    EXPECT_EQ(pair.line.exit_code, kExitUsage);
    EXPECT_NE(pair.err.find("expected KEY=VALUE"), std::string::npos) << pair.err;
    EXPECT_EQ(parse({"--port"}).line.exit_code, kExitUsage);
    EXPECT_EQ(parse({"start"}).line.exit_code, kExitUsage);
}

}  // namespace
}  // namespace synap::server::config
