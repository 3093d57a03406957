// Deadlines of fields: HEXPIRE, HTTL and their relatives, HPERSIST.
#include "core/commands/context.h"
#include "core/commands/fields_ahead.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/hash_edit.h"
#include "core/commands/hash_options.h"

namespace synap::commands {
namespace {

using Kind = ExpiryOption::Kind;

enum class Condition : uint8_t { kNone, kNx, kXx, kGt, kLt };

// What these commands reply for a field.
constexpr int64_t kNoField = -2;
constexpr int64_t kNoDeadline = -1;
constexpr int64_t kRefused = 0;
constexpr int64_t kDone = 1;
constexpr int64_t kDeleted = 2;

Condition take_condition(CommandContext& ctx, size_t i) noexcept {
    if (ctx.is_word(i, "NX")) return Condition::kNx;
    if (ctx.is_word(i, "XX")) return Condition::kXx;
    if (ctx.is_word(i, "GT")) return Condition::kGt;
    if (ctx.is_word(i, "LT")) return Condition::kLt;
    return Condition::kNone;
}

// No deadline is later than any.
bool allows(Condition condition, int64_t old, int64_t deadline) noexcept {
    switch (condition) {
        case Condition::kNone:
            return true;
        case Condition::kNx:
            return old == 0;
        case Condition::kXx:
            return old != 0;
        case Condition::kGt:
            return old != 0 && deadline > old;
        case Condition::kLt:
            return old == 0 || deadline < old;
    }
    return false;
}

void expire(CommandContext& ctx, Kind kind) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    int64_t deadline = 0;
    FieldArguments fields;
    if (!ctx.edit_hash(key, node) || !take_field_deadline(ctx, kind, 2, deadline)) return;
    const Condition condition = take_condition(ctx, 3);
    if (!take_fields(ctx, condition == Condition::kNone ? 3 : 4,
                     "ERR Parameter `numFields` should be greater than 0", fields)) {
        return;
    }
    const bool passed = deadline <= ctx.now_ms();
    FieldPlan plan(ctx, node, fields);
    HashEdit edit(ctx, key);
    ctx.reply().begin_array(fields.count);
    for (size_t i = 0; i < fields.count; ++i) {
        FieldPlan::Field& field = plan.at(i);
        if (!field.there) {
            ctx.reply().integer(kNoField);
        } else if (!allows(condition, field.deadline, deadline)) {
            ctx.reply().integer(kRefused);
        } else if (passed) {
            edit.remove(ctx.arg(fields.first + i));
            field.there = false;
            ctx.reply().integer(kDeleted);
        } else {
            edit.set_deadline(ctx.arg(fields.first + i), deadline);
            field.deadline = deadline;
            ctx.reply().integer(kDone);
        }
    }
    edit.emit();
}

// Replies for each field what shown(deadline) makes of its deadline.
template <typename Shown>
void show_deadlines(CommandContext& ctx, Shown&& shown) {
    Node* node = nullptr;
    FieldArguments fields;
    if (!ctx.read_hash(ctx.key(1), node) || !take_fields(ctx, 2, kNoFieldCount, fields)) return;
    const HashRef hash(node);
    FieldsAhead ahead(ctx, hash, fields.first);
    FieldView field;
    ctx.reply().begin_array(fields.count);
    for (size_t i = fields.first; i < ctx.argc(); ++i) {
        ahead.reach(i);
        const bool there = hash.find_live(ctx.arg(i), ctx.now_ms(), field);
        ctx.reply().integer(!there                ? kNoField
                            : field.deadline == 0 ? kNoDeadline
                                                  : shown(field.deadline));
    }
}

constexpr int64_t seconds_up(int64_t ms) noexcept { return (ms + 999) / 1000; }

}  // namespace

void cmd_hexpire(CommandContext& ctx) { expire(ctx, Kind::kEx); }

void cmd_hpexpire(CommandContext& ctx) { expire(ctx, Kind::kPx); }

void cmd_hexpireat(CommandContext& ctx) { expire(ctx, Kind::kExAt); }

void cmd_hpexpireat(CommandContext& ctx) { expire(ctx, Kind::kPxAt); }

void cmd_httl(CommandContext& ctx) {
    show_deadlines(ctx, [&](int64_t deadline) { return seconds_up(deadline - ctx.now_ms()); });
}

void cmd_hpttl(CommandContext& ctx) {
    show_deadlines(ctx, [&](int64_t deadline) { return deadline - ctx.now_ms(); });
}

void cmd_hexpiretime(CommandContext& ctx) { show_deadlines(ctx, seconds_up); }

void cmd_hpexpiretime(CommandContext& ctx) {
    show_deadlines(ctx, [](int64_t deadline) { return deadline; });
}

void cmd_hpersist(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    FieldArguments fields;
    if (!ctx.edit_hash(key, node) || !take_fields(ctx, 2, kNoFieldCount, fields)) return;
    FieldPlan plan(ctx, node, fields);
    HashEdit edit(ctx, key);
    ctx.reply().begin_array(fields.count);
    for (size_t i = 0; i < fields.count; ++i) {
        FieldPlan::Field& field = plan.at(i);
        if (!field.there || field.deadline == 0) {
            ctx.reply().integer(field.there ? kNoDeadline : kNoField);
            continue;
        }
        edit.set_deadline(ctx.arg(fields.first + i), 0);
        field.deadline = 0;
        ctx.reply().integer(kDone);
    }
    edit.emit();
}

}  // namespace synap::commands
