// TLS without a network: two ends in memory, bytes in pieces of any size, and bytes that were
// changed on the way.
#include "core/platform/tls.h"

#include <gtest/gtest.h>

#include "core/platform/real.h"
#include "tests/unit/platform/transport_world.h"
#include "tests/unit/scaled.h"

namespace synap {
namespace {

class TlsStreamTest : public testing::Test {
protected:
    void SetUp() override {
        world.make_certificates();
        auto server_files = TlsContext::load(TlsServer{
            world.file("server.crt"), world.file("server.key"), world.file("ca.crt"), true});
        auto client_files = TlsContext::load(TlsClient{
            world.file("ca.crt"), world.file("client.crt"), world.file("client.key"), "", true});
        ASSERT_TRUE(server_files && client_files);
        server_context = *server_files;
        client_context = *client_files;
    }
    void begin() {
        auto accepting = TlsStream::begin(server_context, true, "", "client", real_clock());
        auto calling = TlsStream::begin(client_context, false, "localhost", "server", real_clock());
        ASSERT_TRUE(accepting && calling);
        server = *std::move(accepting);
        client = *std::move(calling);
    }
    // A piece of what `from` has to send. `flip`: the bit of this number of all that passes.
    bool pass(TlsStream& from, TlsStream& to, size_t most) {
        const std::string_view out = from.output();
        if (out.empty() || !to.wants_input()) return false;
        std::string piece(out.substr(0, most));
        for (char& byte : piece) {
            if (passed++ == flip_at) byte = static_cast<char>(byte ^ 1 << flip_at % 8);
        }
        from.sent(piece.size());
        to.feed(piece);
        return true;
    }
    // Until nothing moves any more.
    void run(size_t most) {
        for (bool moves = true; moves;) {
            moves = false;
            for (TlsStream* stream : {server.get(), client.get()}) {
                static_cast<void>(stream->handshake());
                char buffer[700];
                for (;;) {
                    const ReadOutcome outcome = stream->read(buffer);
                    if (outcome.bytes == 0) break;
                    (stream == server.get() ? at_server : at_client).append(buffer, outcome.bytes);
                    moves = true;
                }
            }
            const bool up = pass(*client, *server, most);
            const bool down = pass(*server, *client, most);
            moves = moves || up || down;
        }
    }

    RealWorld world;
    std::shared_ptr<const TlsContext> server_context, client_context;
    std::unique_ptr<TlsStream> server, client;
    std::string at_server, at_client;
    size_t passed = 0;
    size_t flip_at = SIZE_MAX;
};

TEST_F(TlsStreamTest, PiecesOfAnySizeAreTheSameStream) {
    std::string text;
    for (int i = 0; i < 10'000; ++i) text += std::to_string(i);
    for (const size_t most : {1, 2, 7, 1000, 100'000}) {
        begin();
        at_server.clear();
        at_client.clear();
        run(most);
        ASSERT_TRUE(server->established() && client->established()) << most;
        EXPECT_EQ(client->write(text), text.size());
        EXPECT_EQ(server->write("short"), 5u);
        client->finish();
        run(most);
        EXPECT_TRUE(at_server == text) << most;
        EXPECT_EQ(at_client, "short") << most;
        char byte = 0;
        EXPECT_TRUE(server->read({&byte, 1}).ended) << most;
        EXPECT_EQ(server->write("after the other's end"), 21u) << most;
        run(most);
        EXPECT_EQ(at_client, "shortafter the other's end") << most;
    }
}

TEST_F(TlsStreamTest, OutputIsBounded) {
    begin();
    run(SIZE_MAX);
    const std::string much(16 * kTlsBufferBytes, 'x');
    const size_t taken = client->write(much);
    EXPECT_GE(taken, kTlsBufferBytes);
    EXPECT_LT(client->output().size(), kTlsBufferBytes + 32 * 1024);
    EXPECT_EQ(client->write("y"), 0u);
    run(SIZE_MAX);
    EXPECT_EQ(at_server.size(), taken);
    EXPECT_EQ(client->write("y"), 1u);
}

TEST_F(TlsStreamTest, AnEndWithoutAWordIsNoEnd) {
    begin();
    run(SIZE_MAX);
    EXPECT_EQ(client->write("half of it"), 10u);
    run(SIZE_MAX);
    server->feed_end();
    char byte = 0;
    EXPECT_FALSE(server->read({&byte, 1}).ended);
    ASSERT_TRUE(server->failure());
    EXPECT_EQ(server->failure()->message,
              "TLS with client failed: it ended the connection without a word");
}

TEST_F(TlsStreamTest, AChangedBitIsNeverTakenForWhatWasWritten) {
    begin();
    run(SIZE_MAX);
    client->write("what was written");
    run(SIZE_MAX);
    const size_t whole = passed;
    ASSERT_GT(whole, 1000u);
    size_t refused = 0;
    for (flip_at = 0; flip_at < whole; flip_at += 3 * kScale) {
        SCOPED_TRACE("byte " + std::to_string(flip_at));
        begin();
        passed = 0;
        at_server.clear();
        run(200);
        client->write("what was written");
        run(200);
        EXPECT_EQ(std::string_view("what was written").substr(0, at_server.size()), at_server);
        if (at_server.empty()) ++refused;
        if (testing::Test::HasFailure()) return;
    }
    // A bit or two of the first records' version numbers mean nothing.
    EXPECT_GT(refused, whole / 3 / kScale * 9 / 10);
}

}  // namespace
}  // namespace synap
