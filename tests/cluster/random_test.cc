// Clusters to which things happen at random, from a seed: links cut, processes and machines that
// die, promotions, old masters that come back.
//
// usage: cluster_suite [--seeds N] [--seed-from N] and the options of GoogleTest
//
// What must hold: no two nodes acknowledge in one term; nothing that the master and a follower had
// on their disks is lost, where the one that has most is promoted; once everything is healed, all
// are equal.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "tests/cluster/cluster.h"
#include "tests/unit/scaled.h"

namespace synap::cluster {
namespace {

using replication::RoleSettings;
using replication::UpstreamState;

uint64_t seed_from = 1;
uint64_t seed_count = scaled(60);

class Story {
public:
    explicit Story(uint64_t seed) : seed_(seed), random_(seed * 7919), cluster_(seed) {}

    void run() {
        begin();
        for (int i = 0; i < kSteps && !failed(); ++i) {
            happen();
            cluster_.pass_ms(1 + random_.below(600));
            look();
        }
        if (!failed()) end();
        if (failed()) ADD_FAILURE() << told_ << cluster_.story();
    }

private:
    static constexpr int kSteps = 60;
    static bool failed() { return testing::Test::HasFailure(); }

    void tell(const std::string& what) { told_ += what + "\n"; }
    Member& member(const std::string& name) { return cluster_[name]; }
    const std::string& any() { return names_[random_.below(names_.size())]; }

    void begin() {
        for (const char* name : {"a", "b", "c"}) {
            names_.emplace_back(name);
            Member& added = cluster_.add(name);
            ASSERT_TRUE(added.options.set(OptionId::kSegmentBytes, "4096"));
            const bool is_first = names_.size() == 1;
            ASSERT_TRUE(added.start(is_first ? RoleSettings{"master", ""}
                                             : RoleSettings{"replica", "a:15501"}));
        }
        cluster_.network().set_links({200, 2000, 0, 512});
        member("a").call("SET first 1");
    }

    void happen() {
        const uint64_t what = random_.below(20);
        if (what < 9) return write(master_);
        if (what < 11) return write(any());  // which may think that it is the master
        if (what < 13) return cut();
        if (what < 14) return cluster_.network().heal_all();
        if (what < 16) return kill();
        if (what < 18) return start();
        if (what < 19) return snapshot();
        promote();
    }

    // Two that were promoted without knowing of each other have terms of one number, and two ids.
    static uint64_t term_of(Member& node) {
        const auto epochs = node.engine().durable_epochs();
        const auto first = std::find_if(epochs.begin(), epochs.end(), [&](const Epoch& epoch) {
            return epoch.term == epochs.back().term;
        });
        return first == epochs.end() ? 0 : first->id;
    }

    void write(const std::string& name) {
        Member& node = member(name);
        if (!node.is_up()) return;
        const uint64_t many = 1 + random_.below(30);
        for (uint64_t i = 0; i < many; ++i) {
            const std::string key = "w" + std::to_string(++writes_);
            if (node.call("SET " + key + " " + std::string(random_.below(200), 'v') + "x")[0] !=
                '+') {
                return;
            }
            const uint64_t term = term_of(node);
            // The first write of an open begins an epoch with the record, a moment later.
            if (term != 0) {
                const auto [wrote, is_new] = writers_.emplace(term, name);
                EXPECT_TRUE(is_new || wrote->second == name)
                    << key << ": " << wrote->second << " and " << name << " wrote in one term";
            }
            if (name == master_) waiting_[node.engine().log()->appended()] = key;
        }
    }

    void cut() {
        const std::string from = any();
        const std::string to = any();
        if (from == to) return;
        tell("cut " + from + " > " + to);
        cluster_.network().cut(from, to, random_.below(2) == 0 ? SimCut::kSilent : SimCut::kReset);
    }

    void kill() {
        const std::string name = any();
        if (!member(name).is_up()) return;
        const bool is_machine = random_.below(2) == 0;
        tell((is_machine ? "power cut " : "kill ") + name);
        member(name).kill(is_machine ? SimDeath::kMachine : SimDeath::kProcess);
        if (name == master_) waiting_.clear();  // nobody counts for them any more
    }

    void start() {
        for (const std::string& name : names_) {
            if (member(name).is_up()) continue;
            tell("start " + name);
            const Status started = member(name).start();
            EXPECT_TRUE(started) << name << ": " << started.error().message;
            return;
        }
    }

    void snapshot() {
        Member& node = member(any());
        if (node.is_up()) node.engine().snapshots().take().ignore();
    }

    // Two nodes that were promoted without knowing of each other: neither has what the other has,
    // and which of them is to be kept is for a person to say, not for a rule.
    bool has_two_terms() {
        std::map<uint32_t, uint64_t> ids;
        for (const std::string& name : names_) {
            if (!member(name).is_up()) continue;
            const uint64_t id = term_of(member(name));
            const auto [known, is_new] = ids.emplace(member(name).status().term, id);
            if (!is_new && known->second != id) return true;
        }
        return false;
    }

    // The operator's rule: with all of them in sight, the one that has most.
    void promote() {
        if (has_two_terms()) return;
        std::optional<std::string> best;
        std::tuple<uint32_t, uint32_t, uint64_t> most;
        for (const std::string& name : names_) {
            if (name == master_) continue;
            if (!member(name).is_up() || member(name).status().is_master()) return;
            if (!member(name).status().upstream.is_whole) return;
            // A later epoch began with all that is to be kept of those before it.
            const replication::NodeStatus status = member(name).status();
            const std::tuple has = {status.term, status.epoch,
                                    member(name).engine().following().applied()};
            if (best && has <= most) continue;
            best = name;
            most = has;
        }
        Told& told = member(*best).promote();
        cluster_.pass_ms(20);
        if (!told.done || told.code != Code::kOk) return;
        tell("promoted " + *best);
        master_ = *best;
        waiting_.clear();
        for (const std::string& name : names_) {
            if (name != master_ && member(name).is_up()) member(name).follow(master_, true);
        }
    }

    // What the master and a follower have on their disks is not to be lost.
    void look() {
        if (!member(master_).is_up()) return;
        replication::Node& node = member(master_).node();
        const uint64_t synced = member(master_).engine().log()->synced();
        while (!waiting_.empty() && waiting_.begin()->first <= synced &&
               node.followers_at(true, waiting_.begin()->first) > 0) {
            kept_.insert(waiting_.begin()->second);
            waiting_.erase(waiting_.begin());
        }
    }

    void end() {
        tell("healed");
        cluster_.network().heal_all();
        cluster_.network().set_links({200, 300, 0, 4096});
        for (const std::string& name : names_) {
            if (!member(name).is_up()) {
                const Status started = member(name).start();
                ASSERT_TRUE(started) << name << ": " << started.error().message;
            }
        }
        for (const std::string& name : names_) {
            if (name != master_) member(name).follow(master_, true);
        }
        EXPECT_TRUE(cluster_.pass_until([&] { return cluster_.has_converged(master_); }));
        for (const std::string& key : kept_) {
            EXPECT_EQ(member(master_).call("EXISTS " + key), ":1") << key << " is lost";
        }
    }

    const uint64_t seed_;
    SmallRandom random_;
    Cluster cluster_;
    std::vector<std::string> names_;
    std::string master_ = "a";
    std::string told_;
    uint64_t writes_ = 0;
    std::map<uint64_t, std::string> waiting_;  // by position
    std::set<std::string> kept_;
    std::map<uint64_t, std::string> writers_;  // by term
};

TEST(RandomCluster, LosesNothingAndConverges) {
    for (uint64_t seed = seed_from; seed < seed_from + seed_count; ++seed) {
        SCOPED_TRACE("--seed-from " + std::to_string(seed) + " --seeds 1");
        Story(seed).run();
        if (HasFailure()) return;
    }
}

}  // namespace

bool take_option(std::string_view name, int argc, char** argv, int& i, uint64_t& value) {
    if (name != argv[i] || i + 1 >= argc) return false;
    value = std::strtoull(argv[++i], nullptr, 10);
    return true;
}

}  // namespace synap::cluster

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    for (int i = 1; i < argc; ++i) {
        using namespace synap::cluster;
        if (take_option("--seeds", argc, argv, i, seed_count)) continue;
        if (take_option("--seed-from", argc, argv, i, seed_from)) continue;
        std::fprintf(stderr, "unknown option %s\n", argv[i]);
        return 2;
    }
    return RUN_ALL_TESTS();
}
