// What every transport does, over the loopback of this machine and over the simulated network.
#include "core/platform/transport.h"

#include <gtest/gtest.h>

#include "tests/unit/platform/transport_world.h"

namespace synap {
namespace {

class TransportTest : public testing::TestWithParam<WorldKind> {
protected:
    void begin(const TransportLimits& server_limits = {},
               const TransportLimits& client_limits = {}) {
        server.transport = world->start("server", server_limits);
        client.transport = world->start("client", client_limits);
        auto listening = server.transport->listen({world->host(), 0}, {});
        ASSERT_TRUE(listening) << listening.error().message;
        listener = *listening;
        ASSERT_NE(listener.port, 0);
    }
    ConnectionId connect() { return client.transport->connect({world->host(), listener.port}, {}); }
    // Both ends of a new connection.
    void join() {
        ours = connect();
        ASSERT_TRUE(until([&] {
            return client.find(TransportEventKind::kConnected, ours) != nullptr &&
                   server.accepted() != 0;
        })) << client.failure();
        theirs = server.accepted();
    }
    template <typename Done>
    bool until(Done done) {
        return world->until({&server, &client}, done);
    }
    // All of it, however often the buffers are full.
    bool send(Peer& from, ConnectionId id, std::string_view text) {
        return until([&] {
            text.remove_prefix(from.write(id, text));
            return text.empty();
        });
    }

    std::unique_ptr<World> world = make_world(GetParam());
    Peer server, client;
    Listening listener;
    ConnectionId ours = 0, theirs = 0;
};

TEST_P(TransportTest, BothSidesLearnOfAConnectionAndOfEachOther) {
    begin();
    join();
    const TransportEvent& accepted = *server.find(TransportEventKind::kAccepted);
    EXPECT_EQ(accepted.listener, listener.id);
    EXPECT_EQ(client.find(TransportEventKind::kConnected)->peer,
              to_string(Endpoint{world->host(), listener.port}));
    EXPECT_NE(accepted.peer.find(':'), std::string::npos) << accepted.peer;
    EXPECT_NE(accepted.peer, client.find(TransportEventKind::kConnected)->peer);
}

TEST_P(TransportTest, BytesArriveInOrderBothWays) {
    begin();
    join();
    const std::string_view parts[] = {"one ", "", "two ", "three"};
    EXPECT_EQ(client.transport->write(ours, parts), 13u);
    EXPECT_EQ(server.write(theirs, "answer"), 6u);
    EXPECT_TRUE(until([&] {
        return server.received[theirs] == "one two three" && client.received[ours] == "answer";
    }));
}

TEST_P(TransportTest, WhatIsReadInSmallBitesIsTheSame) {
    begin();
    server.read_size = 1;
    join();
    EXPECT_EQ(client.write(ours, "bites"), 5u);
    EXPECT_TRUE(until([&] { return server.received[theirs] == "bites"; }));
}

TEST_P(TransportTest, AFullBufferTakesPartAndSaysWhenThereIsRoom) {
    begin();
    server.reads = false;
    join();
    const std::string chunk(256 * 1024, 'x');
    size_t sent = 0;
    ASSERT_TRUE(until([&] {
        const size_t taken = client.write(ours, chunk);
        sent += taken;
        return taken < chunk.size();
    }));
    ASSERT_TRUE(until([&] { return client.write(ours, "y") == 0; }));
    const size_t told = client.count(TransportEventKind::kWritable);
    server.reads = true;
    server.read(theirs);
    EXPECT_TRUE(until([&] { return client.count(TransportEventKind::kWritable) > told; }));
    EXPECT_GT(client.write(ours, "z"), 0u);
    EXPECT_TRUE(until([&] {
        const std::string& got = server.received[theirs];
        return got.size() >= sent + 1 && got.back() == 'z';
    }));
}

TEST_P(TransportTest, MuchPassesWholeInBothDirectionsAtOnce) {
    begin();
    join();
    std::string text;
    for (int i = 0; i < 200'000; ++i) text += std::to_string(i) + ",";
    std::string_view up = text, down = text;
    ASSERT_TRUE(until([&] {
        up.remove_prefix(client.write(ours, up));
        down.remove_prefix(server.write(theirs, down));
        return server.received[theirs].size() == text.size() &&
               client.received[ours].size() == text.size();
    }));
    EXPECT_TRUE(server.received[theirs] == text);
    EXPECT_TRUE(client.received[ours] == text);
}

TEST_P(TransportTest, OneSideMayFinishAndStillRead) {
    begin();
    join();
    EXPECT_EQ(client.write(ours, "last words"), 10u);
    client.transport->finish(ours);
    EXPECT_EQ(client.write(ours, "more"), 0u);
    ASSERT_TRUE(until([&] { return server.ended[theirs]; }));
    EXPECT_EQ(server.received[theirs], "last words");
    EXPECT_EQ(server.write(theirs, "heard"), 5u);
    server.transport->finish(theirs);
    ASSERT_TRUE(until([&] { return client.ended[ours]; }));
    EXPECT_EQ(client.received[ours], "heard");
    client.transport->close(ours);
    server.transport->close(theirs);
    world->settle({&server, &client});
    EXPECT_EQ(client.count(TransportEventKind::kClosed), 0u) << client.failure();
    EXPECT_EQ(server.count(TransportEventKind::kClosed), 0u) << server.failure();
}

TEST_P(TransportTest, AClosedNumberIsNothing) {
    begin();
    join();
    client.transport->close(ours);
    EXPECT_EQ(client.write(ours, "x"), 0u);
    char byte = 0;
    EXPECT_EQ(client.transport->read(ours, {&byte, 1}).bytes, 0u);
    client.transport->close(ours);
    client.transport->finish(ours);
    EXPECT_TRUE(until([&] {
        return server.ended[theirs] || server.find(TransportEventKind::kClosed) != nullptr;
    }));
    EXPECT_EQ(client.count(TransportEventKind::kClosed), 0u);
    EXPECT_EQ(client.write(987'654, "x"), 0u);
}

TEST_P(TransportTest, AProcessThatIsGoneEndsItsConnections) {
    begin();
    join();
    server.transport.reset();
    Peer& left = client;
    EXPECT_TRUE(world->until({&left}, [&] {
        static_cast<void>(left.write(ours, "x"));
        return left.ended[ours] || left.find(TransportEventKind::kClosed, ours) != nullptr;
    }));
}

TEST_P(TransportTest, NobodyListeningIsARefusalWithWords) {
    begin();
    server.transport->stop_listening(listener.id);
    const ConnectionId id = connect();
    EXPECT_NE(id, 0u);
    ASSERT_TRUE(until([&] { return client.find(TransportEventKind::kClosed, id) != nullptr; }));
    EXPECT_EQ(client.failure(id), "cannot connect to " +
                                      to_string(Endpoint{world->host(), listener.port}) +
                                      ": Connection refused");
    EXPECT_EQ(client.count(TransportEventKind::kConnected), 0u);
}

TEST_P(TransportTest, AListenerThatStopsLeavesItsConnections) {
    begin();
    join();
    server.transport->stop_listening(listener.id);
    EXPECT_EQ(client.write(ours, "still"), 5u);
    EXPECT_TRUE(until([&] { return server.received[theirs] == "still"; }));
}

TEST_P(TransportTest, ANameThatIsUnknownIsAFailureOfTheConnection) {
    begin();
    const ConnectionId id = client.transport->connect({"no..such..host", 1}, {});
    ASSERT_TRUE(until([&] { return client.find(TransportEventKind::kClosed, id) != nullptr; }));
    EXPECT_EQ(client.failure(id).rfind("cannot find the address of no..such..host: ", 0), 0u)
        << client.failure(id);
}

TEST_P(TransportTest, ConnectionsAreBounded) {
    TransportLimits limits;
    limits.connections = 2;
    begin({}, limits);
    join();
    const ConnectionId second = connect();
    const ConnectionId third = connect();
    ASSERT_TRUE(until([&] {
        return client.find(TransportEventKind::kConnected, second) != nullptr &&
               client.find(TransportEventKind::kClosed, third) != nullptr;
    }));
    EXPECT_NE(client.failure(third).find("too many connections"), std::string::npos);
    EXPECT_TRUE(client.find(TransportEventKind::kClosed, third)->error->may_pass());
}

TEST_P(TransportTest, AServerThatIsFullEndsWhatItAccepts) {
    TransportLimits limits;
    limits.connections = 1;
    begin(limits);
    join();
    const ConnectionId second = connect();
    EXPECT_TRUE(until([&] {
        return client.ended[second] || client.find(TransportEventKind::kClosed, second) != nullptr;
    }));
    EXPECT_EQ(server.count(TransportEventKind::kAccepted), 1u);
    EXPECT_EQ(client.write(ours, "room for one"), 12u);
    EXPECT_TRUE(until([&] { return server.received[theirs] == "room for one"; }));
}

TEST_P(TransportTest, ListenersAreBoundedAndPortsTakenOnce) {
    TransportLimits limits;
    limits.listeners = 2;
    begin(limits);
    const auto same = server.transport->listen({world->host(), listener.port}, {});
    ASSERT_FALSE(same);
    EXPECT_EQ(same.error().message, "cannot listen on " +
                                        to_string(Endpoint{world->host(), listener.port}) +
                                        ": Address already in use");
    EXPECT_TRUE(server.transport->listen({world->host(), 0}, {}));
    const auto third = server.transport->listen({world->host(), 0}, {});
    ASSERT_FALSE(third);
    EXPECT_NE(third.error().message.find("too many listeners"), std::string::npos);
}

TEST_P(TransportTest, NothingIsToldTwiceToWhoDoesNotRead) {
    begin();
    server.reads = false;
    join();
    EXPECT_EQ(client.write(ours, "a"), 1u);
    ASSERT_TRUE(until([&] { return server.find(TransportEventKind::kReadable) != nullptr; }));
    const auto told = server.count(TransportEventKind::kReadable);
    world->settle({&server, &client});
    EXPECT_EQ(server.count(TransportEventKind::kReadable), told);
    server.read(theirs);
    EXPECT_EQ(server.received[theirs], "a");
    EXPECT_EQ(client.write(ours, "b"), 1u);
    EXPECT_TRUE(until([&] { return server.count(TransportEventKind::kReadable) > told; }));
}

INSTANTIATE_TEST_SUITE_P(, TransportTest, testing::ValuesIn(kWorlds), world_name);

}  // namespace
}  // namespace synap
