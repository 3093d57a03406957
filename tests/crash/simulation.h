// One seed: a directory that lives through several openings, deaths and failing calls.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"
#include "tests/crash/generator.h"
#include "tests/crash/history.h"
#include "tests/crash/store.h"

namespace synap::crash {

// Drawn from the seed; printed when it fails.
struct Parameters {
    SimDiskOptions disk;
    FsyncPolicy fsync = FsyncPolicy::kEverySecond;
    uint64_t segment_bytes = 0;
    uint64_t snapshots_kept = 1;
    uint64_t snapshot_growth = 0;  // bytes of log after which maintenance takes one; 0: never
    uint64_t lives = 0;
    uint64_t operations = 0;   // in a life, at most
    uint64_t snapshot_in = 0;  // one step in so many begins a snapshot
    Mix mix;

    static Parameters draw(uint64_t seed);
    std::string text() const;
};

// What happened, to see that a run of the suite met what it is for.
struct Tally {
    uint64_t operations = 0;
    uint64_t acknowledged = 0;
    uint64_t kills = 0;
    uint64_t power_cuts = 0;
    uint64_t closes = 0;
    uint64_t failed_opens = 0;
    uint64_t failed_logs = 0;
    uint64_t snapshots = 0;
    uint64_t clock_jumps = 0;
    uint64_t opened_for_reading = 0;  // and not yet for writing
    uint64_t blocks = 0;              // shortages that kept the log from taking records
    uint64_t over = 0;                // of these two, how many ended within the life
    uint64_t hashes = 0;              // found at an open
    uint64_t large_hashes = 0;        // of these, with many fields
    uint64_t timed_fields = 0;        // with a deadline, in all of them
    uint64_t digests = 0;             // compared with the model's
};

class Simulation {
public:
    // `trace`, if any, is told what happens.
    Simulation(uint64_t seed, const Parameters& parameters, Tally& tally,
               std::ostream* trace = nullptr);
    // What is wrong, or nothing.
    std::optional<std::string> run();
    // After run(): one more life without faults that ends in the death of the process.
    std::optional<std::string> run_and_die();

    // The directory as the run left it, and what it must hold.
    const std::shared_ptr<SimDisk>& disk() const { return disk_; }
    SimClock& clock() { return clock_; }
    const Options& options() const { return options_; }
    // As it was when the directory was left.
    const History& history() const { return history_; }

private:
    std::optional<std::string> verdict() const;
    void live(bool with_faults);
    bool open(bool with_faults);
    void arm();
    void check_found();
    void step();
    void operate();
    void set_clock();
    bool settle();
    void take_snapshot_step();
    void work();
    void end_life();
    void die(Death death);
    void check_live();
    void check_shadow();
    void check_digest();
    void count_hashes(const State& state);
    void problem(std::string text);
    void note(std::string_view text);
    bool one_in(uint64_t n) { return random_.below(n) == 0; }
    void draw_shortage();
    void look_at_log();
    bool log_call_failed() const;
    // Of the engine.
    int64_t now() { return store_->engine().now_ms(); }

    const Parameters parameters_;
    SmallRandom random_;
    SimClock clock_;
    SimEntropy entropy_;
    std::shared_ptr<SimDisk> disk_;
    Options options_;
    Generator generator_;
    History history_;
    Tally& tally_;
    std::ostream* const trace_;
    std::unique_ptr<Store> store_;
    bool snapshot_open_ = false;
    bool log_started_ = false;  // what was found is durable, and more may follow
    bool blocked_ = false;
    bool with_faults_ = false;
    uint64_t life_ = 0;
    std::string problem_;
};

}  // namespace synap::crash
