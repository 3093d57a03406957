#include "server/config/config.h"

#include <set>

#include "server/config/print.h"
#include "tests/unit/server/config_fixture.h"

namespace synap::server::config {
namespace {

std::string text_of(const Loaded& loaded, std::string_view key) {
    const Effective* effective = loaded.find(key);
    return effective ? effective->text() : "no such key";
}

std::string engine_value(const Loaded& loaded, std::string_view name) {
    for (const auto& [option, value] : loaded.config.settings.engine_options) {
        if (option == name) return value;
    }
    return "not set";
}

// Two different values that the option takes, as text.
std::pair<std::string, std::string> two_values(const Option& option) {
    switch (option.shape.kind) {
        case Kind::kBool:
            return {"false", "true"};
        case Kind::kChoice:
            return {option.shape.choices[0], option.shape.choices[1]};
        case Kind::kText:
        case Kind::kList:
            return {"https://one.example", "https://two.example"};
        case Kind::kInt:
            // In range for every integer of the table; engine.* ranges are the engine's to tell.
            return {option.key.ends_with("slots") ? "1024" : "32", "64"};
        case Kind::kDuration:
            return {"60s", "120s"};
        case Kind::kBytes:
            return {"1mb", "2mb"};
    }
    return {};
}

// A feature of a later release cannot be switched on, nor a value of the engine be out of range; a
// file with a secret has to be there.
bool is_settable(const Option& option) {
    return option.needs.empty() && option.key != "replication.secret_file";
}

bool is_accepted(const Option& option, const std::string& value) {
    return load_flags({flag(option.key, value)}).ok();
}

TEST_F(ConfigTest, DefaultsLoadWithoutProblems) {
    const Loaded loaded = load_flags({});
    EXPECT_TRUE(loaded.problems.empty()) << all_text(loaded.problems);
    const Settings& settings = loaded.config.settings;
    EXPECT_EQ(settings.host, "*");
    EXPECT_EQ(settings.port, 15500);
    EXPECT_EQ(settings.io_threads, 4u);
    EXPECT_EQ(settings.data_dir, "./data");
    EXPECT_EQ(text_of(loaded, "persistence.fsync"), "everysec");
    EXPECT_EQ(engine_value(loaded, "persistence.ack"), "os");
    EXPECT_EQ(engine_value(loaded, "open.wait"), "false");
    EXPECT_EQ(engine_value(loaded, "max_memory"), "0");
}

TEST_F(ConfigTest, FlagsBeatEnvironmentBeatsFileBeatsDefaults) {
    const char* yaml = "server:\n  port: 1001\n  host: 10.0.0.1\n";
    EXPECT_EQ(load_yaml_text(yaml).config.settings.port, 1001);
    const Environment environment = {{"SYNAP_SERVER_PORT", "1002"}};
    EXPECT_EQ(load_yaml_text(yaml, environment).config.settings.port, 1002);
    const Loaded all = load_yaml_text(yaml, environment, {flag("server.port", "1003")});
    EXPECT_TRUE(all.ok()) << all_text(all.problems);
    EXPECT_EQ(all.config.settings.port, 1003);
    EXPECT_EQ(all.config.settings.host, "10.0.0.1");
    EXPECT_EQ(all.find("server.port")->origin.text(), "flag --set");
    EXPECT_EQ(all.find("server.host")->origin.line, 3);
    EXPECT_EQ(all.find("server.role")->origin.text(), "default");
}

TEST_F(ConfigTest, EveryOptionIsSettableInTheFileTheEnvironmentAndAFlag) {
    for (const Option& option : table().options()) {
        if (!is_settable(option)) continue;
        const std::string& key = option.same_as.empty() ? option.key : option.same_as;
        const auto [one, two] = two_values(option);
        std::string value = text_of(load_flags({}), key) == one ? two : one;
        if (!is_accepted(option, value)) value = value == one ? two : one;
        const Loaded by_flag = load_flags({flag(option.key, value)});
        ASSERT_TRUE(by_flag.ok()) << all_text(by_flag.problems);
        const Loaded by_variable = load({table(), "", {{option.env, value}}, {}, {}, 4});
        const Loaded by_file = load_yaml_text(option.key + ": \"" + value + "\"\n");
        EXPECT_EQ(by_flag.find(key)->origin.layer, Layer::kFlag);
        EXPECT_EQ(by_variable.find(key)->origin.layer, Layer::kEnvironment) << option.env;
        EXPECT_EQ(by_file.find(key)->origin.layer, Layer::kFile) << option.key;
        EXPECT_TRUE(by_flag.find(key)->value == by_variable.find(key)->value) << option.key;
        EXPECT_TRUE(by_flag.find(key)->value == by_file.find(key)->value) << option.key;
    }
}

TEST_F(ConfigTest, ValuesReachTheMembersThatTheyAreBoundTo) {
    for (const Option& option : table().options()) {
        if (!option.bind.load || !is_settable(option)) continue;
        const auto [one, two] = two_values(option);
        for (const std::string& text : {one, two}) {
            const Loaded loaded = load_flags({flag(option.key, text)});
            if (loaded.ok()) {
                EXPECT_TRUE(option.bind.load(loaded.config) == loaded.find(option.key)->value)
                    << option.key << " " << text;
            }
        }
    }
}

TEST_F(ConfigTest, NamesAreUnique) {
    std::set<std::string> names;
    for (const Option& option : table().options()) {
        EXPECT_TRUE(names.insert(option.key).second) << option.key;
        EXPECT_TRUE(names.insert(option.env).second) << option.env;
        EXPECT_FALSE(option.help.empty()) << option.key;
        if (!option.env_alias.empty()) {
            EXPECT_TRUE(names.insert(option.env_alias).second) << option.env_alias;
        }
        if (!option.flag.empty()) {
            EXPECT_TRUE(names.insert(option.flag).second) << option.flag;
        }
        EXPECT_EQ(option.bind.store != nullptr, option.engine.empty() && option.same_as.empty());
    }
}

TEST_F(ConfigTest, EngineOptionsGoToTheEngineInItsUnits) {
    const Loaded loaded = load_yaml_text(
        "kv_store:\n"
        "  max_memory_mb: 512\n"
        "  eviction_policy: allkeys-lru\n"
        "persistence:\n"
        "  fsync: always\n"
        "  snapshot:\n"
        "    interval_secs: 90\n"
        "    log_growth_bytes: 1gb\n");
    ASSERT_TRUE(loaded.ok()) << all_text(loaded.problems);
    EXPECT_EQ(engine_value(loaded, "max_memory"), std::to_string(512 * 1024 * 1024));
    EXPECT_EQ(engine_value(loaded, "max_memory_policy"), "allkeys-lru");
    EXPECT_EQ(engine_value(loaded, "persistence.fsync"), "always");
    EXPECT_EQ(engine_value(loaded, "snapshot.interval_ms"), "90000");
    EXPECT_EQ(engine_value(loaded, "snapshot.log_growth_bytes"), std::to_string(1 << 30));
    EXPECT_EQ(engine_value(loaded, "snapshot.keep"), "not set");
}

TEST_F(ConfigTest, TheEnginesRefusalNamesTheKeyAndItsPlace) {
    const std::string errors = errors_of("kv_store:\n  eviction_samples: 100000000\n");
    EXPECT_TRUE(errors.starts_with("config.yml:2:21: kv_store.eviction_samples: ")) << errors;
    EXPECT_NE(errors.find("expected"), std::string::npos) << errors;
}

TEST_F(ConfigTest, PersistenceOffKeepsEverythingInMemory) {
    const Loaded loaded = load_yaml_text("persistence: {enabled: false}\n");
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded.config.settings.data_dir, "");
}

TEST_F(ConfigTest, SameThingInTwoUnitsOnOneLayerIsAnError) {
    EXPECT_EQ(errors_of("kv_store:\n  max_memory: 1gb\n  max_memory_mb: 512\n"),
              "config.yml:3:18: kv_store.max_memory_mb: the same as kv_store.max_memory, which "
              "config.yml:2:15 sets; keep one of them\n");
    const Loaded layered =
        load_yaml_text("kv_store:\n  max_memory: 1gb\n", {{"SYNAP_KV_STORE_MAX_MEMORY_MB", "512"}});
    EXPECT_TRUE(layered.ok());
    EXPECT_EQ(layered.max_memory, 512u * 1024 * 1024);
}

TEST_F(ConfigTest, LaterReleasesFeaturesAreAcceptedWhenOff) {
    EXPECT_EQ(errors_of("server:\n  role: standalone\n  tls: {enabled: false}\n"
                        "replication:\n  enabled: false\n  listen_port: 15501\n"),
              "");
}

TEST_F(ConfigTest, LaterReleasesFeaturesAreRefusedWithTheirPlace) {
    EXPECT_EQ(errors_of("server:\n  tls:\n    enabled: yes\n"),
              "config.yml:3:14: server.tls.enabled: true needs TLS, which version " SYNAP_VERSION
              " does not have yet; a later release will\n");
}

TEST_F(ConfigTest, ReplicationIsTheEnginesAsItWasAskedFor) {
    const auto of = [this](const std::string& yaml) {
        const Loaded loaded = load_yaml_text(yaml);
        std::string text;
        for (const auto& [name, value] : loaded.config.settings.engine_options) {
            if (name.starts_with("replication.")) text += name.substr(12) + "=" + value + " ";
        }
        return text;
    };
    EXPECT_EQ(of("server: {port: 15500}\n"), "clients=:15500 protected=true ");
    EXPECT_EQ(of("server: {role: master}\nreplication: {enabled: false}\n"), "");
    EXPECT_EQ(of("server: {role: master, host: 10.0.0.1}\n"),
              "role=master listen=10.0.0.1:15501 clients=:15500 protected=false ");
    EXPECT_EQ(of("server: {role: replica}\nreplication: {master_host: m}\n"),
              "role=replica master=m:15501 clients=:15500 protected=true ");
    EXPECT_EQ(
        of("server: {role: replica, host: '*'}\n"
           "replication: {master_host: 'fe80::1', listen_port: 7, secret: sixteen bytes of it}\n"),
        "role=replica master=[fe80::1]:15501 listen=:7 secret=sixteen bytes of it "
        "clients=:15500 protected=false ");
    EXPECT_EQ(errors_of("replication: {secret_file: /nonexistent/secret}\n"),
              "config.yml:1:28: replication.secret_file: '/nonexistent/secret' cannot be read\n");
    EXPECT_EQ(errors_of("server: {role: replica}\n"),
              "config.yml:1:16: server.role: a replica needs replication.master_host\n");
}

TEST_F(ConfigTest, AutoFollowsTheContainer) {
    const ContainerLimits container = {uint64_t{1} << 30, 2};
    const Loaded loaded = load({table(), "", {}, {}, container, 8});
    EXPECT_EQ(loaded.max_memory, (uint64_t{1} << 30) / 4 * 3);
    EXPECT_EQ(engine_value(loaded, "max_memory"), std::to_string(768 * 1024 * 1024));
    EXPECT_EQ(loaded.config.settings.io_threads, 2u);
    EXPECT_EQ(loaded.find("kv_store.max_memory")->resolved, "768mb of the container's 1gb");
    EXPECT_TRUE(loaded.problems.empty());
}

TEST_F(ConfigTest, MoreMemoryThanTheContainerHasIsAWarning) {
    const ContainerLimits container = {uint64_t{1} << 30, {}};
    for (const char* value : {"0", "2gb", "1gb"}) {
        const Loaded loaded =
            load({table(), "", {}, {flag("kv_store.max_memory", value)}, container, 8});
        EXPECT_TRUE(loaded.ok());
        EXPECT_EQ(loaded.problems.size(), 1u) << value;
    }
    EXPECT_TRUE(load({table(), "", {}, {flag("kv_store.max_memory", "512mb")}, container, 8})
                    .problems.empty());
}

TEST_F(ConfigTest, WebOriginsAreChecked) {
    EXPECT_EQ(errors_of("cors:\n  allowed_origins: [\"*\", \"https://a.example:8443\"]\n"), "");
    EXPECT_EQ(errors_of("cors:\n  allowed_origins: [\"https://a.example/\"]\n"),
              "config.yml:2:20: cors.allowed_origins: 'https://a.example/': expected * or an "
              "origin as browsers send it, such as https://console.example: in lower case, "
              "without path and default port\n");
    for (const char* never_sent :
         {"https://A.example", "https://a.example:443", "http://a.example:80",
          "https://a.example?x", "https://u@a.example", "https://", "://a.example", "a.example",
          "https://a b"}) {
        EXPECT_FALSE(load_flags({flag("cors.allowed_origins", never_sent)}).ok()) << never_sent;
    }
    EXPECT_EQ(load_flags({flag("cors.allowed_origins", "https://a.example, https://b.example")})
                  .config.settings.cors_origins.size(),
              2u);
}

// The default of the lower limit follows the higher one; who asks for both must mean them.
TEST_F(ConfigTest, ALimitThatCouldNeverBeReachedIsRefused) {
    const Loaded lower = load_flags({flag("limits.output_buffer_bytes", "64kb")});
    ASSERT_TRUE(lower.ok()) << all_text(lower.problems);
    EXPECT_EQ(lower.config.settings.limits.output_soft_bytes, 64u * 1024);
    EXPECT_NE(print_config(lower).find("output_soft_bytes: 64kb"), std::string::npos);
    EXPECT_EQ(errors_of("limits: {output_soft_bytes: 2mb, output_buffer_bytes: 1mb}\n"),
              "config.yml:1:29: limits.output_soft_bytes: expected at most "
              "limits.output_buffer_bytes, which is 1mb\n");
    EXPECT_EQ(errors_of("limits: {resp_bulk_bytes: 2gb}\n"),
              "config.yml:1:27: limits.resp_bulk_bytes: expected at most "
              "limits.resp_query_bytes, which is 1gb\n");
}

TEST_F(ConfigTest, PrintedConfigurationLoadsToTheSame) {
    const Loaded first = load_yaml_text(
        "server: {host: \"::1\", port: 7}\n"
        "logging: {file: \"/a b/\\\"c\\\\.log\"}\n"
        "cors: {allowed_origins: [\"https://a.example\"]}\n"
        "limits: {header_timeout_ms: 1500}\n"
        "kv_store: {max_memory: 100001}\n",
        {{"SYNAP_PERSISTENCE_SNAPSHOT_INTERVAL_SECS", "61"}});
    ASSERT_TRUE(first.ok()) << all_text(first.problems);
    const std::string printed = print_config(first);
    EXPECT_NE(printed.find("interval_secs: 61 # environment variable "
                           "SYNAP_PERSISTENCE_SNAPSHOT_INTERVAL_SECS\n"),
              std::string::npos)
        << printed;
    const Loaded second = load_yaml_text(printed);
    ASSERT_TRUE(second.ok()) << all_text(second.problems);
    for (size_t i = 0; i < first.values.size(); ++i) {
        EXPECT_TRUE(first.values[i].value == second.values[i].value) << first.values[i].option->key;
    }
}

}  // namespace
}  // namespace synap::server::config
