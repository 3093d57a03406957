// Clusters whose nodes write, die, are promoted, copied, emptied and restored at random: whatever
// decide() answers is held against what their histories truly are.
#include <gtest/gtest.h>

#include <cstdio>

#include "core/replication/decision_text.h"
#include "core/replication/facts_codec.h"
#include "tests/unit/replication/history_model.h"
#include "tests/unit/scaled.h"

namespace synap::replication {
namespace {

class Cluster {
public:
    explicit Cluster(uint64_t seed) : random_(seed) {
        for (uint64_t i = 0; i < 4; ++i) {
            ModelNode node;
            node.id = i + 1;
            node.history = {i + 1, random_.next()};
            nodes_.push_back(node);
        }
        nodes_[0].is_master = true;
        copies_ = nodes_;
    }

    void run(size_t steps) {
        for (size_t i = 0; i < steps && !testing::Test::HasFatalFailure(); ++i) step();
    }

    // All follow one master by order; then nobody differs.
    void heal() {
        ModelNode& master = pick();
        uint32_t highest = 0;
        for (const ModelNode& node : nodes_) highest = std::max(highest, node.term());
        master.promote(highest, random_);
        for (int round = 0; round < 2; ++round) {
            for (ModelNode& node : nodes_) {
                if (node.id != master.id) follow(master, node, true, UINT64_MAX);
            }
        }
        for (const ModelNode& node : nodes_) {
            ASSERT_EQ(node.records, master.records) << "node " << node.id;
            ASSERT_EQ(node.epochs.size(), master.epochs.size());
            ASSERT_EQ(node.epochs.back().id, master.epochs.back().id);
        }
    }

    size_t continued() const { return continued_; }
    size_t gone_back() const { return gone_back_; }
    size_t refused() const { return refused_; }

private:
    ModelNode& pick() { return nodes_[random_.below(nodes_.size())]; }

    void step() {
        ModelNode& node = pick();
        switch (random_.below(18)) {
            case 0:
            case 1:
            case 2:
                for (uint64_t i = random_.below(8); node.is_master && i > 0; --i) {
                    node.write(random_);
                }
                return;
            case 3:
                return node.sync();
            case 4:
                return node.restart(random_);
            case 5:
                if (random_.below(4) == 0) node.promote(node.term(), random_);
                return;
            case 6:
                if (random_.below(4) == 0) copies_[node.id - 1] = node;
                return;
            case 7:  // an older copy of its directory, told or untold
                if (random_.below(8) != 0) return;
                node = copies_[node.id - 1];
                node.has_begun = false;
                node.synced = node.records.size();
                if (node.is_master) node.promised = node.synced;
                node.was_restored = random_.below(2) == 0;
                return;
            case 8:
                if (random_.below(20) == 0) empty(node);
                return;
            case 9:
                if (random_.below(4) == 0) node.oldest = std::max(node.oldest, node.synced / 3);
                return;
            default:
                return follow(pick(), node, random_.below(12) == 0, random_.below(20));
        }
    }

    void empty(ModelNode& node) {
        ModelNode blank;
        blank.id = node.id;
        blank.history = {node.id, random_.next()};
        blank.is_master = node.is_master;
        node = blank;
    }

    void follow(ModelNode& sender, ModelNode& follower, bool forces, uint64_t most) {
        if (sender.id == follower.id) return;
        // A node that writes is not made a follower unasked but where it was fenced.
        if (follower.is_master && !forces &&
            fence(follower.facts(), sender.facts()) != Fence::kLaterTerm) {
            return;
        }
        Decision decision = decide(sender.facts(), follower.facts(forces));
        if (decision.begin_term_above != 0) {
            ASSERT_TRUE(sender.is_master);
            sender.promote(decision.begin_term_above, random_);
            decision = decide(sender.facts(), follower.facts(forces));
            ASSERT_EQ(decision.begin_term_above, 0u);
        }
        check(decision, sender, follower, forces);
        check_agreement(decision, sender.facts(), follower.facts(forces));
        if (decision.course == Course::kContinue || decision.course == Course::kFull) {
            carry_out(decision, sender, follower, most);
        }
    }

    // The other end decides about what came over the wire, and comes to the same.
    static void check_agreement(const Decision& decision, const NodeFacts& sender,
                                const NodeFacts& follower) {
        std::string bytes;
        put_facts(bytes, sender);
        put_facts(bytes, follower);
        ByteReader in(bytes);
        NodeFacts sender_there;
        NodeFacts follower_there;
        ASSERT_TRUE(take_facts(in, sender_there) && take_facts(in, follower_there))
            << are_sound(sender) << are_sound(follower);
        const Decision there = decide(sender_there, follower_there);
        ASSERT_EQ(there.course, decision.course);
        ASSERT_EQ(there.why, decision.why);
        ASSERT_EQ(there.from, decision.from);
        ASSERT_EQ(there.gives_up, decision.gives_up);
        ASSERT_EQ(there.fences_sender, decision.fences_sender);
        ASSERT_EQ(there.reason, decision.reason);
    }

    void check(const Decision& decision, const ModelNode& sender, const ModelNode& follower,
               bool forces) {
        const uint64_t end = follower.records.size();
        if (decision.fences_sender) {
            ASSERT_FALSE(forces);
            ASSERT_GT(follower.term(), sender.term());
            ASSERT_EQ(fence(sender.facts(), follower.facts()), Fence::kLaterTerm);
        }
        const uint64_t held = follower.holds_of_promises();
        switch (decision.course) {
            case Course::kContinue:
                ++continued_;
                gone_back_ += decision.gives_up;
                ASSERT_LE(decision.from, end);
                ASSERT_LE(decision.from, sender.records.size());
                ASSERT_GE(decision.from, sender.oldest);
                ASSERT_TRUE(same_records(sender, follower, decision.from));
                if (decision.from < end) {
                    ASSERT_TRUE(decision.gives_up);
                }
                if (!forces) {
                    ASSERT_GE(decision.from, held);
                }
                if (forces) return;
                ASSERT_GE(sender.term(), follower.term());
                return;
            case Course::kFull:
                if (!forces) {
                    ASSERT_TRUE(same_records(sender, follower, held))
                        << to_string(decision.why) << "\n"
                        << show(sender) << show(follower);
                }
                return;
            case Course::kLater:
            case Course::kRefuse:
                ++refused_;
                ASSERT_FALSE(decision.reason.empty());
                ASSERT_EQ(decision.begin_term_above, 0u);
                return;
            case Course::kTold:
                FAIL();
        }
    }

    static std::string show(const ModelNode& node) {
        std::string text = "node " + std::to_string(node.id) + " to " +
                           std::to_string(node.records.size()) + ", epochs";
        for (const Epoch& epoch : node.epochs) {
            text += " t" + std::to_string(epoch.term) + "#" + std::to_string(epoch.number) + "@" +
                    std::to_string(epoch.start) + ":" + std::to_string(epoch.id % 1000) + "by" +
                    std::to_string(epoch.writer);
        }
        text += ", heard";
        for (const HeardMark& mark : node.marks.all()) {
            text += " " + std::to_string(mark.id % 1000) + "@" + std::to_string(mark.synced);
        }
        return text + "\n";
    }

    SmallRandom random_;
    std::vector<ModelNode> nodes_;
    std::vector<ModelNode> copies_;
    size_t continued_ = 0;
    size_t gone_back_ = 0;
    size_t refused_ = 0;
};

TEST(Histories, NothingThatWasPromisedIsGivenUpUnasked) {
    size_t continued = 0;
    size_t gone_back = 0;
    size_t refused = 0;
    for (uint64_t seed = 1; seed <= scaled(20'000); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Cluster cluster(seed);
        cluster.run(300);
        if (HasFatalFailure()) return;
        cluster.heal();
        if (HasFatalFailure()) return;
        continued += cluster.continued();
        gone_back += cluster.gone_back();
        refused += cluster.refused();
    }
    std::printf("continued %zu, gave up %zu, refused %zu\n", continued, gone_back, refused);
    // The clusters went through what they are meant to.
    EXPECT_GT(continued, scaled(10'000));
    EXPECT_GT(gone_back, scaled(1'000));
    EXPECT_GT(refused, scaled(10'000));
}

}  // namespace
}  // namespace synap::replication
