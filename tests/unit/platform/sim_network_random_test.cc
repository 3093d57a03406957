// Random writes, reads, cuts, pauses and deaths: what arrives is a prefix of what was written, and
// the same seed gives the same history.
#include <gtest/gtest.h>

#include <set>

#include "core/platform/sim_network.h"
#include "tests/unit/platform/transport_world.h"
#include "tests/unit/scaled.h"

namespace synap {
namespace {

constexpr uint16_t kPort = 15501;

// The byte at this place of this stream. Streams are told apart by who writes in which connection.
char byte_at(uint64_t stream, uint64_t place) {
    return static_cast<char>(SmallRandom(stream * 1'000'003 + place / 8).next() >> (place % 8 * 8));
}

struct Node {
    std::string name;
    Peer peer;
    std::map<ConnectionId, uint64_t> streams;  // what the owner writes
    std::map<ConnectionId, uint64_t> written;
    std::map<ConnectionId, uint64_t> foreign;  // what it reads, once the first bytes said it
    bool running = false;
};

class Storm {
public:
    explicit Storm(uint64_t seed) : random_(seed), network_(seed, 1 + random_.below(8192)) {
        network_.set_links({random_.below(1000), random_.below(3000),
                            random_.below(2) * random_.below(1'000'000),
                            1 + random_.below(random_.below(2) == 0 ? 2 : 500)});
        for (const char* name : {"a", "b", "c"}) nodes_.emplace_back().name = name;
        for (Node& node : nodes_) start(node);
    }

    void run(int steps) {
        for (int i = 0; i < steps; ++i) {
            act(nodes_[random_.below(nodes_.size())]);
            const auto next = network_.next_event_time();
            if (next && random_.below(4) != 0) network_.advance_to(*next);
            look();
        }
    }
    // Without faults everything that is still connected arrives.
    void settle() {
        network_.heal_all();
        for (Node& node : nodes_) {
            network_.halt_at(node.name, 0);
            if (network_.halted(node.name)) {
                network_.kill(node.name, SimDeath::kProcess);
                node.running = false;
            }
            if (!node.running) start(node);
            network_.resume(node.name);
        }
        for (int i = 0; i < 100'000 && network_.next_event_time(); ++i) {
            network_.advance_to(*network_.next_event_time());
            look();
        }
        EXPECT_FALSE(network_.next_event_time());
        std::set<uint64_t> open;
        for (const Node& node : nodes_) {
            for (const auto& [id, stream] : node.streams) open.insert(stream);
        }
        for (Node& node : nodes_) {
            for (const auto& [id, stream] : node.streams) {
                const auto read = node.foreign.find(id);
                if (read == node.foreign.end() || open.count(read->second) == 0) continue;
                EXPECT_EQ((places_[{&node, id}]), taken_[read->second]);
                ++complete;
            }
        }
    }

    std::string history;
    size_t received = 0;
    size_t failures = 0;
    size_t complete = 0;  // streams open to the end, of which all had arrived

private:
    void start(Node& node) {
        Peer fresh(network_.start(node.name, {4, 8, 2, 3, 500'000}));
        fresh.read_size = 1 + random_.below(300);
        ASSERT_TRUE(fresh.transport->listen({"", kPort}, {}));
        node.peer = std::move(fresh);
        node.running = true;
        node.streams.clear();
        node.written.clear();
        node.foreign.clear();
    }

    Node& other(const Node& node) {
        for (;;) {
            Node& chosen = nodes_[random_.below(nodes_.size())];
            if (&chosen != &node) return chosen;
        }
    }

    void act(Node& node) {
        const uint64_t what = random_.below(100);
        if (what < 40) return write(node);
        if (what < 55) return connect(node);
        if (what < 58) return close(node);
        if (what < 61 && node.running) return network_.pause(node.name);
        if (what < 72) return network_.resume(node.name);
        if (what < 75) {
            return network_.cut(node.name, other(node).name,
                                random_.below(3) == 0 ? SimCut::kReset : SimCut::kSilent);
        }
        if (what < 84) return network_.heal(node.name, other(node).name);
        if (what < 86) return network_.halt_at(node.name, 1 + random_.below(20));
        if (what < 88 && node.running) {
            network_.kill(node.name,
                          random_.below(2) == 0 ? SimDeath::kProcess : SimDeath::kMachine);
            node.running = false;
            return;
        }
        if (what < 95 && !node.running) return start(node);
        network_.advance_to(network_.now_us() + random_.below(50'000));
    }

    void connect(Node& node) {
        if (!node.running) return;
        static_cast<void>(node.peer.transport->connect({other(node).name, kPort}, {}));
    }
    void write(Node& node) {
        if (!node.running || node.streams.empty()) return;
        auto chosen = node.streams.begin();
        std::advance(chosen, static_cast<ptrdiff_t>(random_.below(node.streams.size())));
        const auto [id, stream] = *chosen;
        std::string text(1 + random_.below(3000), 0);
        for (size_t i = 0; i < text.size(); ++i) text[i] = byte_at(stream, node.written[id] + i);
        const size_t taken = node.peer.write(id, text);
        ASSERT_LE(taken, text.size());
        node.written[id] += taken;
        taken_[stream] += taken;
        history += "w" + std::to_string(taken);
    }
    void close(Node& node) {
        if (!node.running || node.streams.empty()) return;
        const ConnectionId id = node.streams.begin()->first;
        if (random_.below(2) == 0) return node.peer.transport->finish(id);
        node.peer.transport->close(id);
        node.streams.erase(id);
    }

    // A stream begins with its own number, so that its reader can tell what it should be.
    void look() {
        for (Node& node : nodes_) {
            if (!node.running) continue;
            const size_t known = node.peer.events.size();
            node.peer.look(0);
            for (size_t i = known; i < node.peer.events.size(); ++i) note(node, i);
            check(node);
        }
    }
    void note(Node& node, size_t index) {
        const TransportEvent& event = node.peer.events[index];
        history += node.name + std::to_string(static_cast<int>(event.kind)) +
                   std::to_string(event.connection) + "@" + std::to_string(network_.now_us());
        if (event.kind == TransportEventKind::kClosed) {
            node.streams.erase(event.connection);
            ++failures;
        }
        const bool begins = event.kind == TransportEventKind::kAccepted ||
                            event.kind == TransportEventKind::kConnected;
        if (!begins) return;
        const std::string number(1, static_cast<char>(++streams_));
        if (node.peer.write(event.connection, number) != 1) return;
        ASSERT_LT(streams_, 256u);
        node.streams[event.connection] = streams_;
        taken_[streams_] = 0;
    }
    void check(Node& node) {
        for (auto& [id, text] : node.peer.received) {
            if (text.empty()) continue;
            size_t from = 0;
            if (node.foreign.count(id) == 0) {
                node.foreign[id] = static_cast<unsigned char>(text[0]);
                places_[{&node, id}] = 0;
                from = 1;
            }
            uint64_t& place = places_[{&node, id}];
            for (size_t i = from; i < text.size(); ++i) {
                ASSERT_EQ(text[i], byte_at(node.foreign[id], place++)) << "place " << place;
            }
            ASSERT_LE(place, taken_[node.foreign[id]]);
            received += text.size();
            history += "r" + std::to_string(text.size());
            text.clear();
        }
    }

    SmallRandom random_;
    SimNetwork network_;
    std::vector<Node> nodes_;
    std::map<std::pair<const Node*, ConnectionId>, uint64_t> places_;
    std::map<uint64_t, uint64_t> taken_;  // by stream
    uint64_t streams_ = 0;
};

TEST(SimNetworkRandom, WhatArrivesIsAPrefixOfWhatWasWritten) {
    size_t received = 0, failures = 0, complete = 0;
    for (uint64_t seed = 1; seed <= scaled(200); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Storm storm(seed);
        storm.run(500);
        storm.settle();
        if (testing::Test::HasFailure()) return;
        received += storm.received;
        failures += storm.failures;
        complete += storm.complete;
    }
    EXPECT_GT(received, scaled(1'000'000));
    EXPECT_GT(failures, scaled(1000));
    EXPECT_GT(complete, scaled(100));
}

TEST(SimNetworkRandom, TheSameSeedIsTheSameHistory) {
    std::set<std::string> histories;
    for (uint64_t seed = 1; seed <= scaled(20); ++seed) {
        Storm first(seed), second(seed);
        for (Storm* storm : {&first, &second}) {
            storm->run(300);
            storm->settle();
        }
        EXPECT_EQ(first.history, second.history) << "seed " << seed;
        histories.insert(first.history);
    }
    EXPECT_EQ(histories.size(), scaled(20));
}

}  // namespace
}  // namespace synap
