#include <thread>

#include "core/platform/real.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class ClientCommands : public SessionTest {
protected:
    void SetUp() override { open(); }
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_F(ClientCommands, Names) {
    Client client(engine);
    EXPECT_EQ(client("CLIENT ID"), ":" + std::to_string(client.session.id()));
    EXPECT_EQ(client("CLIENT GETNAME"), "_");
    EXPECT_EQ(client("CLIENT SETNAME joe"), "+OK");
    EXPECT_EQ(client("CLIENT GETNAME"), "$joe");
    EXPECT_EQ(client.call({"CLIENT", "SETNAME", "a b"}),
              "-ERR Client names cannot contain spaces, newlines or special characters.");
    EXPECT_EQ(client.call({"CLIENT", "SETNAME", "a\n"}),
              "-ERR Client names cannot contain spaces, newlines or special characters.");
    EXPECT_EQ(client.call({"CLIENT", "SETNAME", std::string(257, 'x')}),
              "-ERR Client names have at most 256 bytes");
    EXPECT_EQ(client("CLIENT GETNAME"), "$joe");
    EXPECT_EQ(client.call({"CLIENT", "SETNAME", ""}), "+OK");
    EXPECT_EQ(client("CLIENT GETNAME"), "_");
}

TEST_F(ClientCommands, SetInfo) {
    Client client(engine);
    EXPECT_EQ(client("CLIENT SETINFO lib-name redis-py"), "+OK");
    EXPECT_EQ(client("CLIENT SETINFO LIB-VER 5.0"), "+OK");
    EXPECT_TRUE(has(client("CLIENT INFO"), " lib-name=redis-py lib-ver=5.0 "));
    EXPECT_EQ(client("CLIENT SETINFO foo bar"), "-ERR Unrecognized option 'foo'");
    EXPECT_EQ(client.call({"CLIENT", "SETINFO", "lib-name", "a b"}),
              "-ERR lib-name cannot contain spaces, newlines or special characters.");
}

TEST_F(ClientCommands, InfoShowsTheState) {
    Client client(engine, 2, "10.0.0.1:77");
    clock.advance_ms(3000);
    client("SELECT 3");
    const std::string id = std::to_string(client.session.id());
    EXPECT_EQ(client("CLIENT INFO"),
              "=id=" + id +
                  " addr=10.0.0.1:77 laddr= fd=-1 name= age=3 idle=0 flags=N db=3 sub=0 psub=0 "
                  "ssub=0 multi=-1 watch=0 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 "
                  "obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=client|info user=default redir=-1 "
                  "resp=2 lib-name= "
                  "lib-ver= transport=resp\n");
    client("WATCH a b");
    client("MULTI");
    client("PING");
    client("PING");
    Client other(engine);
    const std::string line = other("CLIENT LIST ID " + id);
    EXPECT_TRUE(has(line, " flags=x ")) << line;
    EXPECT_TRUE(has(line, " multi=2 watch=2 ")) << line;
}

TEST_F(ClientCommands, List) {
    Client a(engine);
    Client b(engine);
    const std::string id_a = std::to_string(a.session.id());
    const std::string id_b = std::to_string(b.session.id());
    const std::string both = a("CLIENT LIST");
    EXPECT_TRUE(has(both, "id=" + id_a + " "));
    EXPECT_TRUE(has(both, "\nid=" + id_b + " "));
    EXPECT_EQ(a("CLIENT LIST TYPE normal"), a("CLIENT LIST"));
    EXPECT_EQ(a("CLIENT LIST TYPE pubsub"), "=");
    EXPECT_EQ(a("CLIENT LIST TYPE x"), "-ERR Unknown client type 'x'");
    EXPECT_EQ(a("CLIENT LIST ID 999"), "=");
    EXPECT_EQ(a("CLIENT LIST ID x"), "-ERR Invalid client ID");
    EXPECT_EQ(a("CLIENT LIST ID"), "-ERR syntax error");
    EXPECT_EQ(a("CLIENT LIST foo"), "-ERR syntax error");
    const std::string chosen = a("CLIENT LIST ID " + id_b + " " + id_a);
    EXPECT_LT(chosen.find("id=" + id_b + " "), chosen.find("id=" + id_a + " "));
}

TEST_F(ClientCommands, KillByAddressAndId) {
    Client me(engine, 3, "1.1.1.1:1");
    Client other(engine, 3, "2.2.2.2:2");
    EXPECT_EQ(me("CLIENT KILL 9.9.9.9:9"), "-ERR No such client");
    EXPECT_EQ(me("CLIENT KILL 2.2.2.2:2"), "+OK");
    EXPECT_EQ(other.host->kills, 1);
    EXPECT_EQ(me("CLIENT KILL ID " + std::to_string(other.session.id())), ":1");
    EXPECT_EQ(other.host->kills, 2);
    EXPECT_EQ(me("CLIENT KILL ADDR 2.2.2.2:2 ID 12345"), ":0");
    EXPECT_EQ(me("CLIENT KILL 1.1.1.1:1"), "+OK");
    EXPECT_EQ(me.host->kills, 1);
}

TEST_F(ClientCommands, KillByTypeSparesOneself) {
    Client me(engine);
    Client a(engine);
    Client b(engine);
    EXPECT_EQ(me("CLIENT KILL TYPE normal"), ":2");
    EXPECT_EQ(me("CLIENT KILL USER default SKIPME no"), ":3");
    EXPECT_EQ(me("CLIENT KILL TYPE pubsub SKIPME no"), ":0");
    EXPECT_EQ(me.host->kills, 1);
    EXPECT_EQ(a.host->kills, 2);
}

TEST_F(ClientCommands, KillRefuses) {
    Client me(engine);
    EXPECT_EQ(me("CLIENT KILL ID 0"), "-ERR client-id should be greater than 0");
    EXPECT_EQ(me("CLIENT KILL ID x"), "-ERR client-id should be greater than 0");
    EXPECT_EQ(me("CLIENT KILL TYPE x"), "-ERR Unknown client type 'x'");
    EXPECT_EQ(me("CLIENT KILL USER joe"), "-ERR No such user 'joe'");
    EXPECT_EQ(me("CLIENT KILL SKIPME maybe"), "-ERR syntax error");
    EXPECT_EQ(me("CLIENT KILL ADDR a SKIPME"), "-ERR syntax error");
    EXPECT_EQ(me("CLIENT KILL foo bar"), "-ERR syntax error");
}

TEST_F(ClientCommands, NoTouchLeavesAccessTimesAlone) {
    Client client(engine);
    client("SET a 1");
    clock.advance_ms(60'000);
    engine->maintain();
    client("CLIENT NO-TOUCH ON");
    client("CLIENT NO-EVICT ON");
    EXPECT_TRUE(has(client("CLIENT INFO"), " flags=eT "));
    client("GET a");
    EXPECT_EQ(client("OBJECT IDLETIME a"), ":60");
    client("TOUCH a");
    EXPECT_EQ(client("OBJECT IDLETIME a"), ":0");
    clock.advance_ms(60'000);
    engine->maintain();
    client("CLIENT NO-TOUCH OFF");
    client("GET a");
    EXPECT_EQ(client("OBJECT IDLETIME a"), ":0");
    EXPECT_EQ(client("CLIENT NO-TOUCH maybe"), "-ERR syntax error");
    EXPECT_EQ(client("CLIENT NO-EVICT maybe"), "-ERR syntax error");
}

TEST_F(ClientCommands, UnknownSubcommands) {
    Client client(engine);
    EXPECT_EQ(client("CLIENT foo"), "-ERR unknown subcommand 'foo'. Try CLIENT HELP.");
    EXPECT_EQ(client("CLIENT"), "-ERR wrong number of arguments for 'client' command");
    EXPECT_TRUE(has(client("CLIENT HELP"), "CLIENT <subcommand>"));
}

TEST(ClientsAtWork, AreListedByAnother) {
    auto opened = Engine::open({nullptr, &real_clock(), &real_entropy(), true}, Options());
    ASSERT_TRUE(opened);
    const std::shared_ptr<Engine> engine = *opened;
    std::atomic<bool> stop{false};
    std::thread worker([&] {
        while (!stop) {
            Client client(engine);
            for (const char* line : {"CLIENT SETNAME joe", "SELECT 3", "WATCH a b", "MULTI",
                                     "SET a 1", "SWAPDB 0 3", "EXEC", "SET b 1", "HELLO 2"}) {
                client(line);
            }
        }
    });
    Client me(engine);
    for (int i = 0; i < 300; ++i) {
        EXPECT_TRUE(has(me("CLIENT LIST"), "cmd=client|list")) << i;
        me("INFO everything");
        me("CLIENT KILL TYPE normal");
        me("MGET a b");
    }
    stop = true;
    worker.join();
    EXPECT_TRUE(engine->close());
}

}  // namespace
}  // namespace synap
