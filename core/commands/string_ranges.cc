// Parts of strings: APPEND, SETRANGE, GETRANGE.
#include <algorithm>

#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"

namespace synap::commands {
namespace {

// False, with the error replied, when `added` bytes from `offset` on would make too long a string.
bool fits(CommandContext& ctx, uint64_t offset, uint64_t added) {
    const uint64_t most = ctx.run().value_bytes_max;
    if (offset > most || added > most - offset) {
        ctx.error("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
        return false;
    }
    if (offset + added <= ctx.run().data_bytes_max) return true;
    ctx.error(kOutOfMemory);  // nothing is evicted for what can never be there
    return false;
}

void reply_part(CommandContext& ctx, const Node& node, int64_t start, int64_t end) {
    StringView value;
    node.view(value);
    const auto size = static_cast<int64_t>(value.text.size());
    // Both counted from the end and crossed: empty, even where clamping would uncross them.
    const bool crossed = start < 0 && end < 0 && start > end;
    if (start < 0) start = std::max<int64_t>(start + size, 0);
    if (end < 0) end = std::max<int64_t>(end + size, 0);
    end = std::min(end, size - 1);
    if (crossed || start > end) return ctx.reply().bulk("");
    if (start == 0 && end == size - 1) return ctx.reply_string(node);
    const std::string_view part =
        value.text.substr(static_cast<size_t>(start), static_cast<size_t>(end - start + 1));
    if (value.blob != nullptr && part.size() > limits::kInlineValueBytes) {
        ctx.reply().bulk(value.blob, part);
    } else {
        ctx.reply().bulk(part);
    }
}

void get_range(CommandContext& ctx) {
    int64_t start = 0;
    int64_t end = 0;
    if (!ctx.take_integer(2, start) || !ctx.take_integer(3, end)) return;
    Node* node = nullptr;
    if (!ctx.read_string(ctx.key(1), node)) return;
    if (node == nullptr) return ctx.reply().bulk("");
    reply_part(ctx, *node, start, end);
}

}  // namespace

void cmd_getrange(CommandContext& ctx) { get_range(ctx); }

void cmd_substr(CommandContext& ctx) { get_range(ctx); }

void cmd_setrange(CommandContext& ctx) {
    int64_t offset = 0;
    if (!ctx.take_integer(2, offset)) return;
    if (offset < 0) return ctx.error("ERR offset is out of range");
    const KeyRef key = ctx.key(1);
    const std::string_view bytes = ctx.arg(3);
    Node* node = nullptr;
    if (!ctx.edit_string(key, node)) return;
    const size_t size = node == nullptr ? 0 : node->string_size();
    if (bytes.empty()) return ctx.reply().integer(static_cast<int64_t>(size));
    const auto at = static_cast<uint64_t>(offset);
    if (!fits(ctx, at, bytes.size())) return;
    ctx.write_range(key, at, bytes);
    ctx.reply().integer(static_cast<int64_t>(std::max<uint64_t>(size, at + bytes.size())));
}

void cmd_append(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    const std::string_view bytes = ctx.arg(2);
    Node* node = nullptr;
    if (!ctx.edit_string(key, node)) return;
    if (node == nullptr) {
        ctx.set_string(key, bytes, 0);
        return ctx.reply().integer(static_cast<int64_t>(bytes.size()));
    }
    const size_t size = node->string_size();
    if (!fits(ctx, size, bytes.size())) return;
    ctx.write_range(key, size, bytes);
    ctx.reply().integer(static_cast<int64_t>(size + bytes.size()));
}

}  // namespace synap::commands
