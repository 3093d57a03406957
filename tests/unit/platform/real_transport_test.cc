// What only a real network has: descriptors, names, files, and peers of any kind.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/platform/descriptor.h"
#include "core/platform/real_transport.h"
#include "tests/unit/platform/transport_world.h"

namespace synap {
namespace {

sockaddr_in address_of(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

class RealTransportTest : public testing::Test {
protected:
    RealTransportTest() {
        server.transport = world.start("server", {});
        client.transport = world.start("client", {});
    }
    template <typename Done>
    bool until(Done done) {
        return world.until({&server, &client}, done);
    }
    Listening listen(const std::string& host = "127.0.0.1",
                     const std::optional<TlsServer>& tls = {}) {
        auto listening = server.transport->listen({host, 0}, tls);
        EXPECT_TRUE(listening) << listening.error().message;
        return listening ? *listening : Listening{};
    }
    TlsServer server_tls() const {
        return {world.file("server.crt"), world.file("server.key"), world.file("ca.crt"), true};
    }
    TlsClient client_tls() const {
        return {world.file("ca.crt"), world.file("client.crt"), world.file("client.key"), "", true};
    }
    bool connects(uint16_t port) {
        const ConnectionId id = client.transport->connect({"127.0.0.1", port}, client_tls());
        EXPECT_TRUE(until([&] {
            return client.find(TransportEventKind::kConnected, id) != nullptr ||
                   client.find(TransportEventKind::kClosed, id) != nullptr;
        }));
        return client.find(TransportEventKind::kConnected, id) != nullptr;
    }

    RealWorld world;
    Peer server, client;
};

TEST_F(RealTransportTest, ANameIsLookedUpAndItsAddressesTriedInTurn) {
    const uint16_t port = listen().port;
    const ConnectionId id = client.transport->connect({"localhost", port}, {});
    ASSERT_TRUE(until([&] { return server.accepted() != 0; })) << client.failure();
    EXPECT_NE(client.find(TransportEventKind::kConnected, id), nullptr);
    EXPECT_EQ(server.find(TransportEventKind::kAccepted)->peer.rfind("127.0.0.1:", 0), 0u);
}

TEST_F(RealTransportTest, AListenerOfEveryAddressShowsIpv4AsWhatItIs) {
    const uint16_t port = listen("").port;
    client.transport->connect({"127.0.0.1", port}, {});
    ASSERT_TRUE(until([&] { return server.accepted() != 0; })) << client.failure();
    EXPECT_EQ(server.find(TransportEventKind::kAccepted)->peer.rfind("127.0.0.1:", 0), 0u);
}

TEST_F(RealTransportTest, ATransportMayEndWithLookupsUnderWay) {
    for (int i = 0; i < 8; ++i) client.transport->connect({"no..such..host", 1}, {});
    client.transport.reset();
}

TEST_F(RealTransportTest, ManyPartsAreOneStream) {
    const uint16_t port = listen().port;
    const ConnectionId id = client.transport->connect({"127.0.0.1", port}, {});
    ASSERT_TRUE(until([&] { return server.accepted() != 0; }));
    ASSERT_TRUE(until([&] { return client.find(TransportEventKind::kConnected) != nullptr; }));
    std::vector<std::string> texts;
    std::string whole;
    for (int i = 0; i < 1000; ++i) whole += texts.emplace_back(std::to_string(i));
    const std::vector<std::string_view> parts(texts.begin(), texts.end());
    EXPECT_EQ(client.transport->write(id, parts), whole.size());
    EXPECT_TRUE(until([&] { return server.received[server.accepted()] == whole; }));
}

// Takes every descriptor that this process may have, until it is destroyed.
class NoDescriptors {
public:
    NoDescriptors() {
        // Threads of lookups that earlier tests left would give theirs back in the middle. One of a
        // sanitizer stays.
        const auto threads = [] {
            std::filesystem::directory_iterator tasks("/proc/self/task");
            return std::distance(begin(tasks), end(tasks));
        };
        for (int i = 0; i < 500 && threads() > 1; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
        rlimit small = before_;
        small.rlim_cur = std::min<rlim_t>(small.rlim_cur, 128);
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &small), 0);
        for (int fd = dup(0); fd >= 0; fd = dup(0)) taken_.push_back(fd);
    }
    ~NoDescriptors() {
        for (const int fd : taken_) close(fd);
        EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &before_), 0);
    }

private:
    rlimit before_{};
    std::vector<int> taken_;
};

TEST_F(RealTransportTest, WithoutDescriptorsThoseWhoCallWait) {
    const uint16_t port = listen().port;
    const Descriptor caller(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    {
        const NoDescriptors shortage;
        const sockaddr_in address = address_of(port);
        ASSERT_EQ(
            connect(caller.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        for (int i = 0; i < 5; ++i) world.step({&server});
        EXPECT_EQ(server.accepted(), 0u);
        const ConnectionId own = client.transport->connect({"127.0.0.1", port}, {});
        world.step({&client});
        ASSERT_NE(client.find(TransportEventKind::kClosed, own), nullptr);
        EXPECT_TRUE(client.find(TransportEventKind::kClosed, own)->error->may_pass());
    }
    world.pass(100'000);
    EXPECT_TRUE(until([&] { return server.accepted() != 0; }));
}

TEST_F(RealTransportTest, WakeEndsAWaitFromAnotherThread) {
    std::thread other([&] { server.transport->wake(); });
    std::vector<TransportEvent> events;
    server.transport->wait(UINT64_MAX, events);
    EXPECT_TRUE(events.empty());
    other.join();
}

TEST_F(RealTransportTest, RenewedFilesServeThoseWhoComeLater) {
    world.make_certificates();
    const Listening listening = listen("127.0.0.1", server_tls());
    ASSERT_TRUE(connects(listening.port)) << client.failure();
    const auto put = [&](const std::string& from, const std::string& to) {
        std::filesystem::copy_file(world.file(from), world.file(to),
                                   std::filesystem::copy_options::overwrite_existing);
    };
    // Half of a renewal does not fit together, and the old ones stay.
    put("misnamed.crt", "server.crt");
    const Status half = server.transport->reload_tls(listening.id);
    ASSERT_FALSE(half);
    EXPECT_EQ(half.error().message, world.file("server.key") +
                                        ": not the key of the certificate in " +
                                        world.file("server.crt"));
    EXPECT_TRUE(connects(listening.port)) << client.failure();
    put("misnamed.key", "server.key");
    EXPECT_TRUE(server.transport->reload_tls(listening.id));
    EXPECT_FALSE(connects(listening.port));
    EXPECT_NE(client.failure().find("is not for 127.0.0.1"), std::string::npos);
    EXPECT_FALSE(server.transport->reload_tls(listening.id + 1000));
}

TEST_F(RealTransportTest, FilesThatDoNotFitAreNamedWithWhatIsWrong) {
    world.make_certificates();
    const auto refusal = [&](const TlsServer& tls) {
        auto listening = server.transport->listen({"127.0.0.1", 0}, tls);
        return listening ? std::string() : listening.error().message;
    };
    std::ofstream(world.file("garbage")) << "-----BEGIN CERTIFICATE-----\nno\n";
    std::ofstream(world.file("empty")) << "";
    TlsServer tls = server_tls();
    tls.certificate = world.file("garbage");
    EXPECT_EQ(refusal(tls).rfind(world.file("garbage") + ": not a certificate in PEM: ", 0), 0u)
        << refusal(tls);
    tls.certificate = world.file("empty");
    EXPECT_EQ(refusal(tls), world.file("empty") + ": there is no certificate in PEM in it");
    tls = server_tls();
    tls.key = world.file("ca.crt");
    EXPECT_EQ(refusal(tls).rfind(tls.key + ": not a private key in PEM without a password", 0), 0u)
        << refusal(tls);
    tls = server_tls();
    tls.client_ca = world.folder;
    EXPECT_EQ(refusal(tls), "cannot read " + world.folder + ": Is a directory");
}

// Whatever a peer sends in place of TLS, the port lives on.
TEST_F(RealTransportTest, NoiseOnATlsPortEndsThatConnectionOnly) {
    world.make_certificates();
    const Listening listening = listen("127.0.0.1", server_tls());
    const uint64_t seed = 20261128;
    SmallRandom random(seed);
    const sockaddr_in address = address_of(listening.port);
    for (int i = 0; i < 100; ++i) {
        SCOPED_TRACE("seed " + std::to_string(seed) + ", peer " + std::to_string(i));
        const Descriptor caller(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(
            connect(caller.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        std::string noise(1 + random.below(300), 0);
        for (char& byte : noise) byte = static_cast<char>(random.next());
        if (i % 2 == 0) noise.replace(0, std::min<size_t>(noise.size(), 3), "\x16\x03\x01", 3);
        EXPECT_GT(send(caller.get(), noise.data(), noise.size(), MSG_NOSIGNAL), 0);
        shutdown(caller.get(), SHUT_WR);
        const size_t closed = server.count(TransportEventKind::kClosed);
        ASSERT_TRUE(until([&] { return server.count(TransportEventKind::kClosed) > closed; }));
    }
    EXPECT_TRUE(connects(listening.port)) << client.failure();
}

}  // namespace
}  // namespace synap
