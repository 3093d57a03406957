// Commands that read whole strings, some of which change the key's expiry or remove it.
#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/string_options.h"

namespace synap::commands {

void cmd_get(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.read_string(key, node)) return;
    if (node == nullptr) return ctx.reply().null();
    ctx.reply_string(key, node);
}

void cmd_mget(CommandContext& ctx) {
    ctx.reply().begin_array(ctx.argc() - 1);
    for (size_t i = 1; i < ctx.argc(); ++i) {
        const KeyRef key = ctx.key(i);
        Node* node = ctx.read(key);
        if (node == nullptr || node->type() != ValueType::kString) {
            ctx.reply().null();
        } else {
            ctx.reply_string(key, node);
        }
    }
}

void cmd_strlen(CommandContext& ctx) {
    Node* node = nullptr;
    if (!ctx.read_string(ctx.key(1), node)) return;
    ctx.reply().integer(node == nullptr ? 0 : static_cast<int64_t>(node->string_size()));
}

void cmd_getdel(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.read_string(key, node)) return;
    if (node == nullptr) return ctx.reply().null();
    ctx.reply_string(key, node);
    ctx.erase(key);
}

void cmd_getex(CommandContext& ctx) {
    constexpr unsigned kExpiry = kExpiryTimes | expiry_kind(ExpiryOption::Kind::kPersist);
    ExpiryOption expiry;
    for (size_t i = 2; i < ctx.argc(); ++i) {
        if (!take_expiry(ctx, i, kExpiry, expiry)) return ctx.syntax_error();
    }
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.read_string(key, node)) return;
    if (node == nullptr) return ctx.reply().null();
    int64_t deadline = 0;
    if (expiry.has_time() && !take_deadline(ctx, expiry.kind, expiry.argument, deadline)) return;
    ctx.reply_string(key, node);
    if (expiry.is_absolute() && deadline <= ctx.now_ms()) {
        ctx.erase(key);
    } else if (expiry.has_time() ||
               (expiry.kind == ExpiryOption::Kind::kPersist && node->has_deadline())) {
        ctx.set_deadline(key, deadline);
    }
}

}  // namespace synap::commands
