// Commands that read, set and delete fields of hashes.
#include "core/commands/context.h"
#include "core/commands/fields_ahead.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/hash_edit.h"

namespace synap::commands {
namespace {

// Fields of the key as it is now, those past their deadline included.
uint64_t fields_of(CommandContext& ctx, const KeyRef& key) noexcept {
    return HashRef(ctx.keyspace().find(key)).size();
}

// Of the fields in argv[from], argv[from + step] ... those that have expired and are still held are
// deleted, so that what is counted afterwards is what a client sees.
void drop_expired(CommandContext& ctx, const KeyRef& key, HashRef hash, size_t from, size_t step) {
    if (!hash.due(ctx.now_ms())) return;
    HashEdit edit(ctx, key);
    FieldsAhead ahead(ctx, hash, from, step);
    FieldView found;
    for (size_t i = from; i < ctx.argc(); i += step) {
        ahead.reach(i);
        if (hash.find(ctx.arg(i), found) && found.expired(ctx.now_ms())) edit.remove(found.field);
    }
    edit.emit(Reason::kExpired);
}

// Sets the pairs behind the key. False, with the error replied, where it could not; else how many
// of the fields are new.
bool set_pairs(CommandContext& ctx, uint64_t& created) {
    if (ctx.argc() % 2 != 0) {
        ctx.wrong_arity();
        return false;
    }
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_hash(key, node)) return false;
    const HashRef hash(node);
    uint64_t before = hash.size();
    bool in_place = hash.tree() != nullptr;  // it is where it was as long as it only grows
    if (hash.due(ctx.now_ms())) {
        drop_expired(ctx, key, hash, 2, 2);
        before = fields_of(ctx, key);
        in_place = false;
    }
    HashEdit edit(ctx, key);
    for (size_t i = 2; i < ctx.argc(); i += 2) edit.set(ctx.arg(i), ctx.arg(i + 1), 0);
    edit.emit();
    created = (in_place ? hash.size() : fields_of(ctx, key)) - before;
    return true;
}

// The value of a field that is there and alive. False with the reply made: an error, or `absent`.
template <typename Absent>
bool find_field(CommandContext& ctx, FieldView& field, Absent&& absent) {
    Node* node = nullptr;
    if (!ctx.read_hash(ctx.key(1), node)) return false;
    const HashRef hash(node);
    if (!hash.find(ctx.arg(2), field) || (field.deadline != 0 && field.expired(ctx.now_ms()))) {
        absent(ctx.reply());
        return false;
    }
    return true;
}

void reply_all(CommandContext& ctx, HashPart part) {
    Node* node = nullptr;
    if (!ctx.read_hash(ctx.key(1), node)) return;
    const HashRef hash(node);
    const int64_t now = ctx.now_ms();
    Reply& reply = ctx.reply();
    if (hash.tree() != nullptr) return reply.hash(hash.tree()->share(), {part, now});
    const uint64_t count = hash.live_size(now);
    if (part == HashPart::kBoth) {
        reply.begin_map(count);
    } else {
        reply.begin_array(count);
    }
    hash.for_each([&](const FieldView& field) {
        if (field.expired(now)) return;
        if (part != HashPart::kValues) reply.bulk(field.field);
        if (part != HashPart::kFields) reply.bulk(field.value);
    });
}

}  // namespace

void cmd_hset(CommandContext& ctx) {
    uint64_t created = 0;
    if (set_pairs(ctx, created)) ctx.reply().integer(static_cast<int64_t>(created));
}

void cmd_hmset(CommandContext& ctx) {
    uint64_t created = 0;
    if (set_pairs(ctx, created)) ctx.reply().ok();
}

void cmd_hsetnx(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_hash(key, node)) return;
    FieldView found;
    if (HashRef(node).find_live(ctx.arg(2), ctx.now_ms(), found)) return ctx.reply().integer(0);
    HashEdit edit(ctx, key);
    edit.set(ctx.arg(2), ctx.arg(3), 0);
    edit.emit();
    ctx.reply().integer(1);
}

void cmd_hget(CommandContext& ctx) {
    FieldView field;
    if (!find_field(ctx, field, [](Reply& reply) { reply.null(); })) return;
    ctx.reply().bulk_of(field.value, field.blob);
}

void cmd_hmget(CommandContext& ctx) {
    Node* node = nullptr;
    if (!ctx.read_hash(ctx.key(1), node)) return;
    const HashRef hash(node);
    ctx.reply().begin_array(ctx.argc() - 2);
    FieldsAhead ahead(ctx, hash, 2);
    FieldView field;
    for (size_t i = 2; i < ctx.argc(); ++i) {
        ahead.reach(i);
        if (hash.find_live(ctx.arg(i), ctx.now_ms(), field)) {
            ctx.reply().bulk_of(field.value, field.blob);
        } else {
            ctx.reply().null();
        }
    }
}

void cmd_hgetall(CommandContext& ctx) { reply_all(ctx, HashPart::kBoth); }

void cmd_hkeys(CommandContext& ctx) { reply_all(ctx, HashPart::kFields); }

void cmd_hvals(CommandContext& ctx) { reply_all(ctx, HashPart::kValues); }

void cmd_hlen(CommandContext& ctx) {
    Node* node = nullptr;
    if (!ctx.read_hash(ctx.key(1), node)) return;
    ctx.reply().integer(static_cast<int64_t>(HashRef(node).live_size(ctx.now_ms())));
}

void cmd_hstrlen(CommandContext& ctx) {
    FieldView field;
    if (!find_field(ctx, field, [](Reply& reply) { reply.integer(0); })) return;
    ctx.reply().integer(static_cast<int64_t>(field.value.size()));
}

void cmd_hexists(CommandContext& ctx) {
    FieldView field;
    if (!find_field(ctx, field, [](Reply& reply) { reply.integer(0); })) return;
    ctx.reply().integer(1);
}

void cmd_hdel(CommandContext& ctx) {
    const KeyRef key = ctx.key(1);
    Node* node = nullptr;
    if (!ctx.edit_hash(key, node)) return;
    const HashRef hash(node);
    const uint64_t before = hash.size();
    HashEdit edit(ctx, key);
    FieldsAhead ahead(ctx, hash, 2);
    FieldView found;
    for (size_t i = 2; i < ctx.argc(); ++i) {
        ahead.reach(i);
        if (hash.find_live(ctx.arg(i), ctx.now_ms(), found)) edit.remove(ctx.arg(i));
    }
    edit.emit();
    ctx.reply().integer(static_cast<int64_t>(before - fields_of(ctx, key)));
}

}  // namespace synap::commands
