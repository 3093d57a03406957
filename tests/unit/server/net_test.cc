// Connections over real sockets: limits, timeouts, durability, draining.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/net/listener.h"
#include "server/net/loop.h"

namespace synap::server {
namespace {

namespace asio = boost::asio;

/// Listener and I/O threads as run() has them, without signals.
class RunningServer {
public:
    explicit RunningServer(const Settings& settings,
                           const std::string& path = ":memory:", const Config& config = Config())
        : settings_(settings),
          shared_(settings_, Store::open(path, config)),
          work_(io_.get_executor()) {
        settings_.host = "127.0.0.1";
        settings_.port = 0;
        shared_.request_stop = [] {};
        for (unsigned i = 0; i < 2; ++i) {
            loops_.push_back(std::make_unique<Loop>(shared_, Events::open(shared_.store), i));
            shared_.loops.push_back(&loops_.back()->counters());
        }
        listener_.emplace(io_, shared_, loops_);
        for (auto& loop : loops_) {
            loop->start();
        }
        listener_->start();
        thread_ = std::thread([this] { io_.run(); });
    }
    ~RunningServer() {
        stop();
        shared_.store.close();
    }

    void stop() {
        if (!thread_.joinable()) {
            return;
        }
        std::promise<void> stopped;
        asio::post(io_, [&] {
            listener_->stop();
            stopped.set_value();
        });
        stopped.get_future().wait();
        for (auto& loop : loops_) {
            loop->drain();
        }
        for (auto& loop : loops_) {
            loop->join();
        }
        io_.stop();
        thread_.join();
    }

    std::uint16_t port() const { return listener_->port(); }
    Shared& shared() { return shared_; }
    std::uint64_t cut(CutReason reason) const {
        std::uint64_t sum = 0;
        for (const auto& loop : loops_) {
            sum += loop->counters().cut[static_cast<std::size_t>(reason)].value();
        }
        return sum;
    }
    std::uint64_t buffer_bytes() const {
        std::uint64_t sum = 0;
        for (const auto& loop : loops_) {
            sum += loop->counters().buffer_bytes.value();
        }
        return sum;
    }

private:
    Settings settings_;
    Shared shared_;
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_;
    std::vector<std::unique_ptr<Loop>> loops_;
    std::optional<Listener> listener_;
    std::thread thread_;
};

/// A blocking client with a limit on every wait.
class Socket {
public:
    explicit Socket(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        const timeval limit{10, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { ::close(fd_); }

    /// False when the server has closed the connection.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                return false;
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    /// Reads exactly `size` bytes, or what came before the end.
    std::string read(std::size_t size) {
        std::string text(size, '\0');
        std::size_t have = 0;
        while (have < size) {
            const ssize_t n = ::recv(fd_, text.data() + have, size - have, 0);
            if (n <= 0) {
                break;
            }
            have += static_cast<std::size_t>(n);
        }
        text.resize(have);
        return text;
    }
    std::string ask(std::string_view bytes, std::size_t reply_size) {
        EXPECT_TRUE(send(bytes));
        return read(reply_size);
    }
    std::string read_to_end() { return read(1 << 20); }
    void finish_sending() { ::shutdown(fd_, SHUT_WR); }

private:
    int fd_;
};

/// Waits for what another thread brings about.
template <typename Condition>
bool eventually(Condition condition) {
    for (int i = 0; i < 1000; ++i) {
        if (condition()) {
            return true;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

TEST(Net, SpeaksBothProtocolsOnOnePort) {
    RunningServer server{Settings{}};
    Socket resp(server.port());
    EXPECT_EQ(resp.ask("*1\r\n$4\r\nPING\r\n", 7), "+PONG\r\n");
    Socket typed(server.port());
    EXPECT_EQ(typed.ask("SET a 1\r\n", 5), "+OK\r\n");
    Socket http(server.port());
    EXPECT_EQ(http.ask("GET /kv/get/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 15),
              "HTTP/1.1 200 OK");
    const std::string rest = http.read_to_end();
    EXPECT_EQ(rest.substr(rest.size() - 3), "\"1\"");
}

TEST(Net, WaitsForTheEndOfASlowFirstLine) {
    RunningServer server{Settings{}};
    Socket socket(server.port());
    for (const char c : std::string("GET a\r\n")) {
        ASSERT_TRUE(socket.send(std::string_view(&c, 1)));
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    EXPECT_EQ(socket.read(5), "$-1\r\n");
}

TEST(Net, AnswersAClientThatHasFinishedSending) {
    RunningServer server{Settings{}};
    Socket socket(server.port());
    socket.send("PING\r\nPING\r\n");
    socket.finish_sending();
    EXPECT_EQ(socket.read_to_end(), "+PONG\r\n+PONG\r\n");
}

TEST(Net, MovesLargeValuesBothWays) {
    RunningServer server{Settings{}};
    Socket socket(server.port());
    std::string value(8 * 1024 * 1024, '\0');
    for (std::size_t i = 0; i < value.size(); ++i) {
        value[i] = static_cast<char>(i * 31 >> 7);
    }
    const std::string size = std::to_string(value.size());
    const std::string set =
        "*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$" + size + "\r\n" + value + "\r\nPING\r\n";
    EXPECT_EQ(socket.ask(set, 12), "+OK\r\n+PONG\r\n");
    const std::string expected = "$" + size + "\r\n" + value + "\r\n";
    EXPECT_TRUE(socket.ask("GET b\r\nGET b\r\n", expected.size() * 2) == expected + expected);
    EXPECT_TRUE(eventually([&] { return server.buffer_bytes() < 4 * 1024 * 1024; }));
}

TEST(Net, RefusesConnectionsBeyondTheLimit) {
    Settings settings;
    settings.limits.max_connections = 2;
    RunningServer server(settings);
    auto first = std::make_unique<Socket>(server.port());
    Socket second(server.port());
    EXPECT_EQ(first->ask("PING\r\n", 7), "+PONG\r\n");
    EXPECT_EQ(second.ask("PING\r\n", 7), "+PONG\r\n");
    Socket third(server.port());
    EXPECT_EQ(third.read_to_end(), "-ERR max number of clients reached\r\n");
    first.reset();
    EXPECT_TRUE(eventually([&] { return server.shared().connections.load() == 1; }));
    Socket fourth(server.port());
    EXPECT_EQ(fourth.ask("PING\r\n", 7), "+PONG\r\n");
}

TEST(Net, CutsARequestThatTakesTooLong) {
    Settings settings;
    settings.limits.header_timeout_ms = 100;
    RunningServer server(settings);
    Socket http(server.port());
    http.send("GET /livez HTTP/1.1\r\nHo");
    EXPECT_EQ(http.read_to_end().substr(0, 28), "HTTP/1.1 408 Request Timeout");
    Socket resp(server.port());
    resp.send("*2\r\n$3\r\nGET\r\n$5\r\nab");
    EXPECT_EQ(resp.read_to_end(), "");
    Socket drip(server.port());
    int sent = 0;
    while (sent < 1'000 && drip.send("x")) {
        ++sent;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_LT(sent, 500);
    EXPECT_EQ(server.cut(CutReason::kRequestTimeout), 3U);
    Socket idle(server.port());
    EXPECT_EQ(idle.ask("PING\r\n", 7), "+PONG\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_EQ(idle.ask("PING\r\n", 7), "+PONG\r\n") << "between requests there is no hurry";
}

TEST(Net, ClosesIdleConnections) {
    Settings settings;
    settings.limits.idle_timeout_ms = 100;
    RunningServer server(settings);
    Socket silent(server.port());
    EXPECT_EQ(silent.read_to_end(), "");
    EXPECT_EQ(server.cut(CutReason::kIdle), 1U);
}

TEST(Net, StopsReadingAndThenCutsAClientThatNeverReads) {
    Settings settings;
    settings.limits.output_soft_bytes = 64 * 1024;
    settings.limits.write_timeout_ms = 300;
    RunningServer server(settings);
    Socket socket(server.port());
    EXPECT_EQ(socket.ask("SET v " + std::string(10'000, 'x') + "\r\n", 5), "+OK\r\n");
    std::string commands;
    for (int i = 0; i < 1'000; ++i) {
        commands += "GET v\r\n";
    }
    // 10 MB of replies for each turn: the server must stop reading long before it is out of it.
    int turns = 0;
    while (turns < 500 && socket.send(commands)) {
        ++turns;
        ASSERT_LT(server.buffer_bytes(), 32U * 1024 * 1024);
    }
    EXPECT_TRUE(eventually([&] { return server.cut(CutReason::kWriteTimeout) == 1; }));
    Socket other(server.port());
    EXPECT_EQ(other.ask("PING\r\n", 7), "+PONG\r\n");
}

TEST(Net, LetsASlowReaderCatchUp) {
    Settings settings;
    settings.limits.output_soft_bytes = 64 * 1024;
    RunningServer server(settings);
    Socket socket(server.port());
    EXPECT_EQ(socket.ask("SET v " + std::string(10'000, 'x') + "\r\n", 5), "+OK\r\n");
    constexpr std::size_t kCommands = 3'000;
    std::thread sender([&] {
        for (std::size_t i = 0; i < kCommands; ++i) {
            socket.send("GET v\r\n");
        }
    });
    std::size_t received = 0;
    while (received < kCommands) {
        const std::string reply = socket.read(10'010);
        ASSERT_EQ(reply.size(), 10'010U);
        ASSERT_EQ(reply.substr(0, 8), "$10000\r\n");
        ++received;
    }
    sender.join();
}

TEST(Net, LetsAClientReadWhyItIsCut) {
    RunningServer server{Settings{}};
    Socket resp(server.port());
    // The rest is still on its way when the server has seen enough.
    resp.send("PING\r\n*1\r\n$-1\r\n" + std::string(4 * 1024 * 1024, 'x'));
    EXPECT_EQ(resp.read_to_end(), "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
    Socket http(server.port());
    http.send("POST /kv/set HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\n" +
              std::string(1024 * 1024, 'x'));
    EXPECT_EQ(http.read_to_end().substr(0, 12), "HTTP/1.1 413");
}

TEST(Net, ABulkLengthThatIsOnlyClaimedCostsNothing) {
    RunningServer server{Settings{}};
    std::vector<std::unique_ptr<Socket>> sockets;
    for (int i = 0; i < 50; ++i) {
        sockets.push_back(std::make_unique<Socket>(server.port()));
        sockets.back()->send("*2\r\n$3\r\nGET\r\n$536870912\r\nabc");
    }
    Socket other(server.port());
    EXPECT_EQ(other.ask("PING\r\n", 7), "+PONG\r\n");
    EXPECT_LT(server.buffer_bytes(), 1024U * 1024);
}

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "synap-net-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

/// Whatever was answered must be there after a restart, at every level of durability.
TEST(Net, AnswersWritesOfManyClientsInOrder) {
    for (const char* level : {"always", "everysec"}) {
        TemporaryFolder folder;
        Config config;
        config.set("persistence.fsync", level);
        {
            RunningServer server(Settings{}, folder.path(), config);
            std::vector<std::thread> clients;
            for (int c = 0; c < 8; ++c) {
                clients.emplace_back([&server, c] {
                    Socket socket(server.port());
                    const std::string key = "k" + std::to_string(c);
                    for (int i = 1; i <= 50; ++i) {
                        const std::string n = std::to_string(i);
                        const std::string expected =
                            ":" + n + "\r\n$" + std::to_string(n.size()) + "\r\n" + n + "\r\n";
                        ASSERT_EQ(
                            socket.ask("INCR " + key + "\r\nGET " + key + "\r\n", expected.size()),
                            expected);
                    }
                });
            }
            for (std::thread& client : clients) {
                client.join();
            }
        }
        RunningServer again(Settings{}, folder.path(), config);
        Socket socket(again.port());
        EXPECT_EQ(socket.ask("MGET k0 k7\r\n", 20), "*2\r\n$2\r\n50\r\n$2\r\n50\r\n") << level;
    }
}

TEST(Net, WaitsForTheDiskWhenACommandAsks) {
    TemporaryFolder folder;
    RunningServer server(Settings{}, folder.path());
    Socket socket(server.port());
    EXPECT_EQ(socket.ask("SET a 1\r\nWAITAOF 1 0 5000\r\nPING\r\n", 24),
              "+OK\r\n*2\r\n:1\r\n:0\r\n+PONG\r\n");
}

TEST(Net, HonoursTheDurabilityOfASession) {
    TemporaryFolder folder;
    RunningServer server(Settings{}, folder.path());
    Socket disk(server.port());
    Socket memory(server.port());
    EXPECT_EQ(disk.ask("SYNAP.SESSION DURABILITY DISK\r\n", 5), "+OK\r\n");
    EXPECT_EQ(memory.ask("SYNAP.SESSION DURABILITY MEMORY\r\n", 5), "+OK\r\n");
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(disk.ask("SET a 1\r\nGET a\r\n", 12), "+OK\r\n$1\r\n1\r\n");
        EXPECT_EQ(memory.ask("SET b 1\r\nGET b\r\n", 12), "+OK\r\n$1\r\n1\r\n");
    }
}

TEST(Net, KillsAConnectionOnCommand) {
    RunningServer server{Settings{}};
    Socket victim(server.port());
    EXPECT_EQ(victim.ask("CLIENT SETNAME victim\r\n", 5), "+OK\r\n");
    Socket killer(server.port());
    EXPECT_EQ(killer.ask("CLIENT KILL TYPE normal SKIPME yes\r\n", 4), ":1\r\n");
    EXPECT_EQ(victim.read_to_end(), "");
    EXPECT_EQ(server.cut(CutReason::kKilled), 1U);
    EXPECT_EQ(killer.ask("PING\r\n", 7), "+PONG\r\n");
}

TEST(Net, DrainsWhatIsUnderWay) {
    TemporaryFolder folder;
    Config config;
    config.set("persistence.fsync", "always");
    RunningServer server(Settings{}, folder.path(), config);
    Socket idle(server.port());
    EXPECT_EQ(idle.ask("PING\r\n", 7), "+PONG\r\n");
    Socket half(server.port());
    half.send("*2\r\n$3\r\nGE");
    server.stop();
    EXPECT_EQ(idle.read_to_end(), "");
    EXPECT_EQ(half.read_to_end(), "");
    EXPECT_EQ(server.shared().connections.load(), 0U);
}

}  // namespace
}  // namespace synap::server
