// What a database holds: SCAN, KEYS, RANDOMKEY, DBSIZE.
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/glob.h"
#include "core/base/numbers.h"
#include "core/base/text.h"
#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/scan_options.h"
#include "core/keyspace/walk.h"

namespace synap::commands {
namespace {

constexpr size_t kNoLimit = ~size_t{0};

struct Filter {
    std::string_view pattern = "*";
    bool has_type = false;
    std::string type;  // in upper case

    bool shows(const Node& node) const noexcept {
        if (has_type && !equals_ignoring_case(ops_of(node.type()).name, type)) return false;
        return pattern == "*" || glob_match(pattern, node.key(), false);
    }
};

uint64_t collect(CommandContext& ctx, uint64_t cursor, size_t wanted, size_t slots_max,
                 const Filter& filter, std::vector<std::string>& names) {
    const int64_t now = ctx.now_ms();
    return walk(ctx.keyspace(), cursor, wanted, slots_max, [&](const Node& node) {
        if (node.name_space() != ctx.name_space() || node.expired(now)) return;
        if (filter.shows(node)) names.emplace_back(node.key());
    });
}

void reply_names(Reply& reply, const std::vector<std::string>& names) {
    reply.begin_array(names.size());
    for (const std::string& name : names) reply.bulk(name);
}

std::string to_upper(std::string_view text) {
    std::string upper(text);
    for (char& c : upper) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    }
    return upper;
}

bool take_scan_options(CommandContext& ctx, Filter& filter, int64_t& count) {
    for (size_t i = 2; i < ctx.argc(); i += 2) {
        const bool has_value = i + 1 < ctx.argc();
        if (has_value && ctx.is_word(i, "COUNT")) {
            if (!ctx.take_integer(i + 1, count)) return false;
            if (count >= 1) continue;
        } else if (has_value && ctx.is_word(i, "MATCH")) {
            filter.pattern = ctx.arg(i + 1);
            continue;
        } else if (has_value && ctx.is_word(i, "TYPE")) {
            filter.has_type = true;  // an unknown one matches nothing
            filter.type = to_upper(ctx.arg(i + 1));
            continue;
        }
        ctx.syntax_error();
        return false;
    }
    return true;
}

int64_t size_of(CommandContext& ctx) noexcept {
    return ctx.keyspace().accounts().keys(ctx.name_space());
}

}  // namespace

bool parse_cursor(std::string_view text, uint64_t& cursor) noexcept {
    cursor = 0;
    if (text.empty()) return true;
    const bool negative = text[0] == '-';
    const std::string_view digits = text.substr(negative || text[0] == '+' ? 1 : 0);
    for (const char c : digits) {
        const unsigned digit = static_cast<unsigned>(c) - '0';
        if (digit > 9 || __builtin_mul_overflow(cursor, uint64_t{10}, &cursor) ||
            __builtin_add_overflow(cursor, uint64_t{digit}, &cursor)) {
            return false;
        }
    }
    if (negative) cursor = 0 - cursor;
    return !digits.empty();
}

void cmd_scan(CommandContext& ctx) {
    // A page looks at no more slots than this for each key wanted, so that a call stays short in a
    // database that others outnumber; but at as many as a small store has, to finish at once.
    constexpr size_t kSlotsPerKey = 16;
    constexpr size_t kSlotsMin = 16'384;
    uint64_t cursor = 0;
    if (!parse_cursor(ctx.arg(1), cursor)) return ctx.error("ERR invalid cursor");
    Filter filter;
    int64_t count = 10;
    if (!take_scan_options(ctx, filter, count)) return;
    std::vector<std::string> names;
    if (size_of(ctx) == 0) {
        cursor = 0;
    } else {
        const auto wanted = static_cast<size_t>(count);
        size_t slots = 0;
        if (__builtin_mul_overflow(wanted, kSlotsPerKey, &slots)) slots = kNoLimit;
        cursor = collect(ctx, cursor, wanted, std::max(slots, kSlotsMin), filter, names);
    }
    char digits[kIntegerCharsMax];
    ctx.reply().begin_array(2);
    ctx.reply().bulk({digits, print_integer(digits, static_cast<int64_t>(cursor))});
    reply_names(ctx.reply(), names);
}

void cmd_keys(CommandContext& ctx) {
    Filter filter;
    filter.pattern = ctx.arg(1);
    std::vector<std::string> names;
    collect(ctx, 0, kNoLimit, kNoLimit, filter, names);
    reply_names(ctx.reply(), names);
}

void cmd_randomkey(CommandContext& ctx) {
    std::string name;
    const bool found = size_of(ctx) != 0 && random_key(ctx.keyspace(), ctx.name_space(),
                                                       ctx.now_ms(), ctx.run().random, name);
    if (!found) return ctx.reply().null();
    ctx.reply().bulk(name);
}

void cmd_dbsize(CommandContext& ctx) { ctx.reply().integer(size_of(ctx)); }

}  // namespace synap::commands
