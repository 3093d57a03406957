// Two ends from the first byte to the decision, over a link that cuts what they say anywhere.
#include "core/replication/introduction.h"

#include <gtest/gtest.h>

#include "core/platform/sim_clock.h"
#include "core/replication/framing.h"
#include "core/replication/proof.h"

namespace synap::replication {
namespace {

const Epoch kA{1, 1, 1, 0, 11, 1};

NodeFacts node(uint64_t id, std::vector<Epoch> epochs, uint64_t end, bool is_master = false) {
    NodeFacts facts;
    facts.node = id;
    facts.name = "n" + std::to_string(id);
    facts.level = facts.level_min = facts.level_max = 1;
    facts.history = {7, 7};
    facts.epochs = std::move(epochs);
    facts.end = end;
    facts.has_directory = true;
    facts.is_master = is_master;
    return facts;
}

Secrets secret(const std::string& text) {
    auto made = Secrets::make({text});
    EXPECT_TRUE(made);
    return made ? *made : Secrets();
}
const std::string kSecret = "a secret of some length";

// One end: its proof, then what it says of itself.
class End {
public:
    End(Role role, const std::string& knows, uint64_t seed, NodeFacts self,
        Purpose purpose = Purpose::kFollow)
        : entropy_(seed),
          proof_(role, secret(knows), entropy_),
          role_(role),
          self_{purpose, std::move(self)} {
        proof_.begin(out);
    }

    void take(std::string_view bytes) {
        Message message;
        while (!failed && !done) {
            auto more = parser_.next(bytes, message);
            failed = !more;
            if (!more || !*more) return;
            if (proven) {
                take_introduction(message);
            } else {
                take_proof(message);
            }
        }
    }

    std::string out;
    bool failed = false;
    bool proven = false;
    bool done = false;
    std::optional<Decision> instead;  // of the sender
    Identity identity;                // that the sender heard
    Answer answer;                    // that was told or heard
    Outcome outcome;                  // of the follower
    int terms_begun = 0;

    ProofOfSecret& proof() { return proof_; }

private:
    void take_proof(const Message& message) {
        const auto state = proof_.take(message, out);
        failed = state == ProofOfSecret::State::kFailed;
        if (state != ProofOfSecret::State::kProven) return;
        proven = true;
        parser_.peer_has_proven();
        if (role_ == Role::kInitiator) put_message(out, self_);
    }
    void take_introduction(const Message& message) {
        if (role_ == Role::kInitiator) return take_answer(message);
        auto heard = Identity::decode(message.body);
        failed = message.type != MessageType::kIdentity || !heard;
        if (failed) return;
        identity = *std::move(heard);
        answer = answer_to(identity, self_.facts, 99, instead, 5);
        while (answer.decision.begin_term_above != 0) {
            ++terms_begun;
            const Epoch last = self_.facts.epochs.back();
            self_.facts.epochs.push_back({answer.decision.begin_term_above + 1, last.number + 1,
                                          last.number + 1, self_.facts.end, 1000, 1});
            answer = answer_to(identity, self_.facts, 99, instead, 5);
        }
        put_message(out, answer);
        done = true;
    }
    void take_answer(const Message& message) {
        auto heard = Answer::decode(message.body);
        failed = message.type != MessageType::kAnswer || !heard;
        if (failed) return;
        answer = *std::move(heard);
        auto came = outcome_of(self_, answer);
        failed = !came;
        if (came) outcome = *std::move(came);
        done = !failed;
    }

    SimEntropy entropy_;
    MessageParser parser_;
    ProofOfSecret proof_;
    Role role_;
    Identity self_;
};

struct Pair {
    Pair(NodeFacts follower_is, NodeFacts sender_is, uint64_t seed = 1,
         Purpose purpose = Purpose::kFollow, const std::string& other = kSecret)
        : random(seed),
          follower(Role::kInitiator, kSecret, seed, std::move(follower_is), purpose),
          sender(Role::kAcceptor, other, seed + 1'000'000, std::move(sender_is)) {}

    // Moves a random part of what is under way.
    void move(End& from, End& to) {
        const size_t size = random.below(from.out.size() + 1);
        const std::vector<char> piece(from.out.begin(),
                                      from.out.begin() + static_cast<ptrdiff_t>(size));
        from.out.erase(0, size);
        to.take({piece.data(), piece.size()});
    }
    void run() {
        for (int i = 0; i < 2000; ++i) {
            move(follower, sender);
            move(sender, follower);
        }
    }

    SmallRandom random;
    End follower;
    End sender;
};

TEST(Introduction, EndsWithOneDecisionHoweverItIsCut) {
    for (uint64_t seed = 1; seed <= 200; ++seed) {
        Pair pair(node(2, {kA}, 300), node(1, {kA}, 500, true), seed);
        pair.run();
        ASSERT_TRUE(pair.follower.done && pair.sender.done) << seed;
        ASSERT_EQ(pair.follower.outcome.decision.course, Course::kContinue);
        ASSERT_EQ(pair.follower.outcome.decision.from, 300u);
        ASSERT_EQ(pair.follower.answer.secret, 99u);
        ASSERT_EQ(pair.sender.identity.facts.name, "n2");
        ASSERT_EQ(pair.follower.proof().proven_by(), pair.sender.proof().proven_by());
    }
}

TEST(Introduction, AWrongSecretTellsNothing) {
    Pair pair(node(2, {kA}, 300), node(1, {kA}, 500, true), 1, Purpose::kFollow,
              "another secret, as long");
    pair.run();
    for (End* end : {&pair.follower, &pair.sender}) {
        EXPECT_TRUE(end->failed && !end->proven);
        EXPECT_EQ(end->proof().failure().why, Why::kWrongSecret);
        EXPECT_EQ(end->identity.facts.node + end->answer.facts.node, 0u);
    }
}

TEST(Introduction, ASenderThatDeniesItsLossIsRefusedByTheFollower) {
    NodeFacts follower = node(2, {kA}, 2000);
    follower.marks = {{kA.id, 1, 1990}};
    const NodeFacts older = node(1, {kA, {1, 2, 2, 1000, 12, 1}}, 1010, true);
    Pair pair(follower, older);
    pair.sender.instead = Decision();
    pair.sender.instead->course = Course::kContinue;
    pair.sender.instead->from = 1000;
    pair.sender.instead->gives_up = true;
    pair.run();
    ASSERT_TRUE(pair.follower.done);
    EXPECT_EQ(pair.follower.outcome.decision.course, Course::kRefuse);
    EXPECT_EQ(pair.follower.outcome.decision.why, Why::kRolledBack);
    // An honest one says the same, and not the history's secret.
    Pair honest(follower, older);
    honest.run();
    EXPECT_EQ(honest.sender.answer.decision.why, Why::kRolledBack);
    EXPECT_EQ(honest.follower.outcome.decision.reason, honest.sender.answer.decision.reason);
    EXPECT_EQ(honest.follower.answer.secret, 0u);
}

TEST(Introduction, ATermIsBegunBeforeTheAnswer) {
    NodeFacts promoted = node(2, {kA, {2, 2, 2, 300, 21, 2}}, 310);
    promoted.forces = true;
    Pair pair(promoted, node(1, {kA}, 310, true));
    pair.run();
    EXPECT_EQ(pair.sender.terms_begun, 1);
    EXPECT_EQ(pair.follower.outcome.decision.course, Course::kContinue);
    EXPECT_EQ(pair.follower.outcome.decision.from, 300u);
    EXPECT_TRUE(pair.follower.outcome.decision.gives_up);
    EXPECT_EQ(pair.follower.answer.facts.term(), 3u);
}

TEST(Introduction, WhoAsksLearnsOfALaterTerm) {
    const NodeFacts old = node(1, {kA}, 310, true);
    const NodeFacts newer = node(2, {kA, {2, 2, 2, 300, 21, 2}}, 310, true);
    Pair pair(old, newer, 1, Purpose::kAsk);  // before its first write
    pair.run();
    ASSERT_TRUE(pair.follower.done);
    EXPECT_EQ(pair.follower.outcome.decision.course, Course::kTold);
    EXPECT_EQ(pair.follower.outcome.learned, Fence::kLaterTerm);
    EXPECT_EQ(pair.follower.answer.secret, 0u);
    EXPECT_EQ(fence(newer, pair.sender.identity.facts), Fence::kNone);
    Answer other;
    other.decision.course = Course::kContinue;
    EXPECT_FALSE(outcome_of({Purpose::kAsk, old}, other));
    other.decision.course = Course::kTold;
    EXPECT_FALSE(outcome_of({Purpose::kFollow, old}, other));
}

TEST(Introduction, LoadingIsSaid) {
    Pair pair(node(2, {kA}, 300), node(1, {kA}, 500, true));
    pair.sender.instead = Decision();
    pair.sender.instead->course = Course::kLater;
    pair.sender.instead->why = Why::kSenderLoads;
    pair.run();
    EXPECT_EQ(pair.follower.outcome.decision.why, Why::kSenderLoads);
    EXPECT_EQ(pair.follower.answer.retry_ms, 5u);
    EXPECT_EQ(pair.follower.answer.secret, 0u);
}

// Whatever is flipped on the way, an end fails or comes to the same.
TEST(Introduction, DamageOnTheWayDecidesNothing) {
    size_t failed = 0;
    for (uint64_t seed = 1; seed <= 2000; ++seed) {
        Pair pair(node(2, {kA}, 300), node(1, {kA}, 500, true), seed);
        const uint64_t when = pair.random.below(20);
        for (uint64_t i = 0; i < 200; ++i) {
            std::string& bytes = pair.random.below(2) == 0 ? pair.follower.out : pair.sender.out;
            if (i >= when && !bytes.empty()) {
                char& damaged = bytes[pair.random.below(bytes.size())];
                damaged = static_cast<char>(damaged ^ 1 << (seed % 8));
                break;
            }
            pair.move(pair.follower, pair.sender);
            pair.move(pair.sender, pair.follower);
        }
        pair.run();
        if (!pair.follower.done) {
            ++failed;
            continue;
        }
        ASSERT_EQ(pair.follower.outcome.decision.course, Course::kContinue) << seed;
        ASSERT_EQ(pair.follower.outcome.decision.from, 300u) << seed;
    }
    EXPECT_GT(failed, 500u);
}

}  // namespace
}  // namespace synap::replication
