#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class Connection : public SessionTest {
protected:
    void SetUp() override { open(); }
};

TEST_F(Connection, PingAndEcho) {
    Client client(engine);
    EXPECT_EQ(client("PING"), "+PONG");
    EXPECT_EQ(client("ping hello"), "$hello");
    EXPECT_EQ(client("PING a b"), "-ERR wrong number of arguments for 'ping' command");
    EXPECT_EQ(client("ECHO hello"), "$hello");
    EXPECT_EQ(client.call({"ECHO", ""}), "$");
    EXPECT_EQ(client("QUIT"), "+OK");
}

TEST_F(Connection, HelloChoosesTheProtocol) {
    Client client(engine, 2);
    EXPECT_EQ(client.session.protocol(), 2u);
    const std::string id = std::to_string(client.session.id());
    EXPECT_EQ(client("HELLO 3"), "{$server $redis $version $7.2.4 $synap_version $" SYNAP_VERSION
                                 " $proto :3 $id :" +
                                     id + " $mode $standalone $role $master $modules []}");
    EXPECT_EQ(client.session.protocol(), 3u);
    EXPECT_NE(client("HELLO").find("$proto :3"), std::string::npos);
    EXPECT_NE(client("HELLO 2 SETNAME joe").find("$proto :2"), std::string::npos);
    EXPECT_EQ(client("CLIENT GETNAME"), "$joe");
}

TEST_F(Connection, HelloRefuses) {
    Client client(engine, 2);
    EXPECT_EQ(client("HELLO 4"), "-NOPROTO unsupported protocol version");
    EXPECT_EQ(client("HELLO 1"), "-NOPROTO unsupported protocol version");
    EXPECT_EQ(client("HELLO x"), "-ERR Protocol version is not an integer or out of range");
    EXPECT_EQ(client("HELLO 3 foo"), "-ERR Syntax error in HELLO option 'foo'");
    EXPECT_EQ(client("HELLO 3 SETNAME"), "-ERR Syntax error in HELLO option 'SETNAME'");
    EXPECT_EQ(client("HELLO 3 AUTH default"), "-ERR Syntax error in HELLO option 'AUTH'");
    EXPECT_EQ(client("HELLO 3 AUTH joe x SETNAME me"),
              "-WRONGPASS invalid username-password pair or user is disabled.");
    EXPECT_EQ(client.call({"HELLO", "3", "SETNAME", "a b"}),
              "-ERR Client names cannot contain spaces, newlines or special characters.");
    EXPECT_EQ(client.session.protocol(), 2u);
    EXPECT_EQ(client("CLIENT GETNAME"), "_");
}

TEST_F(Connection, Auth) {
    Client client(engine);
    EXPECT_EQ(client("AUTH default anything"), "+OK");
    EXPECT_EQ(client("AUTH joe x"),
              "-WRONGPASS invalid username-password pair or user is disabled.");
    EXPECT_EQ(client("AUTH x"),
              "-ERR AUTH <password> called without any password configured for the default user. "
              "Are you sure your configuration is correct?");
    EXPECT_EQ(client("AUTH a b c"), "-ERR syntax error");
}

TEST_F(Connection, Select) {
    Client client(engine);
    client("SET a zero");
    EXPECT_EQ(client("SELECT 15"), "+OK");
    EXPECT_EQ(client("GET a"), "_");
    EXPECT_EQ(client("SELECT 0"), "+OK");
    EXPECT_EQ(client("GET a"), "$zero");
    EXPECT_EQ(client("SELECT 16"), "-ERR DB index is out of range");
    EXPECT_EQ(client("SELECT -1"), "-ERR DB index is out of range");
    EXPECT_EQ(client("SELECT x"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(client("SELECT 99999999999"),
              "-ERR value is out of range, value must between -2147483648 and 2147483647");
}

TEST_F(Connection, SelectInsideABatchConcernsWhatFollows) {
    Client client(engine);
    const std::vector<std::vector<std::string_view>> lines = {
        {"SET", "a", "zero"}, {"SELECT", "1"}, {"SET", "a", "one"}, {"GET", "a"}};
    std::vector<Call> calls;
    for (const auto& line : lines) calls.push_back({line.data(), line.size()});
    EXPECT_EQ(client.session.run(calls).done, 4u);
    EXPECT_EQ(client("GET a"), "$one");
    EXPECT_EQ(client("SELECT 0"), "+OK");
    EXPECT_EQ(client("GET a"), "$zero");
}

TEST_F(Connection, ResetForgetsEverything) {
    Client client(engine, 2);
    client("HELLO 3 SETNAME joe");
    client("SELECT 5");
    client("WATCH a");
    client("CLIENT NO-EVICT ON");
    client("CLIENT NO-TOUCH ON");
    client("MULTI");
    client("SET a 1");
    EXPECT_EQ(client("RESET"), "+RESET");
    EXPECT_EQ(client.session.protocol(), 2u);
    EXPECT_EQ(client.session.database(), 0u);
    EXPECT_EQ(client.session.transaction().watched(), 0u);
    EXPECT_EQ(client("CLIENT GETNAME"), "_");
    EXPECT_EQ(client("EXEC"), "-ERR EXEC without MULTI");
    EXPECT_NE(client("CLIENT INFO").find(" flags=N "), std::string::npos);
}

}  // namespace
}  // namespace synap
