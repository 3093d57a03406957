#include "server/config/environment.h"

#include "tests/unit/server/config_fixture.h"

namespace synap::server::config {
namespace {

Loaded load_environment(const Environment& environment) {
    return load({table(), "", environment, {}, {}, 4});
}

TEST(Environment, TheGuidesVariablesWork) {
    const Loaded loaded = load_environment({{"SYNAP_ROLE", "master"}, {"RUST_LOG", "info"}});
    EXPECT_TRUE(loaded.problems.empty()) << all_text(loaded.problems);
    EXPECT_EQ(loaded.config.role, "master");
    const Loaded replica =
        load_environment({{"SYNAP_ROLE", "replica"}, {"SYNAP_MASTER", "master:15501"}});
    EXPECT_TRUE(replica.ok()) << all_text(replica.problems);
    EXPECT_EQ(replica.config.replication.master_host, "master");
    EXPECT_EQ(replica.config.replication.master_port, 15501);
}

TEST(Environment, MasterTakesHostsAndPorts) {
    const auto master = [](const char* value) {
        const Loaded loaded = load_environment({{"SYNAP_MASTER", value}});
        return loaded.config.replication.master_host + " " +
               std::to_string(loaded.config.replication.master_port);
    };
    EXPECT_EQ(master("db"), "db 15501");
    EXPECT_EQ(master("db:99"), "db 99");
    EXPECT_EQ(master("[::1]:99"), "::1 99");
    EXPECT_EQ(master("[fe80::2]"), "fe80::2 15501");
    EXPECT_FALSE(load_environment({{"SYNAP_MASTER", "db:x"}}).ok());
}

TEST(Environment, LogTakesLevelFormatOrBoth) {
    const auto logging = [](const Environment& environment) {
        const Loaded loaded = load_environment(environment);
        EXPECT_TRUE(loaded.ok()) << all_text(loaded.problems);
        return loaded.config.logging.level + " " + loaded.config.logging.format;
    };
    EXPECT_EQ(logging({{"SYNAP_LOG", "debug"}}), "debug text");
    EXPECT_EQ(logging({{"SYNAP_LOG", "info,json"}}), "info json");
    EXPECT_EQ(logging({{"SYNAP_LOG", "json,warn"}}), "warn json");
    EXPECT_EQ(logging({{"SYNAP_LOG", "json"}}), "info json");
    EXPECT_EQ(logging({{"RUST_LOG", "synap=debug"}}), "debug text");
    EXPECT_EQ(logging({{"RUST_LOG", "hyper=trace,tower"}}), "info text");
    EXPECT_EQ(logging({{"RUST_LOG", "trace"}, {"SYNAP_LOG", "error"}}), "error text");
    EXPECT_EQ(logging({{"SYNAP_LOGGING_LEVEL", "warn"}, {"SYNAP_LOG", "error"}}), "warn text");
    EXPECT_EQ(all_text(load_environment({{"SYNAP_LOG", "loud"}}).problems),
              "environment variable SYNAP_LOG: 'loud': expected a level "
              "(trace|debug|info|warn|error|off), a format (text|json), or both with a comma "
              "between\n");
}

TEST(Environment, WrongValuesNameTheVariable) {
    EXPECT_EQ(all_text(load_environment({{"SYNAP_SERVER_PORT", "x"}}).problems),
              "environment variable SYNAP_SERVER_PORT: server.port: 'x': expected a whole number "
              "from 0 to 65535\n");
}

TEST(Environment, UnknownVariablesAreWarningsWithASuggestion) {
    const Loaded loaded = load_environment({{"SYNAP_SERVER_PROT", "1"}, {"SYNAP_QQQ", "1"}});
    EXPECT_TRUE(loaded.ok());
    EXPECT_EQ(all_text(loaded.problems),
              "warning: environment variable SYNAP_SERVER_PROT: names no option; did you mean "
              "SYNAP_SERVER_PORT?\n"
              "warning: environment variable SYNAP_QQQ: names no option\n");
}

TEST(Environment, EmptyValuesAndForeignNamesCountAsNotSet) {
    const Loaded loaded =
        load_environment({{"SYNAP_SERVER_PORT", ""}, {"PORT", "1"}, {"SYNAP_CONFIG", "x"}});
    EXPECT_TRUE(loaded.problems.empty()) << all_text(loaded.problems);
    EXPECT_EQ(loaded.config.settings.port, 15500);
}

TEST(Environment, ServiceLinksOfKubernetesArePassedOver) {
    const Loaded loaded = load_environment({{"SYNAP_MASTER_SERVICE_HOST", "10.0.0.7"},
                                            {"SYNAP_MASTER_SERVICE_PORT", "15500"},
                                            {"SYNAP_MASTER_SERVICE_PORT_HTTP", "15500"},
                                            {"SYNAP_MASTER_PORT", "tcp://10.0.0.7:15500"},
                                            {"SYNAP_MASTER_PORT_15500_TCP", "tcp://10.0.0.7:1"},
                                            {"SYNAP_MASTER_PORT_15500_TCP_PROTO", "tcp"},
                                            {"SYNAP_MASTER_PORT_15500_TCP_PORT", "15500"},
                                            {"SYNAP_MASTER_PORT_15500_TCP_ADDR", "10.0.0.7"},
                                            // A Service that is called synap-server.
                                            {"SYNAP_SERVER_PORT", "tcp://10.0.0.7:15500"}});
    EXPECT_TRUE(loaded.problems.empty()) << all_text(loaded.problems);
    EXPECT_EQ(loaded.config.settings.port, 15500);
}

TEST(Environment, IsReadFromTheProcess) {
    ASSERT_EQ(setenv("SYNAP_SERVER_PORT", "4711", 1), 0);
    EXPECT_EQ(environment_value(process_environment(), "SYNAP_SERVER_PORT"), "4711");
    ASSERT_EQ(unsetenv("SYNAP_SERVER_PORT"), 0);
    EXPECT_EQ(environment_value(process_environment(), "SYNAP_SERVER_PORT"), "");
}

}  // namespace
}  // namespace synap::server::config
