// Random sizes, halves and ends over the loopback, plain and under TLS: what arrives is a prefix of
// what was written, and all of it where both ended in order.
#include <gtest/gtest.h>

#include "tests/unit/platform/transport_world.h"
#include "tests/unit/scaled.h"

namespace synap {
namespace {

char byte_at(uint64_t place) {
    return static_cast<char>(SmallRandom(place / 8).next() >> (place % 8 * 8));
}

struct Direction {
    Peer* from;
    ConnectionId source;
    Peer* to;
    ConnectionId sink;
    uint64_t written = 0;
    bool finished = false;

    void write(SmallRandom& random) {
        std::vector<std::string> texts(1 + random.below(4));
        std::vector<std::string_view> parts;
        uint64_t place = written;
        for (std::string& text : texts) {
            text.resize(random.below(random.below(2) == 0 ? 20 : 60'000));
            for (char& byte : text) byte = byte_at(place++);
            parts.push_back(text);
        }
        written += from->transport->write(source, parts);
    }
    void check() {
        const std::string& got = to->received[sink];
        ASSERT_LE(got.size(), written);
        for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], byte_at(i)) << i;
    }
};

void exchange(RealWorld& world, SmallRandom& random, bool under_tls) {
    Peer server(world.start("server", {})), client(world.start("client", {}));
    std::optional<TlsServer> server_tls;
    std::optional<TlsClient> client_tls;
    if (under_tls) {
        server_tls.emplace(
            TlsServer{world.file("server.crt"), world.file("server.key"), "", false});
        client_tls.emplace(TlsClient{world.file("ca.crt"), "", "", "", true});
    }
    auto listening = server.transport->listen({world.host(), 0}, server_tls);
    ASSERT_TRUE(listening);
    const ConnectionId ours =
        client.transport->connect({world.host(), listening->port}, client_tls);
    const auto until = [&](auto done) { return world.until({&server, &client}, done); };
    ASSERT_TRUE(until([&] {
        return client.find(TransportEventKind::kConnected) != nullptr && server.accepted() != 0;
    })) << client.failure();
    const ConnectionId theirs = server.accepted();
    server.read_size = 1 + random.below(20'000);
    client.read_size = 1 + random.below(20'000);
    Direction ways[2] = {{&client, ours, &server, theirs}, {&server, theirs, &client, ours}};
    const bool in_order = random.below(4) != 0;
    const uint64_t steps = 1 + random.below(60);
    for (uint64_t i = 0; i < steps; ++i) {
        ways[random.below(2)].write(random);
        if (random.below(2) == 0) server.look(0);
        if (random.below(2) == 0) client.look(0);
    }
    if (in_order) {
        for (Direction& way : ways) way.from->transport->finish(way.source);
        EXPECT_TRUE(until([&] { return server.ended[theirs] && client.ended[ours]; }));
        for (const Direction& way : ways) {
            EXPECT_EQ(way.to->received[way.sink].size(), way.written);
        }
        EXPECT_EQ(client.failure() + server.failure(), "");
    } else {
        client.transport->close(ours);
        EXPECT_TRUE(until([&] {
            return server.ended[theirs] || server.find(TransportEventKind::kClosed) != nullptr;
        }));
    }
    for (Direction& way : ways) way.check();
}

TEST(RealRandom, WhatArrivesIsAPrefixOfWhatWasWritten) {
    RealWorld world;
    world.make_certificates();
    for (uint64_t seed = 1; seed <= scaled(60); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        SmallRandom random(seed);
        exchange(world, random, seed % 2 == 0);
        if (testing::Test::HasFailure()) return;
    }
}

}  // namespace
}  // namespace synap
