#include "server/resp/peer.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/server/engine_fixture.h"

namespace synap::server {
namespace {

TEST(RespPeer, AnswersAPipelineInOrder) {
    EngineFixture engine;
    RespClient client(engine);
    EXPECT_EQ(client.send("SET a 1\r\nINCR a\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n"
                          "GET none\r\nNOPE\r\n"),
              "+OK\r\n:2\r\n$1\r\n2\r\n$-1\r\n"
              "-ERR unknown command 'NOPE', with args beginning with: \r\n");
    EXPECT_EQ(client.last.verdict, Verdict::kMore);
    EXPECT_EQ(client.unconsumed(), 0U);
}

TEST(RespPeer, KeepsAnIncompleteCommand) {
    EngineFixture engine;
    RespClient client(engine);
    EXPECT_EQ(client.send("SET a 1\r\n*2\r\n$3\r\nGET\r\n$"), "+OK\r\n");
    EXPECT_EQ(client.last.pending, 14U);
    EXPECT_EQ(client.send("1\r\na\r\n"), "$1\r\n1\r\n");
    EXPECT_EQ(client.last.pending, 0U);
}

TEST(RespPeer, GivesTheSameRepliesForEverySplit) {
    const std::string input =
        "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nv\r\nv2\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"
        "HELLO 3\r\nGET none\r\nRESET\r\nGET none\r\n*1\r\n$4\r\nPING\r\n";
    EngineFixture engine;
    std::string whole = RespClient(engine).send(input);
    // The id that HELLO shows differs from session to session.
    const auto without_id = [](std::string text) {
        const size_t at = text.find("$2\r\nid\r\n:");
        return text.erase(at, text.find("\r\n", at + 9) - at);
    };
    whole = without_id(whole);
    EXPECT_NE(whole.find("_\r\n"), std::string::npos);
    for (size_t i = 0; i <= input.size(); ++i) {
        RespClient client(engine);
        std::string replies = client.send(input.substr(0, i));
        replies += client.send(input.substr(i));
        ASSERT_EQ(without_id(replies), whole) << "cut at " << i;
    }
}

TEST(RespPeer, SwitchesProtocolInTheMiddleOfAPipeline) {
    EngineFixture engine;
    RespClient client(engine);
    const std::string replies = client.send("GET x\r\nHELLO 3\r\nGET x\r\nHELLO 2\r\nGET x\r\n");
    EXPECT_EQ(replies.substr(0, 8), "$-1\r\n%8\r");
    EXPECT_NE(replies.find("_\r\n*16\r\n"), std::string::npos);
    EXPECT_EQ(replies.substr(replies.size() - 5), "$-1\r\n");
    EXPECT_EQ(client.send("HELLO 9\r\n").substr(0, 9), "-NOPROTO ");
}

TEST(RespPeer, QuitAnswersAndCloses) {
    EngineFixture engine;
    RespClient client(engine);
    EXPECT_EQ(client.send("PING\r\nquit\r\nPING\r\n"), "+PONG\r\n+OK\r\n");
    EXPECT_EQ(client.last.verdict, Verdict::kClose);
    EXPECT_EQ(client.last.reason, CutReason::kCount);
}

TEST(RespPeer, ClosesAfterAProtocolError) {
    EngineFixture engine;
    RespClient client(engine);
    EXPECT_EQ(client.send("PING\r\n*1\r\n$-1\r\n"),
              "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
    EXPECT_EQ(client.last.verdict, Verdict::kClose);
    EXPECT_EQ(client.last.reason, CutReason::kProtocolError);
}

TEST(RespPeer, ShutdownStopsTheServer) {
    EngineFixture engine;
    RespClient client(engine);
    EXPECT_EQ(client.send("SHUTDOWN WHAT\r\nSHUTDOWN SAVE NOSAVE\r\nSHUTDOWN ABORT\r\n"),
              "-ERR syntax error\r\n-ERR syntax error\r\n-ERR No shutdown in progress.\r\n");
    EXPECT_EQ(engine.stops, 0);
    EXPECT_EQ(client.send("PING\r\nshutdown save\r\nPING\r\n"), "+PONG\r\n");
    EXPECT_EQ(client.last.verdict, Verdict::kClose);
    EXPECT_EQ(engine.stops, 1);
    EXPECT_TRUE(engine.shared.save_on_exit.load());
}

TEST(RespPeer, SendsLargeValuesByReference) {
    EngineFixture engine;
    RespClient client(engine);
    const std::string value(300'000, 'v');
    const std::string size = std::to_string(value.size());
    EXPECT_EQ(client.send("*3\r\n$3\r\nSET\r\n$1\r\nb\r\n$" + size + "\r\n" + value + "\r\n"),
              "+OK\r\n");
    const size_t held = engine.pool.held();
    EXPECT_EQ(client.send("GET b\r\nPING\r\nGET b\r\n"),
              "$" + size + "\r\n" + value + "\r\n+PONG\r\n$" + size + "\r\n" + value + "\r\n");
    EXPECT_EQ(engine.pool.held(), held) << "the value was copied";
}

TEST(RespPeer, RunsManyMoreCommandsThanABatchHolds) {
    EngineFixture engine;
    RespClient client(engine);
    std::string input;
    std::string expected;
    for (size_t i = 0; i < resp::Batch::kMaxCalls * 3; ++i) {
        input += "*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";
        expected += ":" + std::to_string(i + 1) + "\r\n";
    }
    EXPECT_EQ(client.send(input), expected);
}

TEST(RespPeer, YieldsWhenTheOutputIsLong) {
    EngineFixture engine;
    engine.settings.limits.output_soft_bytes = 10'000;
    RespClient client(engine);
    client.send("SET a " + std::string(1'000, 'x') + "\r\n");
    std::string input;
    for (int i = 0; i < 5'000; ++i) {
        input += "GET a\r\n";
    }
    const std::string replies = client.send(input);
    EXPECT_EQ(replies.size(), 5'000U * 1'009U);
}

TEST(RespPeer, CutsAClientWhoseOutputIsBeyondTheLimit) {
    EngineFixture engine;
    engine.settings.limits.output_buffer_bytes = 50'000;
    RespClient client(engine);
    client.send("SET a " + std::string(10'000, 'x') + "\r\n");
    client.send("MGET a a a a a a a a\r\n");
    EXPECT_EQ(client.last.verdict, Verdict::kAbort);
    EXPECT_EQ(client.last.reason, CutReason::kOutputLimit);
}

TEST(RespPeer, LimitsWhatAnIncompleteCommandHolds) {
    EngineFixture engine;
    engine.settings.limits.resp_query_bytes = 1'000;
    RespClient client(engine);
    client.send("*2\r\n$3\r\nGET\r\n$5000\r\n" + std::string(900, 'x'));
    EXPECT_EQ(client.last.verdict, Verdict::kMore);
    client.send(std::string(200, 'x'));
    EXPECT_EQ(client.last.verdict, Verdict::kAbort);
    EXPECT_EQ(client.last.reason, CutReason::kQueryLimit);
}

TEST(RespPeer, RunsTransactionsAcrossBatches) {
    EngineFixture engine;
    RespClient client(engine);
    EXPECT_EQ(client.send("MULTI\r\nSET a 1\r\n"), "+OK\r\n+QUEUED\r\n");
    EXPECT_EQ(client.send("INCR a\r\nEXEC\r\nGET a\r\n"),
              "+QUEUED\r\n*2\r\n+OK\r\n:2\r\n$1\r\n2\r\n");
}

}  // namespace
}  // namespace synap::server
