// Commands on keys whatever their type: existence, names of types, OBJECT.
#include <algorithm>
#include <limits>

#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"
#include "core/keyspace/walk.h"

namespace synap::commands {
namespace {

constexpr int64_t kSharedIntegers = 10'000;
constexpr int64_t kReferencesOfShared = std::numeric_limits<int32_t>::max();

void erase_keys(CommandContext& ctx) {
    int64_t erased = 0;
    for (size_t i = 1; i < ctx.argc(); ++i) {
        const KeyRef key = ctx.key(i);
        if (ctx.peek(key) == nullptr) continue;
        ctx.erase(key);
        ++erased;
    }
    ctx.reply().integer(erased);
}

}  // namespace

void cmd_del(CommandContext& ctx) { erase_keys(ctx); }

void cmd_unlink(CommandContext& ctx) { erase_keys(ctx); }

void cmd_exists(CommandContext& ctx) {
    int64_t found = 0;
    for (size_t i = 1; i < ctx.argc(); ++i) found += ctx.look(ctx.key(i)) != nullptr ? 1 : 0;
    ctx.reply().integer(found);
}

void cmd_touch(CommandContext& ctx) {
    int64_t found = 0;
    for (size_t i = 1; i < ctx.argc(); ++i) found += ctx.read(ctx.key(i)) != nullptr ? 1 : 0;
    ctx.reply().integer(found);
}

void cmd_type(CommandContext& ctx) {
    const Node* node = ctx.look(ctx.key(1));
    ctx.reply().status(node == nullptr ? "none" : ops_of(node->type()).name);
}

void cmd_object_encoding(CommandContext& ctx) {
    const Node* node = ctx.look(ctx.key(2));
    if (node == nullptr) return ctx.reply().null();
    ctx.reply().bulk(ops_of(node->type()).encoding(node->value()));
}

void cmd_object_freq(CommandContext& ctx) {
    const Node* node = ctx.look(ctx.key(2));
    if (node == nullptr) return ctx.reply().null();
    if (!ctx.run().count_frequency) {
        return ctx.error(
            "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please "
            "note that when switching between policies at runtime LRU and LFU data will take some "
            "time to adjust.");
    }
    const uint32_t seconds = ctx.keyspace().seconds();
    const uint32_t idle = seconds - std::min(seconds, node->last_access());
    ctx.reply().integer(frequency_decayed(node->frequency(), idle / 60));
}

void cmd_object_idletime(CommandContext& ctx) {
    const Node* node = ctx.look(ctx.key(2));
    if (node == nullptr) return ctx.reply().null();
    if (ctx.run().count_frequency) {
        return ctx.error(
            "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
            "switching between policies at runtime LRU and LFU data will take some time to "
            "adjust.");
    }
    const uint32_t seconds = ctx.keyspace().seconds();
    ctx.reply().integer(seconds - std::min(seconds, node->last_access()));
}

// Small integers are one object each in Redis, shared by all keys; everything else has one owner.
void cmd_object_refcount(CommandContext& ctx) {
    const Node* node = ctx.look(ctx.key(2));
    if (node == nullptr) return ctx.reply().null();
    const bool shared = node->encoding() == Encoding::kInteger && node->integer() >= 0 &&
                        node->integer() < kSharedIntegers;
    ctx.reply().integer(shared ? kReferencesOfShared : 1);
}

}  // namespace synap::commands
