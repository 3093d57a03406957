// MULTI, DISCARD, WATCH, UNWATCH. EXEC is part of execution itself: see execute_transaction.cc.
#include "core/commands/generated/handlers.h"
#include "core/session/session.h"

namespace synap::commands {

void cmd_multi(CommandContext& ctx) {
    if (ctx.session().transaction().active()) return ctx.error("ERR MULTI calls can not be nested");
    ctx.session().transaction().begin();
    ctx.reply().ok();
}

// Inside a transaction the executor never comes here.
void cmd_exec(CommandContext& ctx) { ctx.error("ERR EXEC without MULTI"); }

void cmd_discard(CommandContext& ctx) {
    if (!ctx.session().transaction().active()) return ctx.error("ERR DISCARD without MULTI");
    ctx.session().drop_transaction();
    ctx.reply().ok();
}

void cmd_watch(CommandContext& ctx) {
    if (ctx.session().transaction().active()) {
        return ctx.error("ERR WATCH inside MULTI is not allowed");
    }
    for (size_t i = 1; i < ctx.argc(); ++i) {
        const KeyRef key = ctx.key(i);
        // Looked at as it is: deleting it here would be a change that the watch should not see.
        const Node* node = ctx.keyspace().find(key);
        const bool expired = node != nullptr && node->expired(ctx.now_ms());
        const Status status =
            ctx.session().transaction().watch(ctx.keyspace(), key, expired, ctx.database());
        if (!status) return ctx.error("ERR " + status.error().message);
    }
    ctx.reply().ok();
}

void cmd_unwatch(CommandContext& ctx) {
    ctx.session().unwatch();
    ctx.reply().ok();
}

}  // namespace synap::commands
