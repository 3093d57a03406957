// WAIT and WAITAOF, and the session's own durability: SYNAP.SESSION and SYNAP.TOKEN.
#include <string>
#include <string_view>

#include "core/base/numbers.h"
#include "core/commands/generated/handlers.h"
#include "core/replication/node.h"
#include "core/session/session.h"

namespace synap::commands {
namespace {

// A term of its own becomes durable meanwhile, or what a master is asked of is under way.
constexpr uint64_t kRoleTimeoutMs = 30'000;

// Milliseconds; false when an error was replied.
bool take_timeout(CommandContext& ctx, size_t i, uint64_t& timeout_ms) {
    int64_t value = 0;
    if (!parse_integer(ctx.arg(i), value)) {
        ctx.error("ERR timeout is not an integer or out of range");
        return false;
    }
    if (value < 0) {
        ctx.error("ERR timeout is negative");
        return false;
    }
    // Kept as a microsecond of the monotonic clock.
    const auto now_ms = static_cast<int64_t>(ctx.engine().clock().monotonic_us() / 1000);
    if (value >= INT64_MAX / 1000 - now_ms) {
        ctx.error("ERR timeout is out of range");
        return false;
    }
    timeout_ms = static_cast<uint64_t>(value);
    return true;
}

// Whether so many have come so far already.
bool has_followers(CommandContext& ctx, const PendingWait& wait) {
    if (wait.wanted_replicas <= 0) return true;
    replication::Node* node = replication::node_of(ctx.engine());
    const bool fsynced = wait.kind == PendingWait::Kind::kLocalDisk;
    return node != nullptr &&
           node->followers_at(fsynced, wait.position) >= static_cast<size_t>(wait.wanted_replicas);
}

std::string_view level_name(Durability level) noexcept {
    switch (level) {
        case Durability::kMemory:
            return "memory";
        case Durability::kOs:
            return "os";
        case Durability::kDisk:
            break;
    }
    return "disk";
}

}  // namespace

void cmd_wait(CommandContext& ctx) {
    PendingWait wait;
    wait.kind = PendingWait::Kind::kReplicas;
    wait.position = ctx.session().last_write();
    if (!ctx.take_integer(1, wait.wanted_replicas)) return;
    if (!take_timeout(ctx, 2, wait.timeout_ms)) return;
    if (has_followers(ctx, wait)) {
        return answer_wait(ctx.engine(), wait, Code::kOk, {}, ctx.reply());
    }
    ctx.session().wait_for(wait);
}

void cmd_waitaof(CommandContext& ctx) {
    PendingWait wait;
    wait.kind = PendingWait::Kind::kLocalDisk;
    wait.position = ctx.session().last_write();
    if (!ctx.take_integer(1, wait.wanted_local)) return;
    if (wait.wanted_local < 0 || wait.wanted_local > 1) {
        return ctx.error("ERR value is out of range, value must between 0 and 1");
    }
    if (!parse_integer(ctx.arg(2), wait.wanted_replicas) || wait.wanted_replicas < 0) {
        return ctx.error("ERR value is out of range, must be positive");
    }
    if (!take_timeout(ctx, 3, wait.timeout_ms)) return;
    Log* log = ctx.engine().log();
    if (wait.wanted_local > 0 && log == nullptr) {
        return ctx.error(
            "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
    }
    const bool durable = log != nullptr && log->synced() >= wait.position;
    if (has_followers(ctx, wait) && (durable || wait.wanted_local == 0)) {
        return answer_wait(ctx.engine(), wait, Code::kOk, {}, ctx.reply());
    }
    ctx.session().wait_for(wait);
}

// REPLICAOF host port [FORCE], REPLICAOF NO ONE.
void cmd_replicaof(CommandContext& ctx) {
    PendingWait wait;
    wait.timeout_ms = kRoleTimeoutMs;
    if (ctx.argc() == 3 && ctx.is_word(1, "NO") && ctx.is_word(2, "ONE")) {
        wait.kind = PendingWait::Kind::kPromote;
        return ctx.session().wait_for(std::move(wait));
    }
    if (ctx.argc() > 4 || (ctx.argc() == 4 && !ctx.is_word(3, "FORCE"))) {
        return ctx.syntax_error();
    }
    wait.kind = PendingWait::Kind::kFollow;
    wait.force = ctx.argc() == 4;
    int64_t port = 0;
    if (!parse_integer(ctx.arg(2), port) || port < 1 || port > 65535) {
        return ctx.error("ERR Invalid master port");
    }
    wait.master = std::string(ctx.arg(1)) + ":" + std::to_string(port);
    ctx.session().wait_for(std::move(wait));
}

void cmd_slaveof(CommandContext& ctx) { cmd_replicaof(ctx); }

void cmd_synap_session(CommandContext& ctx) {
    Session& session = ctx.session();
    if (ctx.argc() == 1) {
        ctx.reply().begin_map(2);
        ctx.reply().text("durability");
        ctx.reply().text(session.has_own_level() ? level_name(session.default_level())
                                                 : std::string_view("default"));
        ctx.reply().text("effective-durability");
        ctx.reply().text(level_name(session.default_level()));
        return;
    }
    if (ctx.argc() != 3 || !ctx.is_word(1, "DURABILITY")) return ctx.syntax_error();
    Durability level = Durability::kMemory;
    bool is_set = true;
    if (ctx.is_word(2, "DEFAULT")) {
        is_set = false;
    } else if (ctx.is_word(2, "OS")) {
        level = Durability::kOs;
    } else if (ctx.is_word(2, "DISK")) {
        level = Durability::kDisk;
    } else if (!ctx.is_word(2, "MEMORY")) {
        return ctx.syntax_error();
    }
    if (is_set && level != Durability::kMemory && ctx.engine().log() == nullptr) {
        return ctx.error("ERR this store is in memory only: no write can be more durable");
    }
    session.set_default_level(level, is_set);
    ctx.reply().ok();
}

void cmd_synap_token(CommandContext& ctx) {
    ctx.reply().begin_array(2);
    ctx.reply().integer(static_cast<int64_t>(ctx.engine().epoch_word()));
    ctx.reply().integer(static_cast<int64_t>(ctx.session().last_write()));
}

}  // namespace synap::commands
