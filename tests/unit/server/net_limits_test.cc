// What one connection may take in time and memory, and all together.
#include "tests/unit/server/net_fixture.h"

namespace synap::server {
namespace {

TEST(NetLimits, CutsARequestThatTakesTooLong) {
    Settings settings;
    settings.limits.header_timeout_ms = 100;
    RunningServer server(settings);
    Socket http(server.port());
    http.send("GET /livez HTTP/1.1\r\nHo");
    EXPECT_EQ(http.read_to_end().substr(0, 28), "HTTP/1.1 408 Request Timeout");
    Socket drip(server.port());
    drip.send("GET /");
    int sent = 0;
    while (sent < 1'000 && drip.send("x")) {
        ++sent;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_LT(sent, 500);
    EXPECT_EQ(server.cut(CutReason::kRequestTimeout), 2U);
    Socket idle(server.port());
    EXPECT_EQ(idle.ask("PING\r\n", 7), "+PONG\r\n");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_EQ(idle.ask("PING\r\n", 7), "+PONG\r\n") << "between requests there is no hurry";
}

TEST(NetLimits, ClosesIdleConnections) {
    Settings settings;
    settings.limits.idle_timeout_ms = 100;
    RunningServer server(settings);
    Socket silent(server.port());
    EXPECT_EQ(silent.read_to_end(), "");
    EXPECT_EQ(server.cut(CutReason::kIdle), 1U);
}

// Fault case 4: nothing is read before everything is written.
TEST(NetLimits, AWholePipelineIsWrittenBeforeItIsRead) {
    RunningServer server{Settings{}};
    const std::string value(100'000, 'x');
    std::string commands;
    for (int i = 0; i < 400; ++i) {
        commands += "*3\r\n$6\r\nGETSET\r\n$1\r\nk\r\n$100000\r\n" + value + "\r\n";
    }
    Socket resp(server.port());
    ASSERT_TRUE(resp.send(commands));
    EXPECT_EQ(resp.read(5), "$-1\r\n");
    for (int i = 1; i < 400; ++i) {
        ASSERT_EQ(resp.read(100'011).substr(0, 9), "$100000\r\n");
    }
    std::string requests;
    for (int i = 0; i < 400; ++i) {
        requests += "GET /kv/get/k HTTP/1.1\r\nHost: a\r\nX-Padding: " + std::string(15'000, 'y') +
                    "\r\n\r\n";
    }
    Socket http(server.port());
    ASSERT_TRUE(http.send(requests));
    for (int i = 0; i < 400; ++i) {
        ASSERT_EQ(http.read(15), "HTTP/1.1 200 OK");
        std::string head;
        while (!head.ends_with("\r\n\r\n")) {
            const std::string next = http.read(1);
            ASSERT_EQ(next.size(), 1U);
            head += next;
        }
        ASSERT_EQ(http.read(100'002).size(), 100'002U);
    }
}

// Fault case 4: a pipe whose writer pauses in the middle of a command.
TEST(NetLimits, ACommandMayTakeItsTimeToArrive) {
    Settings settings;
    settings.limits.header_timeout_ms = 50;
    RunningServer server(settings);
    Socket socket(server.port());
    socket.send("*2\r\n$3\r\nGET\r\n$5\r\nab");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    EXPECT_EQ(socket.ask("cde\r\n", 5), "$-1\r\n");
}

// Fault case 4: it is alive as long as it sends, though it takes nothing.
TEST(NetLimits, AClientThatStillWritesIsNotOneThatHasStopped) {
    Settings settings;
    settings.limits.write_timeout_ms = 300;
    RunningServer server(settings);
    Socket socket(server.port());
    const std::string set = "*3\r\n$3\r\nSET\r\n$1\r\nv\r\n$1000000\r\n";
    EXPECT_EQ(socket.ask(set + std::string(1'000'000, 'x') + "\r\n", 5), "+OK\r\n");
    for (int i = 0; i < 30; ++i) {
        ASSERT_TRUE(socket.send("GET v\r\n"));
    }
    for (int i = 0; i < 30; ++i) {
        ASSERT_TRUE(socket.send("PING\r\n"));
        std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
    for (int i = 0; i < 30; ++i) {
        ASSERT_EQ(socket.read(1'000'012).size(), 1'000'012U);
    }
    EXPECT_EQ(socket.read(30 * 7).size(), 30U * 7);
    EXPECT_EQ(server.cut(CutReason::kWriteTimeout), 0U);
}

TEST(NetLimits, CutsAClientThatNeverReads) {
    Settings settings;
    settings.limits.output_soft_bytes = 64 * 1024;
    settings.limits.output_buffer_bytes = 32 * 1024 * 1024;
    settings.limits.write_timeout_ms = 300;
    RunningServer server(settings);
    Socket silent(server.port());
    EXPECT_EQ(silent.ask("SET v " + std::string(10'000, 'x') + "\r\n", 5), "+OK\r\n");
    std::string commands;
    for (int i = 0; i < 1'000; ++i) {
        commands += "GET v\r\n";
    }
    ASSERT_TRUE(silent.send(commands + commands));
    EXPECT_TRUE(eventually([&] { return server.cut(CutReason::kWriteTimeout) == 1; }));
    Socket eager(server.port());
    int turns = 0;
    while (turns < 500 && eager.send(commands)) {  // 10 MB of replies for each
        ++turns;
    }
    // Which limit it meets first depends on where its replies were when it stopped: those that
    // were made fill the buffer, those that wait to be made keep its commands waiting.
    EXPECT_TRUE(eventually([&] {
        return server.cut(CutReason::kOutputLimit) + server.cut(CutReason::kQueryLimit) +
                   server.cut(CutReason::kWriteTimeout) ==
               2;
    }));
    Socket other(server.port());
    EXPECT_EQ(other.ask("PING\r\n", 7), "+PONG\r\n");
}

// Fault case 9: what all clients hold is bounded, and the largest is cut for it.
TEST(NetLimits, CutsTheLargestReaderThatDoesNotRead) {
    Settings settings;
    settings.limits.client_memory_bytes = 64UL * 1024 * 1024;
    RunningServer server(settings);
    constexpr size_t kValue = 1024UL * 1024;
    const std::string header = "$" + std::to_string(kValue) + "\r\n";
    Socket writer(server.port());
    EXPECT_EQ(writer.ask(
                  "*3\r\n$3\r\nSET\r\n$1\r\nv\r\n" + header + std::string(kValue, 'x') + "\r\n", 5),
              "+OK\r\n");
    const auto ask_for = [](Socket& socket, int times) {
        for (int i = 0; i < times; ++i) {
            ASSERT_TRUE(socket.send("GET v\r\n"));
        }
    };
    const auto read_all = [&](Socket& socket, int times) {
        for (int i = 0; i < times; ++i) {
            ASSERT_EQ(socket.read(header.size() + kValue + 2).size(), header.size() + kValue + 2);
        }
    };
    // The kernel holds up to 5 MB of each.
    Socket small(server.port());
    Socket large(server.port());
    Socket middle(server.port());
    const auto hold = [&](size_t values) {
        return eventually([&] { return server.shared().client_memory.total() >= values * kValue; });
    };
    ask_for(small, 20);
    ASSERT_TRUE(hold(15));
    ask_for(large, 36);
    ASSERT_TRUE(hold(46));
    ask_for(middle, 24);
    EXPECT_TRUE(eventually([&] { return server.cut(CutReason::kClientMemory) == 1; }))
        << server.shared().client_memory.total();
    read_all(small, 20);
    read_all(middle, 24);
    EXPECT_LT(large.read(36 * kValue).size(), 36 * kValue);
    EXPECT_EQ(server.cut(CutReason::kClientMemory), 1U);
    EXPECT_LE(server.shared().client_memory.total(), settings.limits.client_memory_bytes);
}

TEST(NetLimits, LetsASlowReaderCatchUp) {
    Settings settings;
    settings.limits.output_soft_bytes = 64 * 1024;
    RunningServer server(settings);
    Socket socket(server.port());
    EXPECT_EQ(socket.ask("SET v " + std::string(10'000, 'x') + "\r\n", 5), "+OK\r\n");
    constexpr size_t kCommands = 3'000;
    std::thread sender([&] {
        for (size_t i = 0; i < kCommands; ++i) {
            socket.send("GET v\r\n");
        }
    });
    size_t received = 0;
    while (received < kCommands) {
        const std::string reply = socket.read(10'010);
        ASSERT_EQ(reply.size(), 10'010U);
        ASSERT_EQ(reply.substr(0, 8), "$10000\r\n");
        ++received;
    }
    sender.join();
}

// MULTI, so many GET of v, EXEC, and what is replied to it.
struct LongTransaction {
    LongTransaction(size_t gets, const std::string& value) {
        commands = "MULTI\r\n";
        queued = "+OK\r\n";
        for (size_t i = 0; i < gets; ++i) {
            commands += "GET v\r\n";
            queued += "+QUEUED\r\n";
        }
        commands += "EXEC\r\n";
        head = "*" + std::to_string(gets) + "\r\n";
        one = "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
        count = gets;
    }
    void read(Socket& from) const {
        ASSERT_EQ(from.read(queued.size()), queued);
        ASSERT_EQ(from.read(head.size()), head);
        for (size_t i = 0; i < count; ++i) {
            ASSERT_EQ(from.read(one.size()), one) << i;
        }
    }
    std::string commands;
    std::string queued;
    std::string head;
    std::string one;
    size_t count = 0;
};

class LongReplies : public testing::Test {
protected:
    static constexpr size_t kGets = 3'000;
    // Changes below this are told with the next one.
    static constexpr size_t kIdleBytes = 64UL * 1024;

    void SetUp() override {
        Socket writer(server.port());
        EXPECT_EQ(writer.ask("*3\r\n$3\r\nSET\r\n$1\r\nv\r\n$" + std::to_string(value.size()) +
                                 "\r\n" + value + "\r\n",
                             5),
                  "+OK\r\n");
    }
    size_t held() { return server.shared().client_memory.total(); }

    RunningServer server{Settings{}};
    const std::string value = std::string(20'000, 'x');
    const LongTransaction transaction{kGets, value};  // 60 MB of replies
};

// The replies are made as they are taken: what waits in between are references.
TEST_F(LongReplies, AreWrittenAsTheClientTakesThem) {
    Socket slow(server.port());
    ASSERT_TRUE(slow.send(transaction.commands + "PING\r\n"));
    ASSERT_TRUE(eventually([&] { return held() > 1'000'000; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    EXPECT_LT(held(), 8'000'000U);
    Socket other(server.port());
    EXPECT_EQ(other.ask("PING\r\n", 7), "+PONG\r\n");
    transaction.read(slow);
    EXPECT_EQ(slow.read(7), "+PONG\r\n");  // in its turn
    EXPECT_TRUE(eventually([&] { return held() <= kIdleBytes; })) << held();
}

TEST_F(LongReplies, AWholePipelineMayBeWrittenBehindOne) {
    Socket client(server.port());
    std::string pipeline;
    constexpr size_t kEchoes = 400;
    const std::string echo = "$20000\r\n" + std::string(20'000, 'e') + "\r\n";
    for (size_t i = 0; i < kEchoes; ++i) {
        pipeline += "*2\r\n$4\r\nECHO\r\n" + echo;
    }
    ASSERT_TRUE(client.send(transaction.commands + pipeline + pipeline));
    transaction.read(client);
    for (size_t i = 0; i < kEchoes * 2; ++i) {
        ASSERT_EQ(client.read(echo.size()), echo) << i;
    }
    client.finish_sending();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_TRUE(eventually([&] { return held() <= kIdleBytes; })) << held();
}

TEST_F(LongReplies, ReachAClientThatSendsNoMore) {
    Socket client(server.port());
    ASSERT_TRUE(client.send(transaction.commands + "PING\r\n"));
    client.finish_sending();
    transaction.read(client);
    EXPECT_EQ(client.read_to_end(), "+PONG\r\n");
}

TEST_F(LongReplies, AreLetGoWhenTheClientLeavesOrIsCut) {
    {
        Socket leaves(server.port());
        ASSERT_TRUE(leaves.send(transaction.commands));
        ASSERT_TRUE(eventually([&] { return held() > 1'000'000; }));
    }
    EXPECT_TRUE(eventually([&] { return held() <= kIdleBytes; })) << held();
    Socket killed(server.port());
    ASSERT_TRUE(killed.send("CLIENT SETNAME slow\r\n" + transaction.commands));
    ASSERT_TRUE(eventually([&] { return held() > 1'000'000; }));
    Socket other(server.port());
    EXPECT_EQ(other.ask("CLIENT KILL SKIPME yes\r\n", 4), ":1\r\n");
    EXPECT_TRUE(eventually([&] { return held() <= kIdleBytes; })) << held();
    EXPECT_LT(killed.read(kGets * 20'000).size(), kGets * 20'000);
}

// What only a reply still holds is the client's: it is not free because it is no key's.
TEST_F(LongReplies, ValuesThatLostTheirKeysAreCharged) {
    Socket slow(server.port());
    std::string commands = "MULTI\r\n";
    for (int i = 0; i < 500; ++i) {
        const std::string key = "k" + std::to_string(i);
        Socket* to = &slow;
        ASSERT_TRUE(to->send("*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key +
                             "\r\n$20000\r\n" + value + "\r\n"));
        ASSERT_EQ(to->read(5), "+OK\r\n");
        commands += "GET " + key + "\r\n";
    }
    ASSERT_TRUE(slow.send(commands + "EXEC\r\n"));
    ASSERT_TRUE(eventually([&] { return held() > 1'000'000; }));
    Socket other(server.port());
    EXPECT_EQ(other.ask("FLUSHALL\r\n", 5), "+OK\r\n");
    EXPECT_TRUE(eventually([&] { return held() > 4'000'000; })) << held();
    ASSERT_EQ(slow.read(5 + 500 * 9 + 6).size(), 5U + 500 * 9 + 6);
    EXPECT_EQ(slow.read(500 * 20'010).size(), 500U * 20'010);
    EXPECT_TRUE(eventually([&] { return held() <= kIdleBytes; })) << held();
}

TEST(NetLimits, LetsAClientReadWhyItIsCut) {
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

TEST(NetLimits, ABulkLengthThatIsOnlyClaimedCostsNothing) {
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

}  // namespace
}  // namespace synap::server
