// Strings that hold numbers: INCR and its relatives.
#include <cmath>

#include "core/base/assert.h"
#include "core/base/numbers.h"
#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"

namespace synap::commands {
namespace {

bool integer_in(const Node& node, int64_t& value) noexcept {
    if (node.encoding() == Encoding::kInteger) {
        value = node.integer();
        return true;
    }
    StringView text;
    node.view(text);
    return parse_integer(text.text, value);
}

void add(CommandContext& ctx, int64_t delta) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_string(key, node)) return;
    int64_t value = 0;
    int64_t deadline = 0;
    if (node != nullptr) {
        if (!integer_in(*node, value)) return ctx.not_an_integer();
        deadline = node->deadline();
    }
    if (__builtin_add_overflow(value, delta, &value)) {
        return ctx.error("ERR increment or decrement would overflow");
    }
    ctx.set_integer(key, value, deadline);
    ctx.reply().integer(value);
}

}  // namespace

void cmd_incr(CommandContext& ctx) { add(ctx, 1); }

void cmd_decr(CommandContext& ctx) { add(ctx, -1); }

void cmd_incrby(CommandContext& ctx) {
    int64_t delta = 0;
    if (ctx.take_integer(2, delta)) add(ctx, delta);
}

void cmd_decrby(CommandContext& ctx) {
    int64_t delta = 0;
    if (!ctx.take_integer(2, delta)) return;
    if (delta == INT64_MIN) return ctx.error("ERR decrement would overflow");
    add(ctx, -delta);
}

void cmd_incrbyfloat(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_string(key, node)) return;
    long double value = 0;
    long double delta = 0;
    int64_t deadline = 0;
    bool is_number = parse_long_double(ctx.arg(2), delta);
    if (node != nullptr) {
        StringView text;
        node->view(text);
        is_number = is_number && parse_long_double(text.text, value);
        deadline = node->deadline();
    }
    if (!is_number) return ctx.error("ERR value is not a valid float");
    value += delta;
    if (!std::isfinite(value)) return ctx.error("ERR increment would produce NaN or Infinity");
    char text[kDoubleCharsMax];
    const size_t size = print_long_double(text, value);
    SYNAP_ASSERT(size != 0);
    ctx.set_text(key, {text, size}, deadline);
    ctx.reply().bulk({text, size});
}

}  // namespace synap::commands
