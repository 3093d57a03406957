#include "core/commands/hash_options.h"

#include "core/base/numbers.h"

namespace synap::commands {

bool take_fields(CommandContext& ctx, size_t at, std::string_view bad_count,
                 FieldArguments& fields) {
    if (at + 1 >= ctx.argc()) {
        ctx.wrong_arity();
        return false;
    }
    if (!ctx.is_word(at, "FIELDS")) {
        ctx.error("ERR Mandatory argument FIELDS is missing or not at the right position");
        return false;
    }
    int64_t count = 0;
    if (!parse_integer(ctx.arg(at + 1), count) || count < 1) {
        ctx.error(bad_count);
        return false;
    }
    fields.first = at + 2;
    fields.count = ctx.argc() - fields.first;
    if (static_cast<uint64_t>(count) == fields.count) return true;
    ctx.error("ERR The `numfields` parameter must match the number of arguments");
    return false;
}

bool take_field_deadline(CommandContext& ctx, ExpiryOption::Kind kind, size_t at,
                         int64_t& deadline) {
    using Kind = ExpiryOption::Kind;
    if (!ctx.take_integer(at, deadline)) return false;
    if (deadline < 0) {
        ctx.error("ERR invalid expire time, must be >= 0");
        return false;
    }
    const bool in_seconds = kind == Kind::kEx || kind == Kind::kExAt;
    const int64_t from = kind == Kind::kEx || kind == Kind::kPx ? ctx.now_ms() : 0;
    const bool fits =
        (!in_seconds || !__builtin_mul_overflow(deadline, int64_t{1000}, &deadline)) &&
        !__builtin_add_overflow(deadline, from, &deadline) && deadline <= kFieldDeadlineMax;
    if (!fits) ctx.invalid_expire_time();
    return fits;
}

FieldPlan::FieldPlan(CommandContext& ctx, const Node* node, const FieldArguments& fields)
    : ctx_(ctx), hash_(node), ahead_(ctx, hash_, fields.first), first_(fields.first) {
    constexpr size_t kFew = 16;  // among so many, a field is looked for one after another
    fields_.reserve(fields.count);
    many_ = fields.count > kFew;
    if (many_) latest_.reserve(fields.count);
}

FieldPlan::Field& FieldPlan::at(size_t i) {
    const std::string_view name = ctx_.arg(first_ + i);
    if (many_) {
        const auto [place, is_new] = latest_.try_emplace(name, i);
        if (!is_new) {
            fields_.push_back(fields_[place->second]);
            place->second = i;
            return fields_.back();
        }
    } else {
        for (size_t j = i; j-- > 0;) {
            if (ctx_.arg(first_ + j) != name) continue;
            fields_.push_back(fields_[j]);
            return fields_.back();
        }
    }
    ahead_.reach(first_ + i);
    FieldView found;
    const bool there = hash_.find_live(name, ctx_.now_ms(), found);
    fields_.push_back(there ? Field{true, found.deadline, found.value, found.blob} : Field{});
    return fields_.back();
}

}  // namespace synap::commands
