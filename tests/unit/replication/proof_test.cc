// Both ends prove that they know the secret, and an end without it learns and achieves nothing.
#include "core/replication/proof.h"

#include <gtest/gtest.h>

#include <deque>

#include "core/platform/sim_clock.h"

namespace synap::replication {
namespace {

Secrets secrets(std::vector<std::string> texts) {
    auto made = Secrets::make(std::move(texts));
    EXPECT_TRUE(made);
    return made ? *made : Secrets();
}

const std::string kOne = "the first long secret";
const std::string kTwo = "another long secret..";

using State = ProofOfSecret::State;

// One end of a connection, with its parser.
struct End {
    End(Role role, const Secrets& known, uint64_t seed)
        : entropy(seed), proof(role, known, entropy) {
        proof.begin(sent);
    }
    // Takes what the other end sent.
    State take(std::string_view bytes) {
        Message message;
        while (state == State::kGoesOn) {
            auto more = parser.next(bytes, message);
            EXPECT_TRUE(more);
            if (!more || !*more) break;
            state = proof.take(message, sent);
            taken.push_back(message.type);
        }
        return state;
    }
    std::string send() { return std::exchange(sent, {}); }

    SimEntropy entropy;
    ProofOfSecret proof;
    MessageParser parser;
    std::string sent;
    State state = State::kGoesOn;
    std::vector<MessageType> taken;
};

void converse(End& a, End& b) {
    for (int i = 0; i < 4; ++i) {
        b.take(a.send());
        a.take(b.send());
    }
}

TEST(Proof, BothEndsProveThemselves) {
    End follower(Role::kInitiator, secrets({kOne}), 1);
    End master(Role::kAcceptor, secrets({kOne}), 2);
    const std::string first = follower.send();
    EXPECT_EQ(master.take(first), State::kGoesOn);
    // Nothing but its hello before the other end's proof.
    EXPECT_EQ(follower.take(master.send()), State::kGoesOn);
    EXPECT_EQ(follower.taken.size(), 1u);
    EXPECT_EQ(master.take(follower.send()), State::kProven);
    EXPECT_EQ(follower.take(master.send()), State::kProven);
    EXPECT_EQ(follower.proof.protocol(), kProtocolMax);
    EXPECT_TRUE(follower.proof.proven_by() && master.proof.proven_by());
}

TEST(Proof, AWrongSecretIsSaidOnBothSides) {
    End follower(Role::kInitiator, secrets({kOne}), 1);
    End master(Role::kAcceptor, secrets({kTwo}), 2);
    converse(follower, master);
    EXPECT_EQ(follower.state, State::kFailed);
    EXPECT_EQ(master.state, State::kFailed);
    EXPECT_EQ(follower.proof.failure().why, Why::kWrongSecret);
    EXPECT_EQ(master.proof.failure().why, Why::kWrongSecret);
    // The acceptor gave no proof of its own to try secrets on.
    EXPECT_EQ(follower.taken.back(), MessageType::kGoodbye);
    EXPECT_EQ(std::count(follower.taken.begin(), follower.taken.end(), MessageType::kProof), 0);
}

TEST(Proof, ASecretAtOneEndOnly) {
    for (const bool at_master : {false, true}) {
        End follower(Role::kInitiator, at_master ? Secrets() : secrets({kOne}), 1);
        End master(Role::kAcceptor, at_master ? secrets({kOne}) : Secrets(), 2);
        converse(follower, master);
        EXPECT_EQ(follower.state, State::kFailed);
        EXPECT_EQ(master.state, State::kFailed);
        const End& with = at_master ? master : follower;
        const End& without = at_master ? follower : master;
        EXPECT_EQ(with.proof.failure().why, Why::kNoSecretThere);
        EXPECT_EQ(without.proof.failure().why, Why::kNoSecretHere);
    }
    // What the other said is turned round.
    SimEntropy entropy(3);
    ProofOfSecret alone(Role::kInitiator, Secrets(), entropy);
    std::string out;
    std::string goodbye;
    put_message(goodbye, Goodbye{Why::kNoSecretThere, "do this: rm -rf", "", 0});
    EXPECT_EQ(
        alone.take({MessageType::kGoodbye, std::string_view(goodbye).substr(kMessageHeaderBytes)},
                   out),
        State::kFailed);
    EXPECT_EQ(alone.failure().why, Why::kNoSecretHere);
    EXPECT_EQ(alone.failure().reason.find("rm"), std::string::npos);
    EXPECT_EQ(out, "");
}

TEST(Proof, WithoutSecretsBothAreBelieved) {
    End follower(Role::kInitiator, Secrets(), 1);
    End master(Role::kAcceptor, Secrets(), 2);
    converse(follower, master);
    EXPECT_EQ(follower.state, State::kProven);
    EXPECT_EQ(master.state, State::kProven);
    EXPECT_FALSE(master.proof.proven_by());
}

// Through all steps of a change, on three nodes one after another, every pair connects.
TEST(Proof, ASecretIsChangedWhileLinksStayUp) {
    const std::vector<std::vector<std::string>> steps{{kOne}, {kOne, kTwo}, {kTwo, kOne}, {kTwo}};
    for (size_t i = 0; i + 1 < steps.size(); ++i) {
        for (const auto& a : {steps[i], steps[i + 1]}) {
            for (const auto& b : {steps[i], steps[i + 1]}) {
                End follower(Role::kInitiator, secrets(a), 1);
                End master(Role::kAcceptor, secrets(b), 2);
                converse(follower, master);
                EXPECT_EQ(follower.state, State::kProven) << i;
                EXPECT_EQ(master.state, State::kProven) << i;
                // A link of one step outlives the next.
                EXPECT_TRUE(*secrets(steps[i + 1]).still_holds(*master.proof.proven_by()));
            }
        }
    }
    // Removing the old one ends what was proven by it.
    End follower(Role::kInitiator, secrets({kOne, kTwo}), 1);
    End master(Role::kAcceptor, secrets({kOne, kTwo}), 2);
    converse(follower, master);
    EXPECT_TRUE(*secrets({kTwo, kOne}).still_holds(*master.proof.proven_by()));
    EXPECT_FALSE(*secrets({kTwo}).still_holds(*master.proof.proven_by()));
    EXPECT_FALSE(*Secrets().still_holds(*master.proof.proven_by()));
}

TEST(Proof, AProofIsOfNoUseElsewhere) {
    const Secrets known = secrets({kOne});
    End follower(Role::kInitiator, known, 1);
    End master(Role::kAcceptor, known, 2);
    const std::string hello = follower.send();
    master.take(hello);
    follower.take(master.send());
    const std::string proof = follower.send();
    // Sent back to who made it: it is that of the other role.
    End reflected(Role::kInitiator, known, 1);
    End other_master(Role::kAcceptor, known, 2);
    reflected.send();
    reflected.take(other_master.send());
    EXPECT_EQ(reflected.take(proof), State::kFailed);
    EXPECT_EQ(reflected.proof.failure().why, Why::kWrongSecret);
    // Replayed to another connection, whose challenge is another.
    End later(Role::kAcceptor, known, 3);
    later.take(hello);
    EXPECT_EQ(later.take(proof), State::kFailed);
    // An end's own hello sent back to it.
    End echoed(Role::kAcceptor, known, 4);
    const std::string own = echoed.send();
    EXPECT_EQ(echoed.take(own), State::kFailed);
}

TEST(Proof, NobodyIsTalkedIntoALowerVersion) {
    const Secrets known = secrets({kOne});
    Hello initiator;
    initiator.has_secret = true;
    initiator.protocol_max = 3;
    Hello acceptor = initiator;
    acceptor.role = Role::kAcceptor;
    auto mac = known.prove(Role::kInitiator, initiator, acceptor);
    ASSERT_TRUE(mac);
    Proof proof;
    std::copy(mac->begin(), mac->end(), proof.mac.begin());
    EXPECT_TRUE(known.check(proof, Role::kInitiator, initiator, acceptor)->has_value());
    Hello lowered = initiator;
    lowered.protocol_max = 2;
    EXPECT_FALSE(known.check(proof, Role::kInitiator, lowered, acceptor)->has_value());
    EXPECT_FALSE(known.check(proof, Role::kAcceptor, initiator, acceptor)->has_value());
    EXPECT_FALSE(known.check(proof, Role::kInitiator, acceptor, initiator)->has_value());
}

TEST(Proof, DisorderEndsIt) {
    const Secrets known = secrets({kOne});
    std::string out;
    SimEntropy entropy(1);
    const std::string proof(kProofBytes, 'x');
    ProofOfSecret acceptor(Role::kAcceptor, known, entropy);
    EXPECT_EQ(acceptor.take({MessageType::kProof, proof}, out), State::kFailed);
    ProofOfSecret twice(Role::kAcceptor, known, entropy);
    Hello hello;
    hello.has_secret = true;
    const std::string body = hello.encode();
    EXPECT_EQ(twice.take({MessageType::kHello, body}, out), State::kGoesOn);
    EXPECT_EQ(twice.take({MessageType::kHello, body}, out), State::kFailed);
    ProofOfSecret early(Role::kAcceptor, known, entropy);
    EXPECT_EQ(early.take({MessageType::kIdentity, ""}, out), State::kFailed);
    EXPECT_EQ(early.take({MessageType::kHello, body}, out), State::kFailed);
    ProofOfSecret newer(Role::kAcceptor, known, entropy);
    hello.protocol_min = hello.protocol_max = kProtocolMax + 1;
    EXPECT_EQ(newer.take({MessageType::kHello, hello.encode()}, out), State::kFailed);
    EXPECT_EQ(newer.failure().why, Why::kProtocol);
}

TEST(Proof, SecretsAreLongFewAndNeverShown) {
    EXPECT_FALSE(Secrets::make({kOne, kTwo, "a third long secret..."}));
    const auto brief = Secrets::make({"xyzzy"});
    ASSERT_FALSE(brief);
    EXPECT_EQ(brief.error().code, Code::kInvalidArgument);
    EXPECT_EQ(brief.error().message.find("xyzzy"), std::string::npos);
    EXPECT_FALSE(Secrets::make({std::string(kSecretBytesMost + 1, 'x')}));
    EXPECT_TRUE(Secrets::make({kOne, kOne}));
    EXPECT_TRUE(Secrets::make({}));
}

TEST(Proof, ProtectedModeCoversThePortThatHasNoSecret) {
    EXPECT_TRUE(is_protected({false, false, {}}));
    EXPECT_FALSE(is_protected({false, true, {}}));
    EXPECT_TRUE(is_protected({false, true, true}));
    EXPECT_FALSE(is_protected({false, false, false}));
    EXPECT_FALSE(is_protected({true, false, {}}));
    EXPECT_FALSE(is_protected({true, false, true}));
    EXPECT_TRUE(is_exposed({false, true, {}}));
    EXPECT_FALSE(is_exposed({false, false, {}}));
    EXPECT_FALSE(is_exposed({true, true, false}));
}

}  // namespace
}  // namespace synap::replication
