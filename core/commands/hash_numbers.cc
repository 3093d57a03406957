// Fields that hold numbers: HINCRBY and HINCRBYFLOAT. A field keeps its deadline.
#include <cmath>

#include "core/base/assert.h"
#include "core/base/numbers.h"
#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/hash_edit.h"

namespace synap::commands {
namespace {

void set_field(CommandContext& ctx, const KeyRef& key, std::string_view value, int64_t deadline) {
    HashEdit edit(ctx, key);
    edit.set(ctx.arg(2), value, deadline);
    edit.emit();
}

}  // namespace

void cmd_hincrby(CommandContext& ctx) {
    int64_t delta = 0;
    if (!ctx.take_integer(3, delta)) return;
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_hash(key, node)) return;
    int64_t value = 0;
    FieldView field;
    if (!HashRef(node).find_live(ctx.arg(2), ctx.now_ms(), field)) {
        field = {};
    } else if (!parse_integer(field.value, value)) {
        return ctx.error("ERR hash value is not an integer");
    }
    if (__builtin_add_overflow(value, delta, &value)) {
        return ctx.error("ERR increment or decrement would overflow");
    }
    char text[kIntegerCharsMax];
    set_field(ctx, key, {text, print_integer(text, value)}, field.deadline);
    ctx.reply().integer(value);
}

void cmd_hincrbyfloat(CommandContext& ctx) {
    long double delta = 0;
    if (!parse_long_double(ctx.arg(3), delta)) return ctx.error("ERR value is not a valid float");
    if (!std::isfinite(delta)) return ctx.error("ERR value is NaN or Infinity");
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_hash(key, node)) return;
    long double value = 0;
    FieldView field;
    if (!HashRef(node).find_live(ctx.arg(2), ctx.now_ms(), field)) {
        field = {};
    } else if (!parse_long_double(field.value, value)) {
        return ctx.error("ERR hash value is not a float");
    }
    value += delta;
    if (!std::isfinite(value)) return ctx.error("ERR increment would produce NaN or Infinity");
    char text[kDoubleCharsMax];
    const size_t size = print_long_double(text, value);
    SYNAP_ASSERT(size != 0);
    set_field(ctx, key, {text, size}, field.deadline);
    ctx.reply().bulk({text, size});
}

}  // namespace synap::commands
