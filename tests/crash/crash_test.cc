// The crash suite: the engine on a disk that dies in every way of core/platform/fault_model.md.
//
// usage: crash_suite [--seeds N] [--seed-from N] [--trace] and the options of GoogleTest
//
// A failure prints its seed and what was drawn from it; `--seed-from SEED --seeds 1` repeats it,
// and
// `--trace` tells what happens on the way.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "tests/crash/rot.h"
#include "tests/crash/simulation.h"

namespace synap::crash {
namespace {

uint64_t seed_from = 1;
uint64_t seed_count = 500;
std::ostream* trace = nullptr;

constexpr int kFailuresShown = 3;

std::string introduction(uint64_t seed, const Parameters& parameters) {
    return "--seed-from " + std::to_string(seed) + " --seeds 1 (" + parameters.text() + ")\n";
}

void print(const Tally& tally) {
    std::cout << "  operations " << tally.operations << ", acknowledged " << tally.acknowledged
              << ", snapshots " << tally.snapshots << ", clock jumps " << tally.clock_jumps
              << "\n  closes " << tally.closes << ", kills " << tally.kills << ", power cuts "
              << tally.power_cuts << ", failed opens " << tally.failed_opens << ", failed logs "
              << tally.failed_logs << "\n  opened for reading " << tally.opened_for_reading
              << ", blocked " << tally.blocks << ", of which over " << tally.over
              << "\n  hashes found " << tally.hashes << ", large ones " << tally.large_hashes
              << ", fields with a deadline " << tally.timed_fields << "; digests compared "
              << tally.digests << "\n";
}

TEST(CrashSuite, EveryDeathLeavesAPrefixWithAllThatWasAcknowledged) {
    Tally tally;
    int failures = 0;
    for (uint64_t seed = seed_from; seed < seed_from + seed_count; ++seed) {
        const Parameters parameters = Parameters::draw(seed);
        Simulation simulation(seed, parameters, tally, trace);
        if (const auto problem = simulation.run()) {
            ADD_FAILURE() << introduction(seed, parameters) << *problem;
            if (++failures == kFailuresShown) break;
        }
    }
    print(tally);
    // A suite that meets nothing proves nothing.
    if (failures > 0 || seed_count < 100) return;
    EXPECT_GT(tally.acknowledged, 10 * seed_count);
    EXPECT_GT(tally.snapshots, seed_count / 4);
    EXPECT_GT(tally.clock_jumps, seed_count / 2);
    EXPECT_GT(tally.kills, seed_count / 2);
    EXPECT_GT(tally.power_cuts, seed_count / 2);
    EXPECT_GT(tally.failed_opens, seed_count / 10);
    EXPECT_GT(tally.failed_logs, seed_count / 20);
    EXPECT_GT(tally.opened_for_reading, seed_count / 10);
    EXPECT_GT(tally.blocks, seed_count / 4);
    EXPECT_GT(tally.over, seed_count / 8);
    EXPECT_GT(tally.hashes, seed_count);
    EXPECT_GT(tally.large_hashes, seed_count / 10);
    EXPECT_GT(tally.timed_fields, seed_count / 4);
    EXPECT_GT(tally.digests, seed_count);
}

TEST(CrashSuite, RotIsSurvivedExactlyOrDetected) {
    constexpr int kDamagesPerSeed = 20;
    Tally tally;
    RotTally rotten;
    int failures = 0;
    const uint64_t seeds = (seed_count + 4) / 5;
    for (uint64_t seed = seed_from; seed < seed_from + seeds; ++seed) {
        const Parameters parameters = Parameters::draw(seed);
        Simulation simulation(seed, parameters, tally, trace);
        if (simulation.run()) continue;  // the other test says so
        const bool closed = seed % 2 == 1;
        if (!closed) {
            const auto problem = simulation.run_and_die();
            EXPECT_FALSE(problem) << introduction(seed, parameters) << *problem;
        }
        SmallRandom random(seed);
        for (int i = 0; i < kDamagesPerSeed; ++i) {
            if (const auto problem = rot_once(simulation, closed, random, rotten)) {
                ADD_FAILURE() << introduction(seed, parameters) << *problem;
                if (++failures == kFailuresShown) return;
            }
        }
    }
    std::cout << "  recovered " << rotten.exact << ", refused " << rotten.refused << ", cut "
              << rotten.cut << "\n";
    if (seeds >= 20) {
        EXPECT_GT(rotten.exact, seeds);
        EXPECT_GT(rotten.refused, seeds);
        EXPECT_GT(rotten.cut, seeds / 10);
    }
}

// The canary: a disk that acknowledges syncs and forgets them must not get past the suite.
TEST(CrashSuite, NoticesADiskThatLies) {
    constexpr uint64_t kSeeds = 40;
    Tally tally;
    uint64_t noticed = 0;
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        Parameters parameters = Parameters::draw(seed);
        parameters.disk.lying_sync = true;
        noticed += Simulation(seed, parameters, tally).run().has_value();
    }
    EXPECT_GT(noticed, kSeeds / 2);
}

TEST(CrashSuite, ASeedRepeatsItself) {
    for (uint64_t seed = seed_from; seed < seed_from + 5; ++seed) {
        std::string images[2];
        for (std::string& image : images) {
            Tally tally;
            Simulation simulation(seed, Parameters::draw(seed), tally);
            simulation.run();
            for (const std::string& name : simulation.disk()->names()) {
                image += name + simulation.disk()->contents(name);
            }
        }
        EXPECT_TRUE(images[0] == images[1]) << seed;
    }
}

bool take_option(std::string_view name, int argc, char** argv, int& i, uint64_t& value) {
    if (argv[i] != name || i + 1 == argc) return false;
    value = std::strtoull(argv[++i], nullptr, 10);
    return true;
}

}  // namespace
}  // namespace synap::crash

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    using namespace synap::crash;
    for (int i = 1; i < argc; ++i) {
        if (take_option("--seeds", argc, argv, i, seed_count)) continue;
        if (take_option("--seed-from", argc, argv, i, seed_from)) continue;
        if (std::string_view(argv[i]) == "--trace") {
            trace = &std::cout;
            continue;
        }
        std::cerr << "crash_suite: what is " << argv[i] << "? See the top of crash_test.cc.\n";
        return 2;
    }
    return RUN_ALL_TESTS();
}
