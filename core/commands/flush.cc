// Databases as a whole: FLUSHDB, FLUSHALL, SWAPDB. All run with the gate held alone.
#include <limits>

#include "core/base/limits.h"
#include "core/base/numbers.h"
#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"

namespace synap::commands {
namespace {

// ASYNC and SYNC are accepted and mean the same.
bool accepts_flush_options(CommandContext& ctx) {
    const bool accepted =
        ctx.argc() == 1 || (ctx.argc() == 2 && (ctx.is_word(1, "SYNC") || ctx.is_word(1, "ASYNC")));
    if (!accepted) ctx.syntax_error();
    return accepted;
}

void flush(CommandContext& ctx, uint8_t name_space) {
    if (ctx.keyspace().accounts().keys(name_space) == 0) return;
    Effect effect;
    effect.kind = EffectKind::kFlush;
    effect.name_space = name_space;
    ctx.emit(effect);
}

}  // namespace

void cmd_flushdb(CommandContext& ctx) {
    if (!accepts_flush_options(ctx)) return;
    flush(ctx, ctx.name_space());
    ctx.reply().ok();
}

void cmd_flushall(CommandContext& ctx) {
    if (!accepts_flush_options(ctx)) return;
    for (unsigned database = 0; database < limits::kDatabases; ++database) {
        flush(ctx, ctx.keyspace().name_space_of(database));
    }
    ctx.reply().ok();
}

void cmd_swapdb(CommandContext& ctx) {
    int64_t numbers[2] = {};
    for (size_t i = 0; i < 2; ++i) {
        using Int = std::numeric_limits<int32_t>;
        const bool is_int = parse_integer(ctx.arg(i + 1), numbers[i]) && numbers[i] >= Int::min() &&
                            numbers[i] <= Int::max();
        if (!is_int) {
            return ctx.error(i == 0 ? "ERR invalid first DB index" : "ERR invalid second DB index");
        }
    }
    for (const int64_t number : numbers) {
        if (number < 0 || number >= limits::kDatabases) {
            return ctx.error("ERR DB index is out of range");
        }
    }
    if (numbers[0] != numbers[1]) {
        Effect effect;
        effect.kind = EffectKind::kSwap;
        effect.name_space = ctx.keyspace().name_space_of(static_cast<unsigned>(numbers[0]));
        effect.other_name_space = ctx.keyspace().name_space_of(static_cast<unsigned>(numbers[1]));
        ctx.emit(effect);
    }
    ctx.reply().ok();
}

}  // namespace synap::commands
