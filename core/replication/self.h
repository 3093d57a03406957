// This node as both ends of replication see it: its facts, its role, and what it heard of others.
//
// Roles and what was heard are durable before they are acted on; a store without a directory keeps
// them for its life. Thread safety: one thread, that of replication.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/engine/engine.h"
#include "core/replication/common_point.h"
#include "core/replication/facts.h"
#include "core/replication/heard_marks.h"
#include "core/replication/role.h"

namespace synap::replication {

// Of a snapshot that was being received when a link was cut.
struct PartialSync {
    uint64_t complete_at = 0;  // 0, with the others: nothing
    uint64_t checksum = 0;
    uint64_t received = 0;
};

class Self {
public:
    // `name`, `address` and `clients` as they are told to others.
    Self(Engine& engine, std::string name, std::string address, std::string clients);
    Self(const Self&) = delete;
    Self& operator=(const Self&) = delete;

    // Once the engine is ready. `role` was chosen for this start, and is kept from here on.
    Status begin(const RoleFile& role);

    Engine& engine() const noexcept { return engine_; }
    Log* log() const noexcept { return engine_.log(); }

    // As of now. Blocking: disk, to list snapshots.
    Result<NodeFacts> facts() const;

    const RoleFile& role() const noexcept { return role_; }
    bool is_master() const noexcept { return role_.role == NodeRole::kMaster; }
    bool is_fenced() const noexcept { return is_master() && role_.fenced_by.term != 0; }
    // Durable when it returns. Blocking: disk.
    Status set_role(RoleFile next);
    uint64_t role_changes() const noexcept { return role_changes_; }

    // What follows from the facts of another node that has proven itself: a master whose term is
    // over refuses writes from then on, across restarts. Blocking: disk.
    void learn(Fence fence, const NodeFacts& other);

    // Where this node is told to give up what others lack, until it follows.
    void set_forces(bool forces) noexcept { forces_ = forces; }
    // What there is cannot be used: it does not fit what its master sends.
    void set_asks_full_sync(bool asks) noexcept { asks_full_sync_ = asks; }

    PartialSync& partial_sync() noexcept { return partial_; }

    // The sender of `epoch` called `synced` durable there.
    void heard(const Epoch& epoch, uint64_t synced);
    // What lies behind `point` was given up, by order or by the rules.
    void gave_up(uint64_t point);
    // Another history is here now.
    void forget_marks();
    // What was heard since the last time is on the disk when it returns. Blocking: disk, where
    // there is something.
    Status keep_marks();

    void say(LogLine::Level level, const std::string& text) { engine_.log_line(level, text); }

private:
    Engine& engine_;
    const std::string name_;
    const std::string address_;
    const std::string clients_;
    RoleFile role_;
    uint64_t role_changes_ = 0;
    HeardMarks marks_;
    bool marks_changed_ = false;
    bool forces_ = false;
    bool asks_full_sync_ = false;
    bool told_two_terms_ = false;
    PartialSync partial_;
};

}  // namespace synap::replication
