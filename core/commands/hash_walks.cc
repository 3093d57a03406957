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
    const size_t count = std::min(static_cast<size_t>(options.count), limits::kScannedFields);
    return hash.tree()->scan(cursor, count, [&](const TreeEntry& it) {
        see(FieldView{it.member, it.value, it.deadline, it.blob});
    });
}

void reply_page(Reply& reply, uint64_t cursor, const std::vector<FieldView>& page, bool values) {
    char digits[kIntegerCharsMax];
    reply.begin_array(2);
    reply.bulk({digits, print_integer(digits, static_cast<int64_t>(cursor))});
    reply.begin_array(values ? page.size() * 2 : page.size());
    for (const FieldView& field : page) {
        reply.bulk(field.field);
        if (values) reply.bulk_of(field.value, field.blob);
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

// Draws fields one at a time, each with about the same chance.
class Draw {
public:
    Draw(const HashRef& hash, int64_t now, SmallRandom& random)
        : hash_(hash), now_(now), random_(random), from_tree_(hash.tree() != nullptr) {
        if (!from_tree_) fields_ = all_live(hash, now);
    }
    // False where nothing is alive.
    bool next(FieldView& field) {
        if (from_tree_ && next_of_tree(field)) return true;
        if (fields_.empty()) return false;
        field = fields_[random_.below(fields_.size())];
        return true;
    }

private:
    // Where hardly anything is alive, what is has to be looked for.
    bool next_of_tree(FieldView& field) {
        constexpr int kTries = 128;
        TreeEntry entry;
        for (int i = 0; i < kTries && hash_.tree()->random(random_.next(), entry); ++i) {
            field = {entry.member, entry.value, entry.deadline, entry.blob};
            if (!field.expired(now_)) return true;
        }
        fields_ = all_live(hash_, now_);
        from_tree_ = false;
        return false;
    }

    const HashRef& hash_;
    const int64_t now_;
    SmallRandom& random_;
    bool from_tree_;
    std::vector<FieldView> fields_;
};

// `count` fields of a packed hash, each of them once; `count` is less than are alive.
std::vector<FieldView> distinct_of_packed(const HashRef& hash, size_t count, int64_t now,
                                          SmallRandom& random) {
    std::vector<FieldView> fields = all_live(hash, now);
    for (size_t i = 0; i < count; ++i) {
        std::swap(fields[i], fields[i + random.below(fields.size() - i)]);
    }
    fields.resize(count);
    return fields;
}

// Of a tree in which all are alive, where `count` is a small part of them.
std::vector<FieldView> distinct_of_tree(const HashRef& hash, size_t count, int64_t now,
                                        SmallRandom& random) {
    Draw draw(hash, now, random);
    std::vector<FieldView> fields;
    std::unordered_set<std::string_view> seen;
    FieldView field;
    while (fields.size() < count && draw.next(field)) {
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
    if (values) reply.bulk_of(field.value, field.blob);
}

void reply_fields(Reply& reply, std::span<const FieldView> fields, bool values) {
    begin_fields(reply, fields.size(), values);
    for (const FieldView& field : fields) reply_field(reply, field, values);
}

void reply_repeated(CommandContext& ctx, const HashRef& hash, uint64_t count, bool values) {
    Draw draw(hash, ctx.now_ms(), ctx.run().random);
    FieldView field;
    if (!draw.next(field)) return ctx.reply().begin_array(0);
    begin_fields(ctx.reply(), count, values);
    for (;;) {
        reply_field(ctx.reply(), field, values);
        if (--count == 0) return;
        draw.next(field);
    }
}

void reply_random(CommandContext& ctx, int64_t count, bool values) {
    // Of a large hash only so many are drawn under its slot's lock, and only where others than
    // those that came before are soon found.
    constexpr uint64_t kDrawnUnderLock = 1024;
    constexpr uint64_t kShare = 4;
    Node* node = nullptr;
    if (!ctx.read_hash(ctx.key(1), node)) return;
    const HashRef hash(node);
    const int64_t now = ctx.now_ms();
    Reply& reply = ctx.reply();
    if (count == 0 || hash.size() == 0) return reply.begin_array(0);
    SmallRandom& random = ctx.run().random;
    const uint64_t wanted =
        count < 0 ? 0 - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
    if (hash.tree() != nullptr) {
        const bool found_soon = count < 0 || (!hash.due(now) && wanted < hash.size() / kShare);
        if (wanted > kDrawnUnderLock || !found_soon) {
            const HashPart part = values ? HashPart::kPairs : HashPart::kFields;
            const HashChoice choice{part, now, wanted, random.next(), count < 0};
            return reply.hash(hash.tree()->share(), choice);
        }
        if (count > 0) {
            return reply_fields(reply, distinct_of_tree(hash, wanted, now, random), values);
        }
    }
    if (count < 0) return reply_repeated(ctx, hash, wanted, values);
    const size_t shown = std::min<uint64_t>(wanted, hash.live_size(now));
    reply_fields(reply, distinct_of_packed(hash, shown, now, random), values);
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
    if (hash.size() == 0) return ctx.reply().null();
    Draw draw(hash, ctx.now_ms(), ctx.run().random);
    FieldView field;
    if (!draw.next(field)) return ctx.reply().null();
    ctx.reply().bulk(field.field);
}

}  // namespace synap::commands
