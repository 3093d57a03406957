// A cluster in one thread: nodes with real engines, on simulated disks, clocks and networks.
//
// Nothing happens but in pass(). A node is named as others find it; its directory outlives it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"
#include "core/platform/sim_network.h"
#include "core/replication/node.h"
#include "core/session/session.h"

namespace synap::cluster {

inline constexpr uint16_t kPort = 15501;

// What an engine of a simulation holds of its node.
class SimCompanion final : public replication::NodeCompanion {
public:
    SimCompanion(Engine& engine, Transport& transport, Entropy& entropy,
                 const replication::NodeSettings& settings, const replication::RoleFile& role);
    void stop() noexcept override { node_.stop(); }
    replication::Node& node() noexcept override { return node_; }

private:
    replication::Node node_;
};

// Learns what became of a request.
struct Told {
    bool done = false;
    Code code = Code::kPending;
    std::string why;
};

class Member {
public:
    Member(SimNetwork& network, std::string name, uint64_t seed);
    ~Member();

    const std::string& name() const noexcept { return name_; }
    SimDisk& disk() noexcept { return *disk_; }
    bool is_up() const noexcept { return engine_ != nullptr; }
    Engine& engine() noexcept { return *engine_; }
    replication::Node& node() noexcept { return companion_->node(); }
    replication::NodeStatus status() { return node().status(); }

    // Empty settings: as its directory says. The error with which it did not open.
    Status start(const replication::RoleSettings& role = {});
    // It is told to stop, and does.
    void stop();
    void kill(SimDeath death);
    void wipe();  // its directory is another, empty one
    void set_disk(std::shared_ptr<SimDisk> disk) { disk_ = std::move(disk); }
    std::shared_ptr<SimDisk> shared_disk() { return disk_; }
    void step();
    // What it told people so far.
    std::string lines();

    // The reply as text: what a client of it sees. Waits are not waited for.
    std::string call(std::string_view line);
    uint64_t digest();
    Told& follow(const std::string& master, bool force = false);
    Told& promote();

    Options options;
    replication::NodeSettings settings;

private:
    SimNetwork& network_;
    const std::string name_;
    SimEntropy entropy_;
    SmallRandom random_;
    std::shared_ptr<SimDisk> disk_;
    std::unique_ptr<Transport> transport_;
    std::shared_ptr<Engine> engine_;
    std::shared_ptr<SimCompanion> companion_;
    std::unique_ptr<Session> session_;
    std::vector<std::shared_ptr<Told>> told_;
    std::string lines_;
};

class Cluster {
public:
    explicit Cluster(uint64_t seed) : network_(seed), seed_(seed) {
        network_.set_links({200, 300, 0, 4096});
    }

    // Made, and not started.
    Member& add(const std::string& name);
    Member& operator[](const std::string& name) { return *members_.at(name); }
    SimNetwork& network() noexcept { return network_; }

    void pass_ms(uint64_t ms);
    // Until it holds; false when that takes longer than `ms`.
    template <typename Holds>
    bool pass_until(Holds&& holds, uint64_t ms = 60'000) {
        for (uint64_t passed = 0; passed < ms; passed += 5) {
            if (holds()) return true;
            pass_ms(5);
        }
        return holds();
    }
    // Everybody who is up has what `name` has, and says so.
    bool has_converged(const std::string& name);
    // What all of them are, and told people: for the output of a test that failed.
    std::string story();

private:
    SimNetwork network_;
    const uint64_t seed_;
    std::map<std::string, std::unique_ptr<Member>> members_;
};

}  // namespace synap::cluster
