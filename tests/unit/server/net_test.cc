// Connections over real sockets: protocols, durability, draining.
#include "tests/unit/server/net_fixture.h"

namespace synap::server {
namespace {

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
    for (size_t i = 0; i < value.size(); ++i) {
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

// Whatever was answered must be there after a restart, at every level of durability.
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
