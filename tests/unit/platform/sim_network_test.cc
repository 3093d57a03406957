// The faults of the simulated network, one by one.
#include "core/platform/sim_network.h"

#include <gtest/gtest.h>

#include "tests/unit/platform/transport_world.h"

namespace synap {
namespace {

constexpr uint16_t kPort = 15501;
constexpr uint64_t kSecond = 1'000'000;

class SimNetworkTest : public testing::Test {
protected:
    explicit SimNetworkTest(uint64_t seed = 1) : world(seed) {}

    void begin(const TransportLimits& limits = {}) {
        client.transport = network.start("client", limits);
        serve();
    }
    void serve() {
        server = Peer(network.start("server"));
        ASSERT_TRUE(server.transport->listen({"", kPort}, {}));
    }
    void join() {
        ours = client.transport->connect({"server", kPort}, {});
        ASSERT_TRUE(until([&] { return connected(ours) && server.accepted() != 0; }));
        theirs = server.accepted();
    }
    bool connected(ConnectionId id) const {
        return client.find(TransportEventKind::kConnected, id) != nullptr;
    }
    bool closed(ConnectionId id) const {
        return client.find(TransportEventKind::kClosed, id) != nullptr;
    }
    template <typename Done>
    bool until(Done done) {
        return world.until({&server, &client}, done);
    }
    void look() {
        for (Peer* peer : {&server, &client}) {
            if (peer->transport != nullptr) peer->look(0);
        }
    }
    void run(uint64_t us) {
        const uint64_t end = network.now_us() + us;
        for (;;) {
            const auto next = network.next_event_time();
            if (!next || *next > end) break;
            network.advance_to(*next);
            look();
        }
        network.advance_to(end);
        look();
    }

    SimWorld world;
    SimNetwork& network = world.network;
    Peer server, client;
    ConnectionId ours = 0, theirs = 0;
};

TEST_F(SimNetworkTest, NothingArrivesBeforeItsTime) {
    network.set_links({5000, 0, 0, 100});
    begin();
    join();
    const uint64_t sent = network.now_us();
    client.write(ours, "late");
    network.advance_to(sent + 4999);
    look();
    EXPECT_EQ(server.received[theirs], "");
    EXPECT_EQ(network.next_event_time(), sent + 5000);
    network.advance_to(sent + 5000);
    look();
    EXPECT_NE(server.received[theirs], "");
}

TEST_F(SimNetworkTest, AThrottledLinkIsSharedByItsConnections) {
    begin();
    join();
    const ConnectionId first = ours;
    const ConnectionId second = client.transport->connect({"server", kPort}, {});
    ASSERT_TRUE(until([&] { return connected(second); }));
    run(kSecond / 100);
    network.set_link("client", "server", {0, 0, 10'000, 100});
    client.write(first, std::string(5000, 'a'));
    client.write(second, std::string(5000, 'b'));
    const auto arrived = [&] {
        size_t bytes = 0;
        for (const auto& [id, text] : server.received) bytes += text.size();
        return bytes;
    };
    run(kSecond / 2);
    EXPECT_GE(arrived(), 4800u);
    EXPECT_LE(arrived(), 5000u);
    run(kSecond / 2);
    EXPECT_EQ(arrived(), 10'000u);
}

TEST_F(SimNetworkTest, ConnectionsOvertakeEachOther) {
    network.set_links({100, 5000, 0, 100});
    begin();
    join();
    const ConnectionId first = ours;
    const ConnectionId second = client.transport->connect({"server", kPort}, {});
    ASSERT_TRUE(until(
        [&] { return connected(second) && server.count(TransportEventKind::kAccepted) == 2; }));
    bool overtaken = false;
    for (int i = 0; i < 50 && !overtaken; ++i) {
        server.received.clear();
        client.write(first, "1");
        client.write(second, "2");
        ASSERT_TRUE(until([&] { return server.received.size() == 1 || overtaken; }));
        overtaken = server.received.begin()->second == "2";
        run(kSecond / 10);
    }
    EXPECT_TRUE(overtaken);
}

TEST_F(SimNetworkTest, ASilentCutHoldsWhatIsOnItsWayUntilItHeals) {
    begin();
    join();
    network.cut("client", "server", SimCut::kSilent);
    client.write(ours, "held");
    server.write(theirs, "passes");
    run(60 * kSecond);
    EXPECT_EQ(server.received[theirs], "");
    EXPECT_EQ(client.received[ours], "passes");
    EXPECT_EQ(client.count(TransportEventKind::kClosed), 0u);
    network.heal("client", "server");
    run(kSecond);
    EXPECT_EQ(server.received[theirs], "held");
}

TEST_F(SimNetworkTest, ACutBackKeepsTheWriterFromRoomForMore) {
    begin();
    join();
    network.cut("server", "client", SimCut::kSilent);
    size_t sent = 0;
    for (int i = 0; i < 100; ++i) {
        sent += client.write(ours, std::string(4096, 'x'));
        run(kSecond / 10);
    }
    EXPECT_EQ(sent, 64u * 1024);
    EXPECT_EQ(server.received[theirs].size(), sent);
    EXPECT_EQ(client.count(TransportEventKind::kWritable), 0u);
    network.heal("server", "client");
    run(kSecond);
    EXPECT_EQ(client.count(TransportEventKind::kWritable), 1u);
    EXPECT_EQ(client.write(ours, "y"), 1u);
}

TEST_F(SimNetworkTest, ACutWithResetEndsAndRefuses) {
    begin();
    join();
    network.cut("server", "client", SimCut::kReset);
    look();
    EXPECT_NE(client.failure(ours).find("reset by peer"), std::string::npos);
    EXPECT_NE(server.failure(theirs).find("reset by peer"), std::string::npos);
    const ConnectionId again = client.transport->connect({"server", kPort}, {});
    ASSERT_TRUE(until([&] { return closed(again); }));
    network.heal_all();
    const ConnectionId third = client.transport->connect({"server", kPort}, {});
    EXPECT_TRUE(until([&] { return connected(third); }));
}

TEST_F(SimNetworkTest, ConnectingOverASilentCutIsGivenUpAtItsTimeLimit) {
    TransportLimits limits;
    limits.establish_us = 3 * kSecond;
    begin(limits);
    network.cut("server", "client", SimCut::kSilent);
    const uint64_t began = network.now_us();
    const ConnectionId id = client.transport->connect({"server", kPort}, {});
    ASSERT_TRUE(until([&] { return closed(id); }));
    EXPECT_EQ(network.now_us(), began + 3 * kSecond);
    EXPECT_EQ(client.failure_code(id), Code::kTimeout);
    EXPECT_EQ(client.failure(id), "server:15501 did not answer within 3000 ms");
}

TEST_F(SimNetworkTest, AConnectionUnderWaySurvivesAShortCut) {
    begin();
    network.cut("client", "server", SimCut::kSilent);
    const ConnectionId id = client.transport->connect({"server", kPort}, {});
    run(kSecond);
    EXPECT_FALSE(connected(id));
    network.heal_all();
    EXPECT_TRUE(until([&] { return connected(id); }));
}

TEST_F(SimNetworkTest, AKilledMachineIsSilentAndResetsWhenItIsBack) {
    begin();
    join();
    network.kill("server", SimDeath::kMachine);
    client.write(ours, "anybody there?");
    run(60 * kSecond);
    EXPECT_EQ(client.count(TransportEventKind::kClosed), 0u);
    const ConnectionId again = client.transport->connect({"server", kPort}, {});
    run(20 * kSecond);
    EXPECT_EQ(client.failure_code(again), Code::kTimeout);
    serve();
    run(kSecond);
    EXPECT_NE(client.failure(ours).find("reset by peer"), std::string::npos);
    const ConnectionId third = client.transport->connect({"server", kPort}, {});
    EXPECT_TRUE(until([&] { return connected(third); }));
}

TEST_F(SimNetworkTest, ATransportOfADeadProcessDoesNothing) {
    begin();
    join();
    network.kill("server", SimDeath::kProcess);
    Peer corpse = std::move(server);
    serve();
    EXPECT_EQ(corpse.write(theirs, "boo"), 0u);
    EXPECT_EQ(corpse.transport->connect({"client", kPort}, {}), 0u);
    EXPECT_FALSE(corpse.transport->listen({"", 1}, {}));
    corpse.events.clear();
    run(kSecond);
    corpse.look(0);
    EXPECT_TRUE(corpse.events.empty());
    corpse.transport.reset();
    const ConnectionId id = client.transport->connect({"server", kPort}, {});
    EXPECT_TRUE(until([&] { return connected(id); }));
}

TEST_F(SimNetworkTest, APausedNodeIsASilentPeerWhoseKernelGoesOn) {
    begin();
    join();
    network.pause("server");
    client.write(ours, "hello?");
    const ConnectionId second = client.transport->connect({"server", kPort}, {});
    const auto before = server.events.size();
    run(60 * kSecond);
    EXPECT_TRUE(connected(second));
    EXPECT_EQ(server.events.size(), before);
    EXPECT_EQ(client.count(TransportEventKind::kClosed), 0u);
    network.resume("server");
    run(kSecond);
    EXPECT_EQ(server.received[theirs], "hello?");
    EXPECT_EQ(server.count(TransportEventKind::kAccepted), 2u);
}

TEST_F(SimNetworkTest, NamesAreLookedUpAnewWithEachConnection) {
    begin();
    network.set_name("primary", "");
    const ConnectionId early = client.transport->connect({"primary", kPort}, {});
    ASSERT_TRUE(until([&] { return closed(early); }));
    network.set_name("primary", "server");
    const ConnectionId second = client.transport->connect({"primary", kPort}, {});
    ASSERT_TRUE(until([&] { return connected(second); }));
    network.set_name("primary", "client");
    const ConnectionId third = client.transport->connect({"primary", kPort}, {});
    ASSERT_TRUE(until([&] { return closed(third); }));
    EXPECT_EQ(client.failure(third), "cannot connect to primary:15501: Connection refused");
}

TEST_F(SimNetworkTest, ANodeHaltsAtAnyMessage) {
    begin();
    join();
    client.write(ours, "x");
    run(kSecond);
    const uint64_t before = network.messages("server");
    server.write(theirs, "y");
    EXPECT_EQ(network.messages("server"), before + 1);
    network.halt_at("server", 2);
    client.write(ours, "1");
    run(kSecond);
    EXPECT_EQ(server.received[theirs], "x1");
    EXPECT_FALSE(network.halted("server"));
    EXPECT_LE(server.write(theirs, "0123456789"), 10u);
    EXPECT_TRUE(network.halted("server"));
    client.write(ours, "2");
    run(kSecond);
    EXPECT_EQ(server.received[theirs], "x1");
    EXPECT_EQ(server.write(theirs, "z"), 0u);
    network.kill("server", SimDeath::kProcess);
    EXPECT_FALSE(network.halted("server"));
    run(kSecond);
    EXPECT_TRUE(closed(ours));
}

TEST_F(SimNetworkTest, ClocksMoveTogetherAndWallClocksJumpAlone) {
    begin();
    const int64_t wall = network.clock("server").wall_ms();
    network.clock("server").step_wall_ms(-5000);
    run(2 * kSecond);
    EXPECT_EQ(network.clock("server").wall_ms(), wall - 3000);
    EXPECT_EQ(network.clock("client").wall_ms(), wall + 2000);
    EXPECT_EQ(network.clock("server").monotonic_us(), network.now_us());
    EXPECT_EQ(network.clock("client").monotonic_us(), network.now_us());
    EXPECT_EQ(network.clock("a later one").monotonic_us(), network.now_us());
}

}  // namespace
}  // namespace synap
