// TLS and its refusals: one clear line on both sides.
#include <gtest/gtest.h>

#include "core/platform/transport.h"
#include "tests/unit/platform/transport_world.h"

namespace synap {
namespace {

class TransportTlsTest : public testing::TestWithParam<WorldKind> {
protected:
    void SetUp() override { world->make_certificates(); }

    TlsServer server_tls(std::string_view name = "server") const {
        const std::string file(name);
        return {world->file(file + ".crt"), world->file(file + ".key"), world->file("ca.crt"),
                true};
    }
    TlsClient client_tls(std::string_view name = "client") const {
        const std::string file(name);
        return {world->file("ca.crt"), world->file(file + ".crt"), world->file(file + ".key"), "",
                true};
    }
    void begin(const std::optional<TlsServer>& tls, const TransportLimits& limits = {}) {
        server.transport = world->start("server", limits);
        client.transport = world->start("client", {});
        auto listening = server.transport->listen({world->host(), 0}, tls);
        ASSERT_TRUE(listening) << listening.error().message;
        listener = *listening;
        here = to_string(Endpoint{world->host(), listener.port});
    }
    void connect(const std::optional<TlsClient>& tls) {
        ours = client.transport->connect({world->host(), listener.port}, tls);
    }
    template <typename Done>
    bool until(Done done) {
        return world->until({&server, &client}, done);
    }
    bool joined() {
        return until([&] {
            return client.find(TransportEventKind::kConnected, ours) != nullptr &&
                   server.accepted() != 0;
        });
    }
    // Both fail. What the server says of its peer's address is replaced by PEER.
    void refused(const std::string& at_server, const std::string& at_client) {
        ASSERT_TRUE(until([&] {
            return client.find(TransportEventKind::kClosed, ours) != nullptr &&
                   server.find(TransportEventKind::kClosed) != nullptr;
        })) << "server: "
            << server.failure() << "\nclient: " << client.failure();
        EXPECT_EQ(client.failure(), at_client);
        const TransportEvent& event = *server.find(TransportEventKind::kClosed);
        std::string words = event.error->message;
        const size_t peer = words.find(event.peer);
        ASSERT_NE(peer, std::string::npos) << words;
        EXPECT_EQ(words.replace(peer, event.peer.size(), "PEER"), at_server);
        EXPECT_EQ(event.listener, server.accepted() == 0 ? listener.id : 0);
        EXPECT_EQ(server.count(TransportEventKind::kClosed), 1u);
        EXPECT_EQ(client.count(TransportEventKind::kClosed), 1u);
    }

    std::unique_ptr<World> world = make_world(GetParam());
    Peer server, client;
    Listening listener;
    std::string here;
    ConnectionId ours = 0;
};

TEST_P(TransportTlsTest, BytesPassBetweenThoseWhoKnowEachOther) {
    begin(server_tls());
    connect(client_tls());
    ASSERT_TRUE(joined()) << server.failure() << client.failure();
    std::string text;
    for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",";
    std::string_view up = text, down = text;
    ASSERT_TRUE(until([&] {
        up.remove_prefix(client.write(ours, up));
        down.remove_prefix(server.write(server.accepted(), down));
        return server.received[server.accepted()].size() == text.size() &&
               client.received[ours].size() == text.size();
    }));
    EXPECT_TRUE(server.received[server.accepted()] == text);
    EXPECT_TRUE(client.received[ours] == text);
    client.transport->finish(ours);
    ASSERT_TRUE(until([&] { return server.ended[server.accepted()]; }));
    EXPECT_EQ(server.write(server.accepted(), "bye"), 3u);
    server.transport->finish(server.accepted());
    ASSERT_TRUE(until([&] { return client.ended[ours]; }));
    EXPECT_EQ(client.received[ours].substr(text.size()), "bye");
    EXPECT_EQ(client.failure() + server.failure(), "");
}

TEST_P(TransportTlsTest, AFullBufferTakesPartAndSaysWhenThereIsRoom) {
    begin(server_tls());
    server.reads = false;
    connect(client_tls());
    ASSERT_TRUE(joined());
    size_t sent = 0;
    const std::string chunk(100'000, 'x');
    ASSERT_TRUE(until([&] {
        const size_t taken = client.write(ours, chunk);
        sent += taken;
        return taken < chunk.size();
    }));
    const size_t told = client.count(TransportEventKind::kWritable);
    server.reads = true;
    server.read(server.accepted());
    EXPECT_TRUE(until([&] { return client.count(TransportEventKind::kWritable) > told; }));
    EXPECT_TRUE(until([&] { return server.received[server.accepted()].size() == sent; }));
}

TEST_P(TransportTlsTest, WithoutAnAuthorityForClientsAnybodyMayCome) {
    TlsServer open = server_tls();
    open.client_ca.clear();
    open.require_client_certificate = false;
    begin(open);
    TlsClient bare = client_tls();
    bare.certificate.clear();
    bare.key.clear();
    connect(bare);
    EXPECT_TRUE(joined()) << server.failure() << client.failure();
}

TEST_P(TransportTlsTest, AClientWithoutACertificate) {
    begin(server_tls());
    TlsClient bare = client_tls();
    bare.certificate.clear();
    bare.key.clear();
    connect(bare);
    refused(
        "PEER shows no certificate, and one is required here: configure certificate and key "
        "there",
        here +
            " requires a certificate, and none is shown: configure certificate and key "
            "here");
}

TEST_P(TransportTlsTest, AClientThatWritesAtOnceHearsTheSameRefusal) {
    begin(server_tls());
    TlsClient bare = client_tls();
    bare.certificate.clear();
    bare.key.clear();
    connect(bare);
    ASSERT_TRUE(until([&] {
        static_cast<void>(client.write(ours, "I am in a hurry"));
        return client.find(TransportEventKind::kClosed, ours) != nullptr;
    }));
    EXPECT_EQ(client.failure(),
              here +
                  " requires a certificate, and none is shown: configure certificate and key "
                  "here");
}

TEST_P(TransportTlsTest, AClientOfAnotherAuthority) {
    begin(server_tls());
    connect(client_tls("stranger"));
    refused(
        "the certificate of PEER leads to no authority that is trusted here: have it signed "
        "by one, or add its authority to the CA file here",
        here +
            " trusts no authority of our certificate: have it signed by one of its CA "
            "file, or add ours there");
}

TEST_P(TransportTlsTest, AClientWhoseCertificateHasExpired) {
    begin(server_tls());
    connect(client_tls("expired"));
    refused(
        "the certificate of PEER has expired or is not valid yet: renew it there, or set the "
        "clock here",
        here + " says that our certificate has expired: renew it here, or set the clock there");
}

TEST_P(TransportTlsTest, AServerOfAnotherAuthority) {
    begin(server_tls("stranger"));
    connect(client_tls());
    refused(
        "PEER trusts no authority of our certificate: have it signed by one of its CA file, "
        "or add ours there",
        "the certificate of " + here +
            " leads to no authority that is trusted here: have it signed by one, or add its "
            "authority to the CA file here");
}

TEST_P(TransportTlsTest, AServerWhoseCertificateHasExpired) {
    begin(server_tls("expired"));
    connect(client_tls());
    refused("PEER says that our certificate has expired: renew it here, or set the clock there",
            "the certificate of " + here +
                " has expired or is not valid yet: renew it there, or set the clock here");
}

TEST_P(TransportTlsTest, AServerOfAnotherName) {
    begin(server_tls("misnamed"));
    connect(client_tls());
    refused("PEER refuses our certificate: its log says why",
            "the certificate of " + here + " is not for " + world->host() +
                ": have this name in it, or configure the name that is");
}

TEST_P(TransportTlsTest, ANameMayBeExpectedThatIsNotTheHost) {
    begin(server_tls("misnamed"));
    TlsClient other = client_tls();
    other.server_name = "elsewhere";
    connect(other);
    EXPECT_TRUE(joined()) << client.failure();
}

TEST_P(TransportTlsTest, WhoDoesNotVerifyBelievesAnybody) {
    begin(server_tls("stranger"));
    TlsClient blind = client_tls();
    blind.verify = false;
    connect(blind);
    EXPECT_TRUE(joined()) << client.failure();
}

TEST_P(TransportTlsTest, CertificatesExpireByTheClockThatIsGiven) {
    begin(server_tls());
    world->step_wall_ms(-3'600'000);
    connect(client_tls("expired"));
    EXPECT_TRUE(joined()) << server.failure() << client.failure();
}

TEST_P(TransportTlsTest, APlainClientOfATlsPort) {
    begin(server_tls());
    connect(std::nullopt);
    ASSERT_TRUE(until([&] { return client.write(ours, "SYNAP hello") != 0; }));
    refused(
        "PEER does not speak TLS, and here it is configured: configure TLS on both sides or on "
        "none",
        here +
            " speaks TLS, and here it is not configured: configure TLS on both sides or on "
            "none");
    EXPECT_EQ(client.failure_code(), Code::kUnsupported);
    EXPECT_EQ(server.failure_code(), Code::kUnsupported);
}

TEST_P(TransportTlsTest, ATlsClientOfAPlainPort) {
    begin(std::nullopt);
    connect(client_tls());
    refused(
        "PEER speaks TLS, and here it is not configured: configure TLS on both sides or on "
        "none",
        here +
            " does not speak TLS, and here it is configured: configure TLS on both sides or "
            "on none");
    EXPECT_EQ(client.count(TransportEventKind::kConnected), 0u);
}

TEST_P(TransportTlsTest, AServerThatSpeaksFirstAndPlainIsTold) {
    begin(std::nullopt);
    connect(client_tls());
    ASSERT_TRUE(until([&] {
        return server.accepted() != 0 && server.write(server.accepted(), "SYNAP challenge") != 0;
    }));
    ASSERT_TRUE(until([&] { return client.find(TransportEventKind::kClosed, ours) != nullptr; }));
    EXPECT_EQ(client.failure(), here +
                                    " does not speak TLS, and here it is configured: configure "
                                    "TLS on both sides or on none");
}

TEST_P(TransportTlsTest, WhoDoesNotBeginIsCutAtTheTimeLimit) {
    TransportLimits limits;
    limits.establish_us = 3'000'000;
    begin(server_tls(), limits);
    connect(std::nullopt);
    ASSERT_TRUE(
        until([&] { return client.find(TransportEventKind::kConnected, ours) != nullptr; }));
    world->settle({&server, &client});
    world->pass(3'000'000);
    ASSERT_TRUE(until([&] { return server.find(TransportEventKind::kClosed) != nullptr; }));
    EXPECT_EQ(server.failure_code(), Code::kTimeout);
    EXPECT_NE(server.failure().find(" did not finish its TLS handshake within 3000 ms"),
              std::string::npos);
    EXPECT_EQ(server.count(TransportEventKind::kAccepted), 0u);
    EXPECT_TRUE(until([&] {
        return client.ended[ours] || client.find(TransportEventKind::kClosed, ours) != nullptr;
    }));
}

TEST_P(TransportTlsTest, HandshakesAreBoundedAndTheNextOnesWait) {
    TransportLimits limits;
    limits.handshakes = 1;
    begin(server_tls(), limits);
    connect(std::nullopt);
    const ConnectionId idle = ours;
    ASSERT_TRUE(
        until([&] { return client.find(TransportEventKind::kConnected, idle) != nullptr; }));
    world->settle({&server, &client});
    connect(client_tls());
    world->settle({&server, &client});
    EXPECT_EQ(server.accepted(), 0u);
    client.transport->close(idle);
    EXPECT_TRUE(joined()) << client.failure(ours);
}

TEST_P(TransportTlsTest, FilesThatAreNotThereAreNamed) {
    server.transport = world->start("server", {});
    client.transport = world->start("client", {});
    TlsServer tls = server_tls("absent");
    const auto refused = server.transport->listen({world->host(), 0}, tls);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().message,
              "cannot read " + world->file("absent.crt") + ": No such file or directory");
    tls = server_tls();
    tls.client_ca.clear();
    EXPECT_FALSE(server.transport->listen({world->host(), 0}, tls));
    listener.port = 1;
    connect(client_tls("absent"));
    ASSERT_TRUE(until([&] { return client.find(TransportEventKind::kClosed, ours) != nullptr; }));
    EXPECT_EQ(client.failure(),
              "cannot read " + world->file("absent.crt") + ": No such file or directory");
}

INSTANTIATE_TEST_SUITE_P(, TransportTlsTest, testing::ValuesIn(kWorlds), world_name);

}  // namespace
}  // namespace synap
