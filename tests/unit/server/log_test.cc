#include "server/log/log.h"

#include <spdlog/spdlog.h>

#include <regex>

#include "tests/unit/server/config_fixture.h"

namespace synap::server::log {
namespace {

class LogTest : public config::ConfigTest {
protected:
    ~LogTest() override {
        std::string error;
        static_cast<void>(setup({}, error));  // the file is about to go
    }

    void start(const std::string& level, const std::string& format) {
        std::string error;
        ASSERT_TRUE(setup({level, format, directory_ + "/log"}, error)) << error;
    }

    // What was logged, with the time cut off after its shape was checked.
    std::string lines() {
        flush();
        std::ifstream file(directory_ + "/log");
        std::string text{std::istreambuf_iterator<char>(file), {}};
        const std::regex time(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)");
        return std::regex_replace(text, time, "T");
    }
};

TEST_F(LogTest, TextLines) {
    start("info", "text");
    info("listening", {{"host", "0.0.0.0"}, {"port", 15500}, {"tls", false}, {"ratio", 0.5}});
    warn("odd", {{"path", "a b"}, {"empty", ""}, {"equals", "a=b"}});
    error("plain");
    debug("too low");
    EXPECT_EQ(lines(),
              "T INFO  listening host=0.0.0.0 port=15500 tls=false ratio=0.5\n"
              "T WARN  odd path=\"a b\" empty=\"\" equals=\"a=b\"\n"
              "T ERROR plain\n");
}

TEST_F(LogTest, JsonLines) {
    start("trace", "json");
    info("say \"hi\"", {{"n", -1}, {"big", ~0ull}, {"ok", true}, {"text", std::string("a\\b")}});
    trace("low");
    EXPECT_EQ(lines(),
              "{\"time\":\"T\",\"level\":\"info\",\"message\":\"say \\\"hi\\\"\",\"n\":-1,"
              "\"big\":18446744073709551615,\"ok\":true,\"text\":\"a\\\\b\"}\n"
              "{\"time\":\"T\",\"level\":\"trace\",\"message\":\"low\"}\n");
}

TEST_F(LogTest, ClientsCannotForgeLines) {
    start("info", "text");
    info("bad\nT ERROR forged \x1b[2J", {{"name", "x\r\ny"}, {"raw", "\xff\xc3\xa9\xed\xa0\x80"}});
    EXPECT_EQ(lines(),
              "T INFO  bad\\nT ERROR forged \\u001b[2J name=\"x\\u000d\\ny\" "
              "raw=\"\\u00ff\xc3\xa9\\u00ed\\u00a0\\u0080\"\n");
}

TEST_F(LogTest, LinesOfTheLibraryItselfLookTheSame) {
    start("info", "json");
    info("with", {{"field", 1}});
    spdlog::warn("without {}", 2);
    EXPECT_EQ(lines(),
              "{\"time\":\"T\",\"level\":\"info\",\"message\":\"with\",\"field\":1}\n"
              "{\"time\":\"T\",\"level\":\"warn\",\"message\":\"without 2\"}\n");
}

TEST_F(LogTest, FilesAreAppendedTo) {
    start("info", "text");
    info("one");
    start("info", "text");
    info("two");
    EXPECT_EQ(lines(), "T INFO  one\nT INFO  two\n");
}

TEST_F(LogTest, OffWritesNothing) {
    start("off", "text");
    error("unheard");
    EXPECT_FALSE(enabled(Level::kError));
    EXPECT_EQ(lines(), "");
}

TEST_F(LogTest, WrongSettingsAreRefused) {
    std::string error;
    EXPECT_FALSE(setup({"loud", "text", ""}, error));
    EXPECT_EQ(error, "unknown log level 'loud'");
    EXPECT_FALSE(setup({"info", "xml", ""}, error));
    EXPECT_EQ(error, "unknown log format 'xml'");
    EXPECT_FALSE(setup({"info", "text", "/proc/none/log"}, error));
    EXPECT_NE(error.find("/proc/none/log"), std::string::npos) << error;
}

}  // namespace
}  // namespace synap::server::log
