// Who is served, on which addresses, and what others are told.
#include <ifaddrs.h>

#include "server/net/address.h"
#include "server/net/admission.h"
#include "server/net/listening.h"
#include "tests/unit/server/net_fixture.h"

namespace synap::server {
namespace {

TEST(NetAdmission, RefusesConnectionsBeyondTheLimit) {
    Settings settings;
    settings.limits.max_connections = 2;
    RunningServer server(settings);
    auto first = std::make_unique<Socket>(server.port());
    Socket second(server.port());
    EXPECT_EQ(first->ask("PING\r\n", 7), "+PONG\r\n");
    EXPECT_EQ(second.ask("PING\r\n", 7), "+PONG\r\n");
    Socket third(server.port());
    third.send("*1\r\n$4\r\nPING\r\n");
    EXPECT_EQ(third.read_to_end(), "-ERR max number of clients reached\r\n");
    first.reset();
    EXPECT_TRUE(eventually([&] { return server.shared().connections.load() == 1; }));
    Socket fourth(server.port());
    EXPECT_EQ(fourth.ask("PING\r\n", 7), "+PONG\r\n");
}

// Fault case 10: the answer is in the protocol of the client, and probes are answered.
TEST(NetAdmission, AnswersProbesAtTheLimit) {
    Settings settings;
    settings.limits.max_connections = 1;
    RunningServer server(settings);
    Socket only(server.port());
    EXPECT_EQ(only.ask("PING\r\n", 7), "+PONG\r\n");
    // Silent ones, more than there is room for, keep nobody from being answered.
    std::vector<std::unique_ptr<Socket>> silent;
    for (size_t i = 0; i < 2 * kMaxGuests; ++i) {
        silent.push_back(std::make_unique<Socket>(server.port()));
    }
    for (const char* path : {"/livez", "/readyz", "/health", "/health/kv", "/metrics"}) {
        Socket probe(server.port());
        probe.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n" +
                   "POST /kv/set HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
        const std::string reply = probe.read_to_end();
        EXPECT_EQ(reply.substr(0, 15), "HTTP/1.1 200 OK") << path;
        EXPECT_NE(reply.find("Connection: close\r\n"), std::string::npos);
        EXPECT_EQ(reply.find("HTTP/1.1", 1), std::string::npos) << "one request is answered";
    }
    Socket slow(server.port());
    slow.send("GET /liv");
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    slow.send("ez HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(slow.read_to_end().substr(0, 15), "HTTP/1.1 200 OK");
    for (const char* request : {"GET /kv/get/a", "POST /livez", "GET /", "GET /livezz"}) {
        Socket http(server.port());
        http.send(std::string(request) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        const std::string reply = http.read_to_end();
        EXPECT_EQ(reply.substr(0, 12), "HTTP/1.1 503") << request;
        EXPECT_NE(reply.find("\r\nRetry-After: 1\r\n"), std::string::npos);
        EXPECT_NE(reply.find(R"("code":503})"), std::string::npos);
    }
    EXPECT_EQ(silent.back()->read_to_end(), "") << "its protocol is not known";
    EXPECT_EQ(only.ask("PING\r\n", 7), "+PONG\r\n");
    EXPECT_TRUE(eventually([&] { return server.shared().restricted.load() == 0; }));
    EXPECT_EQ(server.shared().connections.load(), 1U);
}

// An address of this machine that is not loopback, in host order; 0: there is none.
uint32_t own_address() {
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0) return 0;
    uint32_t found = 0;
    for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr != nullptr && at->ifa_addr->sa_family == AF_INET) {
            const auto* v4 = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
            const uint32_t address = ntohl(v4->sin_addr.s_addr);
            found = address >> 24 != 127 ? address : found;
        }
    }
    ::freeifaddrs(list);
    return found;
}

TEST(NetAdmission, ProtectedModeServesThisMachineOnly) {
    const uint32_t address = own_address();
    if (address == 0) GTEST_SKIP() << "this machine has no address but loopback";
    Settings settings;
    settings.host = "0.0.0.0";
    settings.is_protected = true;
    RunningServer server(settings);
    Socket here(server.port());
    EXPECT_EQ(here.ask("PING\r\n", 7), "+PONG\r\n");
    Socket resp(server.port(), address);
    resp.send("PING\r\n");
    const std::string denied = resp.read_to_end();
    EXPECT_EQ(denied.substr(0, 8), "-DENIED ");
    EXPECT_NE(denied.find("server.host"), std::string::npos);
    EXPECT_EQ(denied.find("\r\n"), denied.size() - 2);
    Socket http(server.port(), address);
    http.send("GET /kv/get/a HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string forbidden = http.read_to_end();
    EXPECT_EQ(forbidden.substr(0, 22), "HTTP/1.1 403 Forbidden");
    EXPECT_NE(forbidden.find("protected mode"), std::string::npos);
    for (const char* path : {"/livez", "/metrics"}) {
        Socket probe(server.port(), address);
        probe.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n");
        EXPECT_EQ(probe.read_to_end().substr(0, 15), "HTTP/1.1 200 OK") << path;
    }
}

sockaddr_storage address_of(const char* text) {
    sockaddr_storage storage{};
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
    } else {
        EXPECT_EQ(::inet_pton(AF_INET6, text, &v6.sin6_addr), 1) << text;
        v6.sin6_family = AF_INET6;
    }
    return storage;
}

// Fault case 20.
TEST(NetAddress, KnowsLoopbackInEveryForm) {
    for (const char* text : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"}) {
        EXPECT_TRUE(is_loopback(address_of(text))) << text;
    }
    for (const char* text : {"0.0.0.0", "128.0.0.1", "10.0.0.1", "::", "::2", "fe80::1",
                             "::ffff:10.0.0.127", "2001:db8::127:0:0:1"}) {
        EXPECT_FALSE(is_loopback(address_of(text))) << text;
    }
}

// Fault case 20: both families, on one port.
TEST(NetAddress, ListensOnEveryAddress) {
    Settings settings;
    settings.port = 0;
    const ListeningSockets sockets(settings);
    EXPECT_TRUE(sockets.open_to_others());
    EXPECT_NE(sockets.port(), 0);
    const std::string port = std::to_string(sockets.port());
    EXPECT_NE(sockets.addresses().find("0.0.0.0:" + port), std::string::npos);
    const int v6 = ::socket(AF_INET6, SOCK_STREAM, 0);
    auto loopback = address_of("::1");
    reinterpret_cast<sockaddr_in6&>(loopback).sin6_port = htons(sockets.port());
    sockaddr_storage any = address_of("::1");
    if (::bind(v6, reinterpret_cast<sockaddr*>(&any), sizeof(sockaddr_in6)) == 0) {
        EXPECT_EQ(sockets.descriptors().size(), 2U);
        EXPECT_EQ(::connect(v6, reinterpret_cast<sockaddr*>(&loopback), sizeof(sockaddr_in6)), 0);
    }
    ::close(v6);
}

TEST(NetAddress, SaysWhyItCannotListen) {
    Settings settings;
    settings.host = "127.0.0.1";
    settings.port = 0;
    const ListeningSockets first(settings);
    EXPECT_FALSE(first.open_to_others());
    settings.port = first.port();
    const auto error_of = [](const Settings& wanted) -> std::string {
        try {
            const ListeningSockets sockets(wanted);
            return "";
        } catch (const std::exception& error) {
            return error.what();
        }
    };
    EXPECT_EQ(error_of(settings), "cannot listen on 127.0.0.1:" + std::to_string(first.port()) +
                                      ": Address already in use");
    settings.host = "203.0.113.7";
    EXPECT_NE(error_of(settings).find("Cannot assign requested address"), std::string::npos);
    settings.host = "no.such.host.invalid";
    EXPECT_NE(error_of(settings).find("there is no such address"), std::string::npos);
}

}  // namespace
}  // namespace synap::server
