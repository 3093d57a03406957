// Connections on the replication port, over the simulated network.
#include "core/replication/link.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

#include "core/platform/sim_network.h"
#include "tests/unit/scaled.h"

namespace synap::replication {
namespace {

const std::string kSecret = "the first long secret";
const std::string kOther = "another long secret..";

Secrets secrets(std::vector<std::string> texts) {
    auto made = Secrets::make(std::move(texts));
    EXPECT_TRUE(made);
    return made ? *made : Secrets();
}

// A node with at most one link, whose messages it keeps.
struct Node {
    Node(SimNetwork& the_network, const std::string& the_name, uint64_t seed)
        : network(the_network), name(the_name), entropy(seed), transport(network.start(name)) {}

    void listen() {
        auto listening = transport->listen({"", 15501}, std::nullopt);
        ASSERT_TRUE(listening);
    }
    void connect(const std::string& to) { transport->connect({to, 15501}, std::nullopt); }

    void step() {
        std::vector<TransportEvent> events;
        transport->wait(network.now_us(), events);
        for (const TransportEvent& event : events) {
            const bool accepted = event.kind == TransportEventKind::kAccepted;
            if (accepted || event.kind == TransportEventKind::kConnected) {
                link.emplace(*transport, event.connection, event.peer,
                             accepted ? Role::kAcceptor : Role::kInitiator, known, entropy,
                             network.now_us(), limits);
            } else if (link && link->connection() == event.connection) {
                link->note(event, network.now_us());
            }
        }
        if (!link) return;
        Message message;
        while (reads && link->next(message, network.now_us())) {
            if (message.type == MessageType::kLog) {
                auto piece = LogPiece::decode(message.body);
                ASSERT_TRUE(piece);
                EXPECT_EQ(piece->position, log.size());
                log.append(piece->bytes);
            }
            ++messages;
        }
        link->tick(network.now_us());
    }
    std::string why() const { return link ? link->goodbye().reason : "no link"; }

    SimNetwork& network;
    std::string name;
    SimEntropy entropy;
    std::unique_ptr<Transport> transport;
    Secrets known = secrets({kSecret});
    LinkLimits limits;
    std::optional<Link> link;
    std::string log;
    size_t messages = 0;
    bool reads = true;
};

class LinkTest : public testing::TestWithParam<uint64_t> {
protected:
    LinkTest() { network.set_links({200, 100, 0, 700}); }
    void begin() {
        master.listen();
        follower.connect("master");
        pass(50'000);
    }
    void pass(uint64_t us) {
        const uint64_t until = network.now_us() + us;
        while (network.now_us() < until) {
            const auto next = network.next_event_time();
            const uint64_t soon = network.now_us() + 100'000;
            network.advance_to(
                std::min({until, soon, next ? std::max(*next, network.now_us() + 1) : until}));
            master.step();
            follower.step();
        }
    }
    static bool ended(const Node& node) {
        return node.link && node.link->state() == Link::State::kEnded;
    }

    SimNetwork network{GetParam()};
    Node master{network, "master", 1};
    Node follower{network, "follower", 2};
};

INSTANTIATE_TEST_SUITE_P(Seeds, LinkTest, testing::Range<uint64_t>(1, 5));

TEST_P(LinkTest, IsProvenAtBothEnds) {
    begin();
    ASSERT_TRUE(master.link && follower.link);
    EXPECT_TRUE(master.link->is_proven());
    EXPECT_TRUE(follower.link->is_proven());
    master.link->send(Heartbeat{});
    follower.link->send(Ack{});
    pass(10'000);
    EXPECT_EQ(master.messages, 1u);
    EXPECT_EQ(follower.messages, 1u);
}

TEST_P(LinkTest, AWrongSecretIsToldAtBothEnds) {
    follower.known = secrets({kOther});
    begin();
    pass(3'000'000);
    EXPECT_TRUE(ended(master));
    EXPECT_TRUE(ended(follower));
    EXPECT_EQ(master.link->goodbye().why, Why::kWrongSecret) << master.why();
    EXPECT_EQ(follower.link->goodbye().why, Why::kWrongSecret) << follower.why();
    EXPECT_FALSE(master.why().empty());
    EXPECT_FALSE(follower.why().empty());
}

TEST_P(LinkTest, OneThatSaysNothingIsCut) {
    master.listen();
    const ConnectionId id = follower.transport->connect({"master", 15501}, std::nullopt);
    pass(master.limits.prove_us + 1'000'000);
    ASSERT_TRUE(ended(master));
    EXPECT_EQ(master.link->goodbye().why, Why::kSilent);
    EXPECT_NE(id, 0u);
}

TEST_P(LinkTest, AnotherProtocolIsRefused) {
    master.listen();
    auto other = network.start("browser");
    const ConnectionId id = other->connect({"master", 15501}, std::nullopt);
    pass(50'000);
    const std::string_view request = "GET / HTTP/1.1\r\n\r\n";
    other->write(id, {&request, 1});
    pass(3'000'000);
    ASSERT_TRUE(ended(master));
    EXPECT_EQ(master.link->goodbye().why, Why::kProtocol) << master.why();
}

// What is sent from where it is arrives in its order, and a slow peer makes nobody hold more.
TEST_P(LinkTest, ASlowPeerIsWaitedFor) {
    master.limits.queued_bytes = 50'000;
    begin();
    SmallRandom random(GetParam());
    const auto history = std::make_shared<std::string>();
    for (uint64_t i = 0; i < scaled(3'000'000); ++i)
        history->push_back(static_cast<char>(random.next()));
    network.set_link("master", "follower", {200, 0, 2'000'000, 1'400});
    follower.reads = false;
    size_t sent = 0;
    size_t most = 0;
    for (int i = 0; i < 4'000 && follower.log.size() < history->size(); ++i) {
        while (sent < history->size() && master.link->has_room()) {
            const size_t size = std::min<size_t>(random.below(60'000) + 1, history->size() - sent);
            std::string head;
            put_log_head(head, sent, size);
            master.link->send(head, std::string_view(*history).substr(sent, size), history);
            sent += size;
            if (random.below(10) == 0) master.link->send(Heartbeat{});
        }
        most = std::max(most, master.link->queued());
        if (i == 100) {
            EXPECT_LT(sent, history->size());  // it takes nothing
            follower.reads = true;
        }
        pass(2'000);
    }
    EXPECT_EQ(follower.log, *history);
    EXPECT_LT(most, master.limits.queued_bytes + 70'000);
    EXPECT_EQ(master.link->queued(), 0u);
    EXPECT_EQ(history.use_count(), 1);
}

TEST_P(LinkTest, LastWordsArriveBehindWhatWasQueued) {
    begin();
    const auto bytes = std::make_shared<std::string>(200'000, 'x');
    std::string head;
    put_log_head(head, 0, bytes->size());
    master.link->send(head, *bytes, bytes);
    master.link->leave(Why::kShutdown, "the master stops", "", network.now_us());
    pass(1'000'000);
    EXPECT_EQ(follower.log.size(), bytes->size());
    EXPECT_TRUE(ended(follower));
    EXPECT_TRUE(follower.link->was_left_by_peer());
    EXPECT_EQ(follower.link->goodbye().why, Why::kShutdown);
    EXPECT_EQ(follower.why(), "the master stops");
    EXPECT_TRUE(ended(master));
}

TEST_P(LinkTest, ACutLinkIsNoticedBySilence) {
    begin();
    network.cut("master", "follower", SimCut::kSilent);
    network.cut("follower", "master", SimCut::kSilent);
    pass(master.limits.silent_us + master.limits.leave_us + 1'000'000);
    EXPECT_TRUE(ended(master));
    EXPECT_TRUE(ended(follower));
    EXPECT_EQ(master.link->goodbye().why, Why::kSilent);
}

// Wherever a node dies, the other one learns of it and holds nothing of a message that is not
// whole.
TEST_P(LinkTest, DeathsAtEachMessage) {
    for (uint64_t nth = 1; nth < 40; ++nth) {
        SimNetwork world(GetParam() * 1000 + nth);
        world.set_links({200, 100, 0, 50});
        Node one(world, "master", 1);
        Node two(world, "follower", 2);
        one.listen();
        two.connect("master");
        world.halt_at("follower", nth);
        const std::string text(300, 'y');
        size_t sent = 0;
        for (int i = 0; i < 300; ++i) {
            world.advance_to(world.now_us() + 500);
            one.step();
            two.step();
            if (one.link && one.link->is_proven() && sent < 10) {
                one.link->send(LogPiece{sent++ * text.size(), text});
            }
            if (world.halted("follower") && two.transport != nullptr) {
                two.link.reset();
                two.transport.reset();
                world.kill("follower", SimDeath::kProcess);
                break;
            }
        }
        for (int i = 0; i < 300; ++i) {
            world.advance_to(world.now_us() + 50'000);
            one.step();
        }
        EXPECT_EQ(two.log.size() % text.size(), 0u);
        if (one.link) {
            EXPECT_EQ(one.link->state(), Link::State::kEnded) << nth;
        }
    }
}

}  // namespace
}  // namespace synap::replication
