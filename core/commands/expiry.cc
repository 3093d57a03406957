// Deadlines of keys: EXPIRE and TTL with their relatives, PERSIST.
#include <string>

#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"

namespace synap::commands {
namespace {

enum class Unit : uint8_t { kSeconds, kMilliseconds };
enum class From : uint8_t { kNow, kEpoch };

struct Conditions {
    bool nx = false;
    bool xx = false;
    bool gt = false;
    bool lt = false;
};

bool take_conditions(CommandContext& ctx, Conditions& conditions) {
    for (size_t i = 3; i < ctx.argc(); ++i) {
        if (ctx.is_word(i, "NX")) {
            conditions.nx = true;
        } else if (ctx.is_word(i, "XX")) {
            conditions.xx = true;
        } else if (ctx.is_word(i, "GT")) {
            conditions.gt = true;
        } else if (ctx.is_word(i, "LT")) {
            conditions.lt = true;
        } else {
            const std::string_view word = ctx.arg(i);
            ctx.error("ERR Unsupported option " + std::string(word.substr(0, word.find('\0'))));
            return false;
        }
    }
    if (conditions.nx && (conditions.xx || conditions.gt || conditions.lt)) {
        ctx.error("ERR NX and XX, GT or LT options at the same time are not compatible");
        return false;
    }
    if (conditions.gt && conditions.lt) {
        ctx.error("ERR GT and LT options at the same time are not compatible");
        return false;
    }
    return true;
}

// Negative and past times are fine: they delete the key.
bool take_time(CommandContext& ctx, Unit unit, From from, int64_t& deadline) {
    if (!ctx.take_integer(2, deadline)) return false;
    const bool fits =
        (unit != Unit::kSeconds || !__builtin_mul_overflow(deadline, int64_t{1000}, &deadline)) &&
        (from != From::kNow || !__builtin_add_overflow(deadline, ctx.now_ms(), &deadline));
    if (!fits) ctx.invalid_expire_time();
    return fits;
}

// A key without a deadline counts as one that expires later than any time.
bool allowed(const Conditions& conditions, const Node& node, int64_t deadline) noexcept {
    const bool has = node.has_deadline();
    if (conditions.nx && has) return false;
    if (conditions.xx && !has) return false;
    if (conditions.gt && (!has || deadline <= node.deadline())) return false;
    return !conditions.lt || !has || deadline < node.deadline();
}

void expire(CommandContext& ctx, Unit unit, From from) {
    Conditions conditions;
    if (!take_conditions(ctx, conditions)) return;
    int64_t deadline = 0;
    if (!take_time(ctx, unit, from, deadline)) return;
    const KeyRef key = ctx.key(1);
    const Node* node = ctx.edit(key);
    if (node == nullptr || !allowed(conditions, *node, deadline)) return ctx.reply().integer(0);
    if (deadline <= ctx.now_ms()) {
        ctx.erase(key);
    } else {
        ctx.set_deadline(key, deadline);
    }
    ctx.reply().integer(1);
}

void reply_time(CommandContext& ctx, Unit unit, From from) {
    const Node* node = ctx.look(ctx.key(1));
    if (node == nullptr) return ctx.reply().integer(-2);
    if (!node->has_deadline()) return ctx.reply().integer(-1);
    const int64_t ms = node->deadline() - (from == From::kNow ? ctx.now_ms() : 0);
    // Half a second up, without leaving 64 bits as the sum could.
    ctx.reply().integer(unit == Unit::kMilliseconds ? ms : ms / 1000 + (ms % 1000 >= 500 ? 1 : 0));
}

}  // namespace

void cmd_expire(CommandContext& ctx) { expire(ctx, Unit::kSeconds, From::kNow); }

void cmd_pexpire(CommandContext& ctx) { expire(ctx, Unit::kMilliseconds, From::kNow); }

void cmd_expireat(CommandContext& ctx) { expire(ctx, Unit::kSeconds, From::kEpoch); }

void cmd_pexpireat(CommandContext& ctx) { expire(ctx, Unit::kMilliseconds, From::kEpoch); }

void cmd_ttl(CommandContext& ctx) { reply_time(ctx, Unit::kSeconds, From::kNow); }

void cmd_pttl(CommandContext& ctx) { reply_time(ctx, Unit::kMilliseconds, From::kNow); }

void cmd_expiretime(CommandContext& ctx) { reply_time(ctx, Unit::kSeconds, From::kEpoch); }

void cmd_pexpiretime(CommandContext& ctx) { reply_time(ctx, Unit::kMilliseconds, From::kEpoch); }

void cmd_persist(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    const Node* node = ctx.edit(key);
    if (node == nullptr || !node->has_deadline()) return ctx.reply().integer(0);
    ctx.set_deadline(key, 0);
    ctx.reply().integer(1);
}

}  // namespace synap::commands
