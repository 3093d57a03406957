// Fields that are read or set together with what becomes of their deadlines: HGETDEL, HGETEX and
// HSETEX.
#include <limits>
#include <string>

#include "core/base/numbers.h"
#include "core/commands/context.h"
#include "core/commands/fields_ahead.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/hash_edit.h"
#include "core/commands/hash_options.h"

namespace synap::commands {
namespace {

using Kind = ExpiryOption::Kind;

struct Expiry {
    Kind kind = Kind::kNone;
    int64_t deadline = 0;
};

Kind kind_at(CommandContext& ctx, size_t i) noexcept {
    if (ctx.is_word(i, "EX")) return Kind::kEx;
    if (ctx.is_word(i, "PX")) return Kind::kPx;
    if (ctx.is_word(i, "EXAT")) return Kind::kExAt;
    if (ctx.is_word(i, "PXAT")) return Kind::kPxAt;
    if (ctx.is_word(i, "PERSIST")) return Kind::kPersist;
    if (ctx.is_word(i, "KEEPTTL")) return Kind::kKeepTtl;
    return Kind::kNone;
}

constexpr bool has_time(Kind kind) noexcept { return (kExpiryTimes & expiry_kind(kind)) != 0; }

void reply_value(Reply& reply, const FieldPlan::Field& field) {
    if (field.there) {
        reply.bulk_of(field.value, field.blob);
    } else {
        reply.null();
    }
}

struct SetOptions {
    enum class Condition : uint8_t { kNone, kAbsent, kPresent };

    Condition condition = Condition::kNone;
    Expiry expiry;
    FieldArguments pairs;  // count: of the pairs
};

bool refuse(CommandContext& ctx, std::string_view message) {
    ctx.error(message);
    return false;
}

// FIELDS at argv[at], which ends the call.
bool take_pairs(CommandContext& ctx, size_t at, FieldArguments& pairs) {
    int64_t count = 0;
    pairs.first = at + 2;
    const bool room_for_one = pairs.first + 2 <= ctx.argc();
    if (room_for_one && (!parse_integer(ctx.arg(at + 1), count) || count < 1 ||
                         count > std::numeric_limits<int32_t>::max())) {
        return refuse(ctx, "ERR invalid number of fields");
    }
    pairs.count = static_cast<size_t>(count);
    if (room_for_one && pairs.first + 2 * pairs.count == ctx.argc()) return true;
    ctx.wrong_arity();
    return false;
}

bool take_set_options(CommandContext& ctx, SetOptions& options) {
    using Condition = SetOptions::Condition;
    for (size_t i = 2; i < ctx.argc(); ++i) {
        if (ctx.is_word(i, "FIELDS")) return take_pairs(ctx, i, options.pairs);
        if (ctx.is_word(i, "FNX") || ctx.is_word(i, "FXX")) {
            if (options.condition != Condition::kNone) {
                return refuse(ctx, "ERR Only one of FXX or FNX arguments can be specified");
            }
            options.condition = ctx.is_word(i, "FNX") ? Condition::kAbsent : Condition::kPresent;
            continue;
        }
        const Kind kind = kind_at(ctx, i);
        if (kind == Kind::kNone || kind == Kind::kPersist) {
            const std::string_view word = ctx.arg(i);  // shown up to a NUL, as C would
            return refuse(ctx,
                          "ERR unknown argument: " + std::string(word.substr(0, word.find('\0'))));
        }
        if (options.expiry.kind != Kind::kNone) {
            return refuse(ctx,
                          "ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be "
                          "specified");
        }
        options.expiry.kind = kind;
        if (!has_time(kind)) continue;
        if (++i == ctx.argc()) break;
        if (!take_field_deadline(ctx, kind, i, options.expiry.deadline)) return false;
    }
    ctx.wrong_arity();
    return false;
}

bool met(CommandContext& ctx, const HashRef& hash, const SetOptions& options) {
    using Condition = SetOptions::Condition;
    if (options.condition == Condition::kNone) return true;
    FieldsAhead ahead(ctx, hash, options.pairs.first, 2);
    FieldView found;
    for (size_t i = options.pairs.first; i < ctx.argc(); i += 2) {
        ahead.reach(i);
        const bool there = hash.find_live(ctx.arg(i), ctx.now_ms(), found);
        if (there != (options.condition == Condition::kPresent)) return false;
    }
    return true;
}

}  // namespace

void cmd_hgetdel(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    FieldArguments fields;
    if (!ctx.read_hash(key, node) || !take_fields(ctx, 2, kNoFieldCount, fields)) return;
    FieldPlan plan(ctx, node, fields);
    HashEdit edit(ctx, key);
    ctx.reply().begin_array(fields.count);
    for (size_t i = 0; i < fields.count; ++i) {
        FieldPlan::Field& field = plan.at(i);
        reply_value(ctx.reply(), field);
        if (field.there) edit.remove(ctx.arg(fields.first + i));
        field.there = false;
    }
    edit.emit();
}

void cmd_hgetex(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    Expiry expiry;
    FieldArguments fields;
    if (!ctx.read_hash(key, node)) return;
    expiry.kind = kind_at(ctx, 2);
    const bool timed = has_time(expiry.kind);
    if (timed && !take_field_deadline(ctx, expiry.kind, 3, expiry.deadline)) return;
    const size_t at = timed ? 4 : expiry.kind == Kind::kPersist ? 3 : 2;
    if (!take_fields(ctx, at, kNoFieldCount, fields)) return;
    const bool passed = timed && expiry.deadline <= ctx.now_ms();
    FieldPlan plan(ctx, node, fields);
    HashEdit edit(ctx, key);
    ctx.reply().begin_array(fields.count);
    for (size_t i = 0; i < fields.count; ++i) {
        FieldPlan::Field& field = plan.at(i);
        reply_value(ctx.reply(), field);
        if (!field.there) continue;
        if (passed) {
            edit.remove(ctx.arg(fields.first + i));
            field.there = false;
        } else if (timed || (expiry.kind == Kind::kPersist && field.deadline != 0)) {
            edit.set_deadline(ctx.arg(fields.first + i), expiry.deadline);
            field.deadline = expiry.deadline;
        }
    }
    edit.emit();
}

void cmd_hsetex(CommandContext& ctx) {
    SetOptions options;
    if (!take_set_options(ctx, options)) return;
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_hash(key, node)) return;
    const HashRef hash(node);
    if (!met(ctx, hash, options)) return ctx.reply().integer(0);
    const bool passed = has_time(options.expiry.kind) && options.expiry.deadline <= ctx.now_ms();
    HashEdit edit(ctx, key);
    FieldsAhead ahead(ctx, hash, options.pairs.first, 2);
    FieldView found;
    for (size_t i = options.pairs.first; i < ctx.argc(); i += 2) {
        if (passed || options.expiry.kind == Kind::kKeepTtl) ahead.reach(i);
        if (passed) {  // set and gone at once
            if (hash.find(ctx.arg(i), found)) edit.remove(ctx.arg(i));
            continue;
        }
        int64_t deadline = options.expiry.deadline;
        if (options.expiry.kind == Kind::kKeepTtl &&
            hash.find_live(ctx.arg(i), ctx.now_ms(), found)) {
            deadline = found.deadline;
        }
        edit.set(ctx.arg(i), ctx.arg(i + 1), deadline);
    }
    edit.emit();
    ctx.reply().integer(1);
}

}  // namespace synap::commands
