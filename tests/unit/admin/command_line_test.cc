#include "server/admin/command_line.h"

#include <gtest/gtest.h>
#include <httplib.h>
#include <stdlib.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "server/client/http_client.h"

namespace synap::server::admin {
namespace {

struct Outcome {
    int exit_code = 0;
    std::string out;
    std::string err;
};

Outcome run(std::vector<std::string> arguments, const char* url = nullptr,
            const std::string& input = "") {
    arguments.insert(arguments.begin(), "synap-admin");
    std::vector<const char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(argument.c_str());
    }
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    const int exit_code =
        run_command_line(static_cast<int>(argv.size()), argv.data(), url, in, out, err);
    return {exit_code, out.str(), err.str()};
}

class AdminTest : public testing::Test {
protected:
    AdminTest() {
        std::string pattern = testing::TempDir() + "synap-admin-XXXXXX";
        root_ = mkdtemp(pattern.data());
    }
    ~AdminTest() override { std::filesystem::remove_all(root_); }

    std::string path(const std::string& name) const { return root_ + "/" + name; }

    // A data directory with what the lines set.
    std::string make_data(const std::string& name, const std::string& lines) const {
        std::filesystem::create_directory(path(name));
        const Outcome made = run({"import", path(name), "--input", "-"}, nullptr, lines);
        EXPECT_EQ(made.exit_code, 0) << made.err;
        return path(name);
    }

    static std::string read(const std::string& file) {
        std::ifstream in(file, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::string root_;
};

constexpr const char* kLines =
    "{\"db\":0,\"key\":\"a\",\"value\":\"1\"}\n"
    "{\"db\":15,\"key\":\"b\",\"value_base64\":\"AP8=\"}\n";

TEST_F(AdminTest, ADirectoryIsImportedCheckedAndExported) {
    const std::string data = make_data("data", kLines);
    const Outcome checked = run({"check", data});
    EXPECT_EQ(checked.exit_code, 0) << checked.err;
    EXPECT_TRUE(checked.out.ends_with(data + ": sound\n")) << checked.out;
    const Outcome exported = run({"export", data, "--output", path("out.json")});
    EXPECT_EQ(exported.exit_code, 0) << exported.err;
    EXPECT_EQ(read(path("out.json")), kLines);
    EXPECT_FALSE(std::filesystem::exists(path("out.json.partial")));
    EXPECT_EQ(run({"export", data, "--output", "-"}).out, kLines);
}

TEST_F(AdminTest, DamageIsFoundAndSaidInBothForms) {
    std::string lines;
    for (int i = 0; i < 200; ++i) {
        lines += "{\"db\":0,\"key\":\"k" + std::to_string(i) + "\",\"value\":\"" +
                 std::string(100, 'x') + "\"}\n";
    }
    const std::string data = make_data("data", lines);
    size_t damaged = 0;
    for (const auto& entry : std::filesystem::directory_iterator(data)) {
        const std::string name = entry.path().filename().string();
        if (name == "MANIFEST") {
            std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
            file.seekp(static_cast<std::streamoff>(entry.file_size() / 2));
            file << "damage";
            ++damaged;
        }
    }
    ASSERT_EQ(damaged, 1u);
    const Outcome text = run({"check", data});
    EXPECT_EQ(text.exit_code, 1) << text.out << text.err;
    EXPECT_TRUE(text.out.ends_with(data + ": damaged\n")) << text.out;
    EXPECT_NE(text.out.find("MANIFEST"), std::string::npos) << text.out;
    const Outcome json = run({"check", data, "--json"});
    EXPECT_EQ(json.exit_code, 1);
    EXPECT_NE(json.out.find("\"sound\":false"), std::string::npos) << json.out;
    EXPECT_NE(json.out.find("\"severity\":\""), std::string::npos) << json.out;
}

TEST_F(AdminTest, WhatCannotBeCheckedIsNotCalledDamaged) {
    const Outcome missing = run({"check", path("none")});
    EXPECT_EQ(missing.exit_code, 2);
    EXPECT_NE(missing.err.find("no such data directory"), std::string::npos) << missing.err;
    EXPECT_FALSE(std::filesystem::exists(path("none")));
    EXPECT_EQ(run({"export", path("none"), "--output", "-"}).exit_code, 1);
    EXPECT_FALSE(std::filesystem::exists(path("none")));
}

TEST_F(AdminTest, ADirectoryWithoutAStoreIsNotSound) {
    std::filesystem::create_directory(path("empty"));
    const Outcome empty = run({"check", path("empty")});
    EXPECT_EQ(empty.exit_code, 2);
    EXPECT_NE(empty.out.find(path("empty") + ": empty: the directory is empty"), std::string::npos)
        << empty.out;
    EXPECT_NE(run({"check", path("empty"), "--json"}).out.find("\"sound\":false"),
              std::string::npos);
    const Outcome exported = run({"export", path("empty"), "--output", "-"});
    EXPECT_EQ(exported.exit_code, 1);
    EXPECT_NE(exported.err.find("holds no store"), std::string::npos) << exported.err;
    EXPECT_TRUE(std::filesystem::is_empty(path("empty")));
    std::ofstream(path("empty") + "/letter.txt") << "x";
    EXPECT_NE(run({"check", path("empty")}).out.find("holds no store"), std::string::npos);
    const Outcome file = run({"check", path("empty") + "/letter.txt"});
    EXPECT_EQ(file.exit_code, 2);
    EXPECT_NE(file.err.find("it is no directory"), std::string::npos) << file.err;
}

// Fault case 16.
TEST_F(AdminTest, ReadingToolsWriteNothingInTheDirectory) {
    const std::string data = make_data("data", kLines);
    std::filesystem::remove(data + "/LOCK");
    const auto state = [&] {
        std::map<std::string, std::string> files;
        for (const auto& entry : std::filesystem::directory_iterator(data)) {
            files[entry.path().filename()] = read(entry.path());
        }
        return files;
    };
    const auto before = state();
    EXPECT_EQ(run({"check", data}).exit_code, 0);
    EXPECT_EQ(run({"export", data, "--output", "-"}).out, kLines);
    EXPECT_EQ(state(), before);
}

TEST_F(AdminTest, AnExportThatCannotBeWrittenLeavesNothing) {
    const std::string data = make_data("data", kLines);
    const Outcome nowhere = run({"export", data, "--output", path("none/out.json")});
    EXPECT_EQ(nowhere.exit_code, 1);
    EXPECT_NE(nowhere.err.find("cannot be written: No such file or directory"), std::string::npos)
        << nowhere.err;
    std::filesystem::create_directory(path("taken"));
    EXPECT_EQ(run({"export", data, "--output", path("taken")}).exit_code, 1);
    EXPECT_FALSE(std::filesystem::exists(path("taken.partial")));
}

TEST_F(AdminTest, MistakesExitWithTwo) {
    EXPECT_EQ(run({}).exit_code, 2);
    EXPECT_EQ(run({"frobnicate"}).exit_code, 2);
    EXPECT_EQ(run({"check"}).exit_code, 2);
    EXPECT_EQ(run({"export", "--output", "x", "--url", "http://h:1/path"}).exit_code, 2);
    EXPECT_EQ(run({"export", path(""), "--output", "x", "--url", "h"}).exit_code, 2);
    EXPECT_EQ(run({"info", "a&b"}).exit_code, 2);
    EXPECT_EQ(run({"--help"}).exit_code, 0);
    EXPECT_EQ(run({"--version"}).out, "synap-admin " SYNAP_VERSION "\n");
}

TEST_F(AdminTest, SlipsOfTheHandAreNamedWithWhatWasMeant) {
    const auto says = [](std::vector<std::string> arguments, const std::string& sentence) {
        const Outcome outcome = run(std::move(arguments));
        EXPECT_EQ(outcome.exit_code, 2);
        EXPECT_EQ(outcome.err.substr(0, outcome.err.find('\n')), "synap-admin: " + sentence);
    };
    says({"chekc", "dir"}, "unknown command 'chekc'; did you mean check?");
    says({"config", "gte", "x"}, "unknown command 'gte'; did you mean get?");
    says({"export", "dir", "--outptu", "x"}, "unknown option '--outptu'; did you mean --output?");
    says({"check", "dir", "--jsno=1"}, "unknown option '--jsno'; did you mean --json?");
    says({"info", "--url", "h", "-z"}, "unknown option '-z'");
    const Outcome nothing = run({"frobnicate"});
    EXPECT_NE(nothing.err.find("expected one of check, health"), std::string::npos) << nothing.err;
    EXPECT_EQ(nothing.err.find("api-key"), std::string::npos);
    EXPECT_NE(run({"export", "--help"}).out.find("--output"), std::string::npos);
}

TEST_F(AdminTest, CommandsOfLaterReleasesSaySo) {
    const Outcome key = run({"create-api-key", "--name", "app", "--role", "admin"});
    EXPECT_EQ(key.exit_code, 2);
    EXPECT_EQ(key.err, "synap-admin: create-api-key: version " SYNAP_VERSION
                       " does not have API keys yet; a later release will\n");
    EXPECT_EQ(run({"revoke-api-key", "--key", "synap_abc"}).exit_code, 2);
}

// A server that speaks just enough HTTP.
class RemoteTest : public testing::Test {
protected:
    RemoteTest() {
        server_.Get("/health", [this](const httplib::Request&, httplib::Response& reply) {
            reply.status = health_status_;
            reply.set_content("{\"status\":\"healthy\"}", "application/json");
        });
        server_.Get("/info", [](const httplib::Request& request, httplib::Response& reply) {
            reply.set_content(request.get_param_value("section") == "memory"
                                  ? "{\"memory\":{\"used\":5}}"
                                  : "{\"server\":{\"a\":\"x\",\"b\":1},\"memory\":{\"used\":5}}",
                              "application/json");
        });
        server_.Post("/snapshot", [](const httplib::Request&, httplib::Response& reply) {
            reply.set_content("{\"success\":true}", "application/json");
        });
        url_ = "http://127.0.0.1:" + std::to_string(server_.bind_to_any_port("127.0.0.1"));
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) {
            std::this_thread::yield();
        }
    }
    ~RemoteTest() override {
        server_.stop();
        thread_.join();
    }

    httplib::Server server_;
    int health_status_ = 200;
    std::string url_;
    std::thread thread_;
};

TEST_F(RemoteTest, ServersAreAsked) {
    EXPECT_EQ(run({"health", "--url", url_}).out, "{\"status\":\"healthy\"}\n");
    EXPECT_EQ(run({"health"}, url_.c_str()).exit_code, 0);
    EXPECT_EQ(run({"info", "--url", url_}).out, "# server\na: x\nb: 1\n\n# memory\nused: 5\n");
    EXPECT_EQ(run({"info", "memory", "--url", url_, "--json"}).out, "{\"memory\":{\"used\":5}}\n");
    EXPECT_EQ(run({"snapshot", "--url", url_}).out, "{\"success\":true}\n");
}

TEST_F(RemoteTest, FailuresExitWithOne) {
    health_status_ = 503;
    const Outcome sick = run({"health", "--url", url_});
    EXPECT_EQ(sick.exit_code, 1);
    EXPECT_NE(sick.err.find("GET /health: 503"), std::string::npos) << sick.err;
    server_.stop();
    const Outcome gone = run({"health", "--url", "127.0.0.1:1"});
    EXPECT_EQ(gone.exit_code, 1);
    EXPECT_EQ(gone.err, "synap-admin: no answer from 127.0.0.1:1: connection refused\n");
    EXPECT_EQ(run({"config", "get", "x", "--url", "127.0.0.1:1"}).err, gone.err);
}

TEST_F(RemoteTest, UnknownSectionsAreMistakes) {
    const Outcome unknown = run({"info", "memroy", "--url", url_});
    EXPECT_EQ(unknown.exit_code, 2);
    EXPECT_EQ(unknown.out, "");
    EXPECT_EQ(unknown.err, "synap-admin: unknown section 'memroy'; did you mean memory?\n");
    EXPECT_EQ(run({"info", "nonsense", "--url", url_, "--json"}).exit_code, 2);
}

// Answers one connection with a script of RESP replies, whatever is asked.
class RespScript {
public:
    explicit RespScript(std::string replies)
        : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}),
          thread_([this, replies = std::move(replies)] {
              boost::asio::ip::tcp::iostream stream;
              acceptor_.accept(stream.socket());
              stream << replies << std::flush;
              stream.socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send);
              std::string line;
              while (std::getline(stream, line)) {
                  received_ += line + "\n";
              }
          }) {}
    ~RespScript() { join(); }

    std::string url() const {
        return "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    const std::string& received() {
        join();
        return received_;
    }

private:
    void join() {
        if (thread_.joinable()) thread_.join();
    }

    boost::asio::io_context context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::string received_;
    std::thread thread_;
};

TEST(ServerTarget, SettingsAreReadAndChanged) {
    RespScript get("*4\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n$7\r\nmaxidle\r\n$1\r\n5\r\n");
    EXPECT_EQ(run({"config", "get", "max*", "--url", get.url()}).out, "maxmemory: 0\nmaxidle: 5\n");
    RespScript set(
        "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n+OK\r\n"
        "*2\r\n$9\r\nmaxmemory\r\n$3\r\n100\r\n");
    EXPECT_EQ(run({"config", "set", "maxmemory", "100", "--url", set.url()}).out,
              "maxmemory: 100\n");
    RespScript none("*0\r\n*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n");
    const Outcome unknown = run({"config", "get", "maxmemroy", "--url", none.url()});
    EXPECT_EQ(unknown.exit_code, 1);
    EXPECT_EQ(unknown.err, "synap-admin: unknown setting 'maxmemroy'; did you mean maxmemory?\n");
}

TEST(ServerTarget, SlowCallsAreALineEach) {
    RespScript calls(
        "*1\r\n*6\r\n:7\r\n:1700000000\r\n:12345\r\n*3\r\n$4\r\nKEYS\r\n$1\r\n*\r\n"
        "$3\r\na\nb\r\n$11\r\n127.0.0.1:9\r\n$3\r\njob\r\n");
    EXPECT_EQ(run({"slowlog", "get", "5", "--url", calls.url()}).out,
              "7 2023-11-14T22:13:20Z 12345 us 127.0.0.1:9 (job): KEYS * a\\x0ab\n");
    RespScript reset("+OK\r\n");
    EXPECT_EQ(run({"slowlog", "reset", "--url", reset.url()}).exit_code, 0);
}

TEST(ServerTarget, ExportsOverResp) {
    RespScript server(
        "+OK\r\n*2\r\n$1\r\n0\r\n*1\r\n$1\r\na\r\n$3\r\nx\r\n\r\n:-1\r\n-ERR range\r\n");
    const Outcome outcome = run({"export", "--url", server.url(), "--output", "-"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "{\"db\":0,\"key\":\"a\",\"value\":\"x\\r\\n\"}\n");
    EXPECT_TRUE(server.received().starts_with("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"))
        << server.received();
}

TEST(ServerTarget, ImportsOverRespAndWaitsForDisk) {
    RespScript server("+OK\r\n*2\r\n:1\r\n:0\r\n");
    const Outcome outcome = run({"import", "--url", server.url(), "--input", "-"}, nullptr,
                                "{\"db\":0,\"key\":\"a\",\"value\":\"1\",\"pttl\":9}\n");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_NE(server.received().find("SET\r\n$1\r\na\r\n$1\r\n1\r\n$2\r\nPX\r\n$1\r\n9\r\n"),
              std::string::npos)
        << server.received();
    EXPECT_NE(server.received().find("WAITAOF"), std::string::npos);
}

TEST(ServerTarget, NonsenseAndSilenceAreFailures) {
    for (const char* replies :
         {"", "hello\r\n", "+OK\n", "+OK\r\n*99999999999\r\n", "$99999999999\r\n",
          "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
          "-LOADING the data is being read\r\n"}) {
        RespScript server(replies);
        EXPECT_EQ(run({"export", "--url", server.url(), "--output", "-"}).exit_code, 1) << replies;
    }
}

TEST(Endpoint, TextsAreParsed) {
    const auto text = [](std::string_view url) {
        const auto endpoint = client::parse_endpoint(url);
        return endpoint ? endpoint->text() : "none";
    };
    EXPECT_EQ(text("localhost"), "localhost:15500");
    EXPECT_EQ(text("http://h:80/"), "h:80");
    EXPECT_EQ(text("synap://h"), "h:15500");
    EXPECT_EQ(text("[::1]:9"), "[::1]:9");
    EXPECT_EQ(text("[fe80::1]"), "[fe80::1]:15500");
    for (const char* wrong : {"", ":1", "h:", "h:0", "h:x", "h:65536", "h:1:2", "[::1", "[]:1",
                              "https://h", "h/path", "user@h", "a b", "h:1x"}) {
        EXPECT_EQ(text(wrong), "none") << wrong;
    }
}

}  // namespace
}  // namespace synap::server::admin
