#include "core/session/pending_wait.h"

#include <algorithm>

#include "core/commands/reply.h"
#include "core/engine/engine.h"
#include "core/replication/node.h"

namespace synap {
namespace {

// Of a role, told to whoever waits for it.
class RoleWaiter final : public LogWaiter {
public:
    RoleWaiter(Engine& engine, uint64_t id) : engine_(engine), id_(id) {}
    void complete(Code code, std::string_view why) noexcept override {
        engine_.waits().end(id_, code, why);
    }

private:
    Engine& engine_;  // ends its service before it goes
    const uint64_t id_;
};

bool is_fsynced(const PendingWait& wait) noexcept {
    return wait.kind == PendingWait::Kind::kLocalDisk;
}

void change_role(Engine& engine, const PendingWait& wait, uint64_t id) {
    replication::Node* node = replication::node_of(engine);
    if (node == nullptr) {
        return engine.waits().end(id, Code::kUnsupported, "this store has no replication");
    }
    auto told = std::make_unique<RoleWaiter>(engine, id);
    if (wait.kind == PendingWait::Kind::kPromote) return node->promote(std::move(told));
    auto master = replication::parse_endpoint(wait.master);
    if (!master) return told->complete(master.error().code, master.error().message);
    node->follow(*master, wait.force, std::move(told));
}

}  // namespace

void begin_wait(Engine& engine, const PendingWait& wait, uint64_t owner,
                std::unique_ptr<LogWaiter> waiter) {
    const uint64_t deadline_us =
        wait.timeout_ms == 0 ? 0 : engine.clock().monotonic_us() + wait.timeout_ms * 1000;
    const bool waits_here = wait.wanted_local > 0;
    const bool waits_there = wait.wanted_replicas > 0;
    Log* log = waits_here ? engine.log() : nullptr;
    const unsigned parts = waits_here && waits_there ? 2 : 1;
    engine.waits().start(log, wait.position, Durability::kDisk, deadline_us, owner,
                         std::move(waiter), parts, wait.id);
    if (wait.changes_role()) return change_role(engine, wait, wait.id);
    replication::Node* node = waits_there ? replication::node_of(engine) : nullptr;
    if (node == nullptr) return;
    const auto n = static_cast<size_t>(wait.wanted_replicas);
    if (!node->wait_for_followers(is_fsynced(wait), n, wait.position, wait.id)) {
        engine.waits().reached(wait.id);
    }
}

bool is_answered(const PendingWait& wait, Code code) noexcept {
    if (code == Code::kOk || code == Code::kTimeout) return true;
    return wait.changes_role() && code != Code::kShutdown && code != Code::kCancelled;
}

void answer_wait(Engine& engine, const PendingWait& wait, Code code, std::string_view why,
                 Reply& reply) {
    if (wait.changes_role()) {
        if (code == Code::kOk) return reply.ok();
        return reply.error("ERR " + std::string(why));
    }
    replication::Node* node = replication::node_of(engine);
    size_t reached = 0;
    if (node != nullptr) {
        const auto n = static_cast<size_t>(std::max<int64_t>(wait.wanted_replicas, 0));
        if (n != 0) node->cancel_wait(is_fsynced(wait), n, wait.position, wait.id);
        reached = node->followers_at(is_fsynced(wait), wait.position);
    }
    if (wait.kind == PendingWait::Kind::kReplicas) {
        return reply.integer(static_cast<int64_t>(reached));
    }
    const Log* log = engine.log();
    reply.begin_array(2);
    reply.integer(log != nullptr && log->synced() >= wait.position ? 1 : 0);
    reply.integer(static_cast<int64_t>(reached));
}

}  // namespace synap
