// Commands that show some fields of a hash: HSCAN and HRANDFIELD.
#include <algorithm>
#include <unordered_set>
#include <vector>

#include "core/base/glob.h"
#include "core/base/numbers.h"
#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/scan_options.h"
#include "core/types/hash_value.h"

namespace synap::commands {
namespace {

struct HscanOptions {
    std::string_view pattern = "*";
    int64_t count = 10;
    bool values = true;

    bool shows(const FieldView& field) const noexcept {
        return pattern == "*" || glob_match(pattern, field.field, false);
    }
};

bool take_hscan_options(CommandContext& ctx, HscanOptions& options) {
    for (size_t i = 3; i < ctx.argc(); ++i) {
        const bool has_value = i + 1 < ctx.argc();
        if (has_value && ctx.is_word(i, "COUNT")) {
            if (!ctx.take_integer(++i, options.count)) return false;
            if (options.count >= 1) continue;
        } else if (has_value && ctx.is_word(i, "MATCH")) {
            options.pattern = ctx.arg(++i);
            continue;
        } else if (ctx.is_word(i, "NOVALUES")) {
            options.values = false;
            continue;
        }
        ctx.syntax_error();
        return false;
    }
    return true;
}

// All fields of a packed hash, a page of a large one; answers the next cursor.
uint64_t collect(const HashRef& hash, uint64_t cursor, const HscanOptions& options, int64_t now,
                 std::vector<FieldView>& page) {
    const auto see = [&](const FieldView& field) {
        if (!field.expired(now) && options.shows(field)) page.push_back(field);
    };
    if (hash.tree() == nullptr) {
        hash.for_each(see);
        return 0;
    }
    return hash.tree()->scan(cursor, static_cast<size_t>(options.count), [&](const TreeEntry& it) {
        see(FieldView{it.member, it.value, it.deadline});
    });
}

void reply_page(Reply& reply, uint64_t cursor, const std::vector<FieldView>& page, bool values) {
    char digits[kIntegerCharsMax];
    reply.begin_array(2);
    reply.bulk({digits, print_integer(digits, static_cast<int64_t>(cursor))});
    reply.begin_array(values ? page.size() * 2 : page.size());
    for (const FieldView& field : page) {
        reply.bulk(field.field);
        if (values) reply.bulk(field.value);
    }
}

std::vector<FieldView> all_live(const HashRef& hash, int64_t now) {
    std::vector<FieldView> fields;
    fields.reserve(hash.size());
    hash.for_each([&](const FieldView& field) {
        if (!field.expired(now)) fields.push_back(field);
    });
    return fields;
}

// Draws fields one at a time, each with about the same chance; from a hash that has some.
class Draw {
public:
    Draw(const HashRef& hash, int64_t now, SmallRandom& random) : hash_(hash), random_(random) {
        // A tree draws by itself where every field is alive.
        if (hash.tree() == nullptr || hash.due(now)) fields_ = all_live(hash, now);
        from_tree_ = hash.tree() != nullptr && !hash.due(now);
    }
    bool empty() const noexcept { return !from_tree_ && fields_.empty(); }
    FieldView next() noexcept {
        if (!from_tree_) return fields_[random_.below(fields_.size())];
        TreeEntry entry;
        hash_.tree()->random(random_.next(), entry);
        return {entry.member, entry.value, entry.deadline};
    }

private:
    const HashRef& hash_;
    SmallRandom& random_;
    std::vector<FieldView> fields_;
    bool from_tree_ = false;
};

// `count` fields, each of them once; `count` is less than the hash holds.
std::vector<FieldView> distinct(const HashRef& hash, size_t count, int64_t now,
                                SmallRandom& random) {
    // Drawing again what came before costs more than a look at everything from some share on.
    constexpr size_t kShare = 4;
    if (hash.tree() == nullptr || hash.due(now) || count >= hash.size() / kShare) {
        std::vector<FieldView> fields = all_live(hash, now);
        for (size_t i = 0; i < count; ++i) {
            std::swap(fields[i], fields[i + random.below(fields.size() - i)]);
        }
        fields.resize(count);
        return fields;
    }
    Draw draw(hash, now, random);
    std::vector<FieldView> fields;
    std::unordered_set<std::string_view> seen;
    while (fields.size() < count) {
        const FieldView field = draw.next();
        if (seen.insert(field.field).second) fields.push_back(field);
    }
    return fields;
}

void begin_fields(Reply& reply, uint64_t count, bool values) {
    if (values) {
        reply.begin_pairs(count);
    } else {
        reply.begin_array(count);
    }
}

void reply_field(Reply& reply, const FieldView& field, bool values) {
    reply.bulk(field.field);
    if (values) reply.bulk(field.value);
}

// The count of HRANDFIELD; false, with the error replied, where it is none.
bool take_count(CommandContext& ctx, int64_t& count, bool& values) {
    if (!ctx.take_integer(2, count)) return false;
    if (count == INT64_MIN) {
        ctx.error(
            "ERR value is out of range, value must between -9223372036854775807 and "
            "9223372036854775807");
        return false;
    }
    if (ctx.argc() > 4 || (ctx.argc() == 4 && !ctx.is_word(3, "WITHVALUES"))) {
        ctx.syntax_error();
        return false;
    }
    values = ctx.argc() == 4;
    constexpr int64_t kPairsMax = INT64_MAX / 2;
    const bool fits = !values || (count >= -kPairsMax && count <= kPairsMax);
    // A negative count asks for as many as it says, whatever the hash holds.
    if (fits && count >= -static_cast<int64_t>(limits::kRandomFields)) return true;
    ctx.error("ERR value is out of range");
    return false;
}

void reply_random(CommandContext& ctx, int64_t count, bool values) {
    Node* node = nullptr;
    if (!ctx.read_hash(ctx.key(1), node)) return;
    const HashRef hash(node);
    const int64_t now = ctx.now_ms();
    Reply& reply = ctx.reply();
    const uint64_t size = count == 0 ? 0 : hash.live_size(now);
    if (size == 0) return reply.begin_array(0);
    if (count < 0) {
        Draw draw(hash, now, ctx.run().random);
        begin_fields(reply, static_cast<uint64_t>(-count), values);
        for (; count < 0; ++count) reply_field(reply, draw.next(), values);
    } else if (static_cast<uint64_t>(count) >= size) {
        begin_fields(reply, size, values);
        hash.for_each([&](const FieldView& field) {
            if (!field.expired(now)) reply_field(reply, field, values);
        });
    } else {
        const auto wanted = static_cast<size_t>(count);
        begin_fields(reply, wanted, values);
        for (const FieldView& field : distinct(hash, wanted, now, ctx.run().random)) {
            reply_field(reply, field, values);
        }
    }
}

}  // namespace

void cmd_hscan(CommandContext& ctx) {
    uint64_t cursor = 0;
    if (!parse_cursor(ctx.arg(2), cursor)) return ctx.error("ERR invalid cursor");
    Node* node = nullptr;
    if (!ctx.read_hash(ctx.key(1), node)) return;
    std::vector<FieldView> page;
    HscanOptions options;
    if (node != nullptr) {
        if (!take_hscan_options(ctx, options)) return;
        cursor = collect(HashRef(node), cursor, options, ctx.now_ms(), page);
    } else {
        cursor = 0;
    }
    reply_page(ctx.reply(), cursor, page, options.values);
}

void cmd_hrandfield(CommandContext& ctx) {
    if (ctx.argc() > 2) {
        int64_t count = 0;
        bool values = false;
        if (take_count(ctx, count, values)) reply_random(ctx, count, values);
        return;
    }
    Node* node = nullptr;
    if (!ctx.read_hash(ctx.key(1), node)) return;
    const HashRef hash(node);
    Draw draw(hash, ctx.now_ms(), ctx.run().random);
    if (draw.empty()) return ctx.reply().null();
    ctx.reply().bulk(draw.next().field);
}

}  // namespace synap::commands
