#include "tests/cluster/cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/unit/session/fixture.h"

namespace synap::cluster {
namespace {

using replication::NodeRole;
using replication::RoleChoice;
using replication::RoleFile;
using replication::RoleSettings;

class Teller final : public LogWaiter {
public:
    explicit Teller(std::shared_ptr<Told> told) : told_(std::move(told)) {}
    void complete(Code code, std::string_view why) noexcept override {
        told_->done = true;
        told_->code = code;
        told_->why = why;
    }

private:
    std::shared_ptr<Told> told_;
};

}  // namespace

SimCompanion::SimCompanion(Engine& engine, Transport& transport, Entropy& entropy,
                           const replication::NodeSettings& settings, const RoleFile& role)
    : node_(engine, transport, entropy, settings, role,
            [&engine](uint64_t waiter) { engine.waits().reached(waiter); }) {}

Member::Member(SimNetwork& network, std::string name, uint64_t seed)
    : network_(network),
      name_(std::move(name)),
      entropy_(seed),
      random_(seed + 1),
      disk_(std::make_shared<SimDisk>(SimDiskOptions{.seed = seed})) {
    settings.name = name_;
    settings.address = name_ + ":" + std::to_string(kPort);
    settings.listen = Endpoint{"", kPort};
    settings.threads = false;
}

Member::~Member() { stop(); }

Status Member::start(const RoleSettings& role) {
    std::optional<RoleFile> last;
    if (auto found = replication::read_role_file(*disk_)) last = *found;
    settings.role = role;
    auto choice = replication::choose_role(last, role);
    if (!choice) return choice.take_error();
    EnginePlatform platform{disk_, &network_.clock(name_), &entropy_, false};
    platform.follows = choice->file.role == NodeRole::kReplica || choice->file.fenced_by.term != 0;
    transport_ = network_.start(name_);
    auto engine = Engine::open(platform, options);
    if (!engine) return engine.take_error();
    engine_ = *engine;
    companion_ =
        std::make_shared<SimCompanion>(*engine_, *transport_, entropy_, settings, choice->file);
    engine_->attach(companion_);
    SYNAP_TRY(companion_->node().listen());
    SYNAP_TRY(companion_->node().start());
    session_ = std::make_unique<Session>(engine_, SessionOptions{3, "127.0.0.1:1000", "resp", {}});
    return {};
}

void Member::stop() {
    if (engine_ == nullptr) return;
    session_.reset();
    engine_->close().ignore();
    companion_.reset();
    engine_.reset();
    transport_.reset();
}

void Member::kill(SimDeath death) {
    if (engine_ == nullptr) return;
    network_.kill(name_, death);
    if (death == SimDeath::kMachine) {
        disk_->crash(random_);
    } else {
        disk_->kill();
    }
    stop();  // nothing of it reaches the disk or the network any more
}

void Member::wipe() { disk_ = std::make_shared<SimDisk>(SimDiskOptions{.seed = random_.next()}); }

void Member::step() {
    if (engine_ == nullptr) return;
    engine_->maintain();
    if (engine_->snapshots().running() && !engine_->snapshots().step(256)) return;
    companion_->node().step(false);
}

std::string Member::lines() {
    LogLine line;
    uint64_t lost = 0;
    while (engine_ != nullptr && engine_->lines().take(line, lost))
        lines_ += "  " + line.text + "\n";
    return lines_;
}

std::string Member::call(std::string_view line) {
    std::istringstream in{std::string(line)};
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    const std::vector<std::string_view> args(words.begin(), words.end());
    const Call call{args.data(), args.size()};
    session_->reply().clear();
    const BatchResult result = session_->run({&call, 1});
    if (result.stop == Stop::kPending) return "(pending)";
    if (result.stop == Stop::kFailed) return "(failed) " + session_->failure().message;
    ReplyText text;
    size_t at = 0;
    session_->reply().replay_one(at, text);
    return text.text();
}

uint64_t Member::digest() {
    const ExclusiveGate alone(engine_->gate());
    return engine_->keyspace().digest();
}

Told& Member::follow(const std::string& master, bool force) {
    told_.push_back(std::make_shared<Told>());
    node().follow({master, kPort}, force, std::make_unique<Teller>(told_.back()));
    return *told_.back();
}

Told& Member::promote() {
    told_.push_back(std::make_shared<Told>());
    node().promote(std::make_unique<Teller>(told_.back()));
    return *told_.back();
}

Member& Cluster::add(const std::string& name) {
    auto member = std::make_unique<Member>(network_, name, seed_ * 1000 + members_.size());
    return *(members_[name] = std::move(member));
}

void Cluster::pass_ms(uint64_t ms) {
    constexpr uint64_t kStepUs = 5'000;
    const uint64_t until = network_.now_us() + ms * 1000;
    while (network_.now_us() < until) {
        const auto next = network_.next_event_time();
        const uint64_t soon = std::min(until, network_.now_us() + kStepUs);
        network_.advance_to(next ? std::min(soon, std::max(*next, network_.now_us() + 1)) : soon);
        for (auto& [name, member] : members_) member->step();
    }
}

std::string Cluster::story() {
    std::string text = "seed " + std::to_string(seed_) + "\n";
    for (auto& [name, member] : members_) {
        text += name + (member->is_up() ? "" : " (down)");
        if (member->is_up()) {
            const replication::NodeStatus status = member->status();
            text += status.is_master() ? " master" : " replica";
            text += " term " + std::to_string(status.term) + " " +
                    std::string(to_string(status.upstream.state)) + " applied " +
                    std::to_string(member->engine().following().applied()) + " appended " +
                    std::to_string(member->engine().log()->appended()) + " " + status.upstream.why;
        }
        text += "\n" + member->lines();
    }
    return text;
}

bool Cluster::has_converged(const std::string& name) {
    Member& master = *members_.at(name);
    const uint64_t end = master.engine().log()->appended();
    for (auto& [other, member] : members_) {
        if (other == name || !member->is_up()) continue;
        if (member->engine().following().applied() != end) return false;
        if (member->status().upstream.state != replication::UpstreamState::kFollows) return false;
        if (member->digest() != master.digest()) return false;
    }
    return true;
}

}  // namespace synap::cluster
