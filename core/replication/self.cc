#include "core/replication/self.h"

#include <algorithm>
#include <utility>

#include "core/log/format.h"
#include "core/replication/wire.h"
#include "core/snapshot/snapshot.h"

namespace synap::replication {

Self::Self(Engine& engine, std::string name, std::string address, std::string clients)
    : engine_(engine),
      name_(std::move(name)),
      address_(std::move(address)),
      clients_(std::move(clients)) {}

Status Self::begin(const RoleFile& role) {
    role_ = role;
    if (engine_.disk() == nullptr) return {};
    auto last = read_role_file(*engine_.disk());
    if (!last && last.error().code != Code::kEmpty) return last.take_error();
    if (!last || last->encode() != role.encode()) {
        SYNAP_TRY(write_role_file(*engine_.disk(), role));
    }
    auto marks = read_heard_marks(*engine_.disk(), engine_.manifest()->history);
    if (!marks) return marks.take_error();
    marks_ = std::move(*marks);
    return {};
}

Result<NodeFacts> Self::facts() const {
    NodeFacts facts;
    const auto manifest = engine_.manifest();
    facts.node = engine_.node_id();
    facts.name = name_;
    facts.address = address_;
    facts.clients = clients_;
    facts.level = manifest->level;
    facts.level_min = facts.level_max = format::kLevel;
    facts.history = manifest->history;
    facts.epochs = engine_.durable_epochs();
    facts.marks = marks_.all();
    facts.is_master = is_master();
    facts.has_directory = engine_.disk() != nullptr;
    facts.forces = forces_;
    facts.asks_full_sync = asks_full_sync_;
    const Log* log = this->log();
    if (log == nullptr) {
        facts.end = facts.oldest = engine_.following().applied();
        return facts;
    }
    facts.end = is_master() ? log->written() : log->appended();
    facts.oldest = std::min(log->oldest_position(), facts.end);
    auto snapshots = list_snapshots(*engine_.disk());
    if (!snapshots) return snapshots.take_error();
    facts.snapshots = std::move(*snapshots);
    if (facts.snapshots.size() > kSnapshotsTold) facts.snapshots.resize(kSnapshotsTold);
    return facts;
}

Status Self::set_role(RoleFile next) {
    if (engine_.disk() != nullptr) SYNAP_TRY(write_role_file(*engine_.disk(), next));
    role_ = std::move(next);
    ++role_changes_;
    return {};
}

void Self::learn(Fence fence, const NodeFacts& other) {
    if (fence == Fence::kNone || !is_master()) return;
    const uint32_t term = other.term();
    if (fence == Fence::kTwoTerms) {
        if (std::exchange(told_two_terms_, true)) return;
        say(LogLine::Level::kError,
            "replication: " + other.name + " has another term " + std::to_string(term) +
                " of this history than this node: both were promoted. Choose the one to keep, "
                "and have the other follow it with REPLICAOF host port FORCE");
        return;
    }
    if (term <= role_.fenced_by.term) return;
    engine_.following().begin();  // from here on writes are refused, whatever the disk says
    RoleFile next = role_;
    next.fenced_by = {term, other.node};
    if (Status kept = set_role(next); !kept) {
        role_ = next;  // for this life at least; the next one is told again
        ++role_changes_;
        say(LogLine::Level::kError, "replication: " + kept.error().message);
    }
    say(LogLine::Level::kWarn,
        "replication: " + other.name + " is of term " + std::to_string(term) +
            ", which is later than this node's: another node was promoted. Writes are refused "
            "here. Have this node follow it (REPLICAOF host port), or promote this one above it "
            "(REPLICAOF NO ONE)");
}

void Self::heard(const Epoch& epoch, uint64_t synced) {
    if (marks_.heard(epoch, synced)) marks_changed_ = true;
}

void Self::gave_up(uint64_t point) {
    marks_.give_up(point);
    marks_changed_ = true;
}

void Self::forget_marks() {
    marks_.clear();
    marks_changed_ = true;
}

Status Self::keep_marks() {
    if (!marks_changed_ || engine_.disk() == nullptr) return {};
    SYNAP_TRY(write_heard_marks(*engine_.disk(), engine_.manifest()->history, marks_));
    marks_changed_ = false;
    return {};
}

}  // namespace synap::replication
