// One opening of the engine on a simulated disk, driven as a host drives it: commands through a
// session, then a wait for the level that the caller wants.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/engine/engine.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"
#include "core/session/session.h"
#include "tests/crash/model.h"

namespace synap::crash {

// A reply without its structure: scalars in order, null as "(null)".
struct Answer {
    std::vector<std::string> values;
    std::string error;  // the first one anywhere in the reply
};

class Store {
public:
    static Result<std::unique_ptr<Store>> open(std::shared_ptr<SimDisk> disk, SimClock& clock,
                                               SimEntropy& entropy, const Options& options);

    Engine& engine() { return *engine_; }
    SimDisk& disk() { return *disk_; }

    // Runs the operation. True when it became part of the log; `answer` holds its replies.
    bool run(const Operation& operation, Answer& answer);
    // Waits until everything so far has reached the level.
    Status reach(Durability level);
    // What TYPE, GET, HGETALL, HPEXPIRETIME and PEXPIRETIME answer for every key in every database.
    State read();
    // Of a keyspace that holds just this, its databases standing for what they stand for here.
    uint64_t digest_of(const State& state);
    // A file and offset that are not durable although they should be: MANIFEST, and the log as far
    // as it says so itself. Empty when there is none.
    std::string broken_promise();

private:
    Store(std::shared_ptr<SimDisk> disk, std::shared_ptr<Engine> engine);
    Answer call(const std::vector<Command>& commands);
    Fields read_fields(const std::string& key);
    bool begins_epoch();

    std::shared_ptr<SimDisk> disk_;
    std::shared_ptr<Engine> engine_;
    Session session_;
};

}  // namespace synap::crash
