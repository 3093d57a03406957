// SET and its relatives: commands that store a whole string.
#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/string_options.h"

namespace synap::commands {
namespace {

using Kind = ExpiryOption::Kind;

enum class Condition : uint8_t { kNone, kAbsent, kPresent };

struct SetOptions {
    Condition condition = Condition::kNone;
    bool get = false;
    ExpiryOption expiry;
};

// Whatever the key holds gives way, so nothing of it is looked at; except its access counter, which
// a new value inherits and which counts this access.
void overwrite(CommandContext& ctx, const KeyRef& key, std::string_view value, int64_t deadline) {
    if (ctx.run().count_frequency) ctx.edit(key);
    ctx.set_string(key, value, deadline);
}

bool take_set_options(CommandContext& ctx, SetOptions& options) {
    constexpr unsigned kExpiry = kExpiryTimes | expiry_kind(Kind::kKeepTtl);
    for (size_t i = 3; i < ctx.argc(); ++i) {
        if (ctx.is_word(i, "NX") && options.condition != Condition::kPresent) {
            options.condition = Condition::kAbsent;
        } else if (ctx.is_word(i, "XX") && options.condition != Condition::kAbsent) {
            options.condition = Condition::kPresent;
        } else if (ctx.is_word(i, "GET")) {
            options.get = true;
        } else if (!take_expiry(ctx, i, kExpiry, options.expiry)) {
            ctx.syntax_error();
            return false;
        }
    }
    return true;
}

void reply_string_or_null(CommandContext& ctx, const KeyRef& key, Node*& node) {
    if (node == nullptr) {
        ctx.reply().null();
    } else {
        ctx.reply_string(key, node);
    }
}

void set_with_options(CommandContext& ctx, const SetOptions& options, int64_t deadline) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (options.get) {
        if (!ctx.read_string(key, node)) return;
        reply_string_or_null(ctx, key, node);
    } else {
        node = ctx.edit(key);
    }
    const bool refused = (options.condition == Condition::kAbsent && node != nullptr) ||
                         (options.condition == Condition::kPresent && node == nullptr);
    if (refused) {
        if (!options.get) ctx.reply().null();
        return;
    }
    const bool keep = options.expiry.kind == Kind::kKeepTtl && node != nullptr;
    ctx.set_string(key, ctx.arg(2), keep ? node->deadline() : deadline);
    if (!options.get) ctx.reply().ok();
}

// SETEX and PSETEX key time value.
void set_expiring(CommandContext& ctx, Kind kind) {
    int64_t deadline = 0;
    if (!take_deadline(ctx, kind, 2, deadline)) return;
    overwrite(ctx, ctx.key(1), ctx.arg(3), deadline);
    ctx.reply().ok();
}

void set_all(CommandContext& ctx) {
    for (size_t i = 1; i < ctx.argc(); i += 2) overwrite(ctx, ctx.key(i), ctx.arg(i + 1), 0);
}

struct CasOptions {
    bool absent = false;
    size_t expected = 0;  // where it stands in argv; 0: not given
    ExpiryOption expiry;
};

bool take_cas_options(CommandContext& ctx, CasOptions& options) {
    constexpr unsigned kExpiry =
        expiry_kind(Kind::kEx) | expiry_kind(Kind::kPx) | expiry_kind(Kind::kKeepTtl);
    for (size_t i = 3; i < ctx.argc(); ++i) {
        const bool has_condition = options.absent || options.expected != 0;
        if (!has_condition && ctx.is_word(i, "ABSENT")) {
            options.absent = true;
        } else if (!has_condition && ctx.is_word(i, "EXPECT") && i + 1 < ctx.argc()) {
            options.expected = ++i;
        } else if (!take_expiry(ctx, i, kExpiry, options.expiry)) {
            return false;
        }
    }
    return options.absent || options.expected != 0;
}

bool equals(const Node& node, std::string_view expected) noexcept {
    StringView value;
    node.view(value);
    return value.text == expected;
}

}  // namespace

void cmd_set(CommandContext& ctx) {
    if (ctx.argc() == 3) {
        overwrite(ctx, ctx.key(1), ctx.arg(2), 0);
        ctx.reply().ok();
        return;
    }
    SetOptions options;
    if (!take_set_options(ctx, options)) return;
    int64_t deadline = 0;
    const ExpiryOption& expiry = options.expiry;
    if (expiry.has_time() && !take_deadline(ctx, expiry.kind, expiry.argument, deadline)) return;
    set_with_options(ctx, options, deadline);
}

void cmd_setnx(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    if (ctx.edit(key) != nullptr) {
        ctx.reply().integer(0);
        return;
    }
    ctx.set_string(key, ctx.arg(2), 0);
    ctx.reply().integer(1);
}

void cmd_setex(CommandContext& ctx) { set_expiring(ctx, Kind::kEx); }

void cmd_psetex(CommandContext& ctx) { set_expiring(ctx, Kind::kPx); }

void cmd_getset(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.read_string(key, node)) return;
    reply_string_or_null(ctx, key, node);
    ctx.set_string(key, ctx.arg(2), 0);
}

void cmd_mset(CommandContext& ctx) {
    if (ctx.argc() % 2 == 0) return ctx.wrong_arity();
    set_all(ctx);
    ctx.reply().ok();
}

void cmd_msetnx(CommandContext& ctx) {
    if (ctx.argc() % 2 == 0) return ctx.wrong_arity();
    for (size_t i = 1; i < ctx.argc(); i += 2) {
        if (ctx.edit(ctx.key(i)) == nullptr) continue;
        ctx.reply().integer(0);
        return;
    }
    set_all(ctx);
    ctx.reply().integer(1);
}

void cmd_synap_cas(CommandContext& ctx) {
    CasOptions options;
    if (!take_cas_options(ctx, options)) return ctx.syntax_error();
    int64_t deadline = 0;
    const ExpiryOption& expiry = options.expiry;
    if (expiry.has_time() && !take_deadline(ctx, expiry.kind, expiry.argument, deadline)) return;
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_string(key, node)) return;
    const bool as_expected = options.absent
                                 ? node == nullptr
                                 : node != nullptr && equals(*node, ctx.arg(options.expected));
    if (!as_expected) {
        ctx.reply().integer(0);
        return;
    }
    const bool keep = expiry.kind == Kind::kKeepTtl && node != nullptr;
    ctx.set_string(key, ctx.arg(2), keep ? node->deadline() : deadline);
    ctx.reply().integer(1);
}

}  // namespace synap::commands
