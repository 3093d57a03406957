// Values that change name or database, or are copied: RENAME, COPY, MOVE.
#include <limits>
#include <string>

#include "core/base/limits.h"
#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"

namespace synap::commands {
namespace {

// A large value is handed over or shared, not copied.
void hand_over(CommandContext& ctx, EffectKind kind, const KeyRef& from, const KeyRef& to) {
    Effect effect;
    effect.kind = kind;
    effect.name_space = from.name_space;
    effect.hash = from.hash;
    effect.key = from.key;
    effect.other_name_space = to.name_space;
    effect.other_hash = to.hash;
    effect.other_key = to.key;
    ctx.emit(effect);
}

void rename_key(CommandContext& ctx, bool only_if_free) {
    const KeyRef from = ctx.key(1);
    const KeyRef to = ctx.key(2);
    if (ctx.edit(from) == nullptr) return ctx.error("ERR no such key");
    const bool same = from.key == to.key;
    if (only_if_free && (same || ctx.edit(to) != nullptr)) return ctx.reply().integer(0);
    if (!same) hand_over(ctx, EffectKind::kMove, from, to);
    if (only_if_free) return ctx.reply().integer(1);
    ctx.reply().ok();
}

// False, with the error replied, when argv[i] names no database.
bool take_database(CommandContext& ctx, size_t i, unsigned& database) {
    int64_t number = 0;
    if (!ctx.take_integer(i, number)) return false;
    using Int = std::numeric_limits<int32_t>;
    if (number < Int::min() || number > Int::max()) {
        ctx.error("ERR value is out of range, value must between " + std::to_string(Int::min()) +
                  " and " + std::to_string(Int::max()));
        return false;
    }
    if (number < 0 || number >= limits::kDatabases) {
        ctx.error("ERR DB index is out of range");
        return false;
    }
    database = static_cast<unsigned>(number);
    return true;
}

void same_object(CommandContext& ctx) {
    ctx.error("ERR source and destination objects are the same");
}

}  // namespace

void cmd_rename(CommandContext& ctx) { rename_key(ctx, false); }

void cmd_renamenx(CommandContext& ctx) { rename_key(ctx, true); }

void cmd_copy(CommandContext& ctx) {
    bool replace = false;
    unsigned database = ctx.database();
    for (size_t i = 3; i < ctx.argc(); ++i) {
        if (ctx.is_word(i, "REPLACE")) {
            replace = true;
        } else if (ctx.is_word(i, "DB") && i + 1 < ctx.argc()) {
            if (!take_database(ctx, ++i, database)) return;
        } else {
            return ctx.syntax_error();
        }
    }
    if (database == ctx.database() && ctx.arg(1) == ctx.arg(2)) return same_object(ctx);
    const KeyRef from = ctx.key(1);
    if (ctx.read(from) == nullptr) return ctx.reply().integer(0);
    const KeyRef to = ctx.key_in(ctx.keyspace().name_space_of(database), ctx.arg(2));
    if (ctx.edit(to) != nullptr && !replace) return ctx.reply().integer(0);
    hand_over(ctx, EffectKind::kCopy, from, to);
    ctx.reply().integer(1);
}

void cmd_move(CommandContext& ctx) {
    unsigned database = 0;
    if (!take_database(ctx, 2, database)) return;
    if (database == ctx.database()) return same_object(ctx);
    const KeyRef from = ctx.key(1);
    if (ctx.edit(from) == nullptr) return ctx.reply().integer(0);
    const KeyRef to = ctx.key_in(ctx.keyspace().name_space_of(database), ctx.arg(1));
    if (ctx.edit(to) != nullptr) return ctx.reply().integer(0);
    hand_over(ctx, EffectKind::kMove, from, to);
    ctx.reply().integer(1);
}

}  // namespace synap::commands
