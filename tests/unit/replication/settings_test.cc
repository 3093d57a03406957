#include "core/replication/settings.h"

#include <gtest/gtest.h>

namespace synap::replication {
namespace {

std::string refusal(const std::string& name, const std::string& value) {
    Settings settings;
    const Status set = settings.set(name, value);
    return set ? "" : set.error().message;
}

TEST(ReplicationSettings, SayWhatTheyMean) {
    Settings settings;
    EXPECT_TRUE(settings.empty());
    ASSERT_TRUE(settings.set("replication.role", "Replica"));
    ASSERT_TRUE(settings.set("replication.master", "[::1]:15501"));
    ASSERT_TRUE(settings.set("replication.listen", ":7"));
    ASSERT_TRUE(settings.set("replication.clients", ":15500"));
    auto node = settings.read();
    ASSERT_TRUE(node);
    EXPECT_EQ(node->role.role, "Replica");
    ASSERT_TRUE(node->listen);
    EXPECT_EQ(node->listen->host, "");
    EXPECT_EQ(node->listen->port, 7);
    EXPECT_EQ(node->address, ":7");
    EXPECT_EQ(node->clients, ":15500");
    EXPECT_TRUE(node->is_protected);
    ASSERT_TRUE(settings.set("replication.secret", "sixteen bytes of it"));
    EXPECT_FALSE(settings.read()->is_protected);
    ASSERT_TRUE(settings.set("replication.secret", ""));
    ASSERT_TRUE(settings.set("replication.protected", "false"));
    EXPECT_FALSE(settings.read()->is_protected);
}

TEST(ReplicationSettings, NameWhatIsWrong) {
    EXPECT_EQ(refusal("replication.rolle", "master"), "unknown option 'replication.rolle'");
    EXPECT_EQ(refusal("replication.role", "slave"),
              "replication.role: expected master or replica, not \"slave\"");
    for (const char* wrong : {"host", "host:", ":15501", "host:0", "host:65536", "host:x"}) {
        EXPECT_EQ(refusal("replication.master", wrong),
                  std::string("replication.master: expected host:port, not \"") + wrong + "\"");
    }
    EXPECT_NE(refusal("replication.protected", "maybe"), "");
    EXPECT_NE(refusal("replication.node_name", "two\nlines"), "");
}

TEST(ReplicationSettings, ASecretIsNotShown) {
    const std::string text = refusal("replication.secret", "too short");
    EXPECT_EQ(text, "replication.secret: expected 16 to 1024 bytes");
}

TEST(ReplicationSettings, EndpointsAreHostsAndPorts) {
    auto six = parse_endpoint("[fe80::1]:15501");
    ASSERT_TRUE(six);
    EXPECT_EQ(six->host, "fe80::1");
    EXPECT_EQ(six->port, 15501);
    auto name = parse_endpoint("db-1.example:1");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->host, "db-1.example");
    EXPECT_FALSE(parse_endpoint(""));
    EXPECT_FALSE(parse_endpoint("host"));
}

}  // namespace
}  // namespace synap::replication
