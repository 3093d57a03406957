// LCS: what two strings have in common.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/commands/context.h"
#include "core/commands/generated/handlers.h"
#include "core/types/lcs.h"

namespace synap::commands {
namespace {

struct LcsOptions {
    bool length = false;
    bool places = false;
    bool with_match_length = false;
    int64_t min_match_length = 0;
};

bool take_options(CommandContext& ctx, LcsOptions& options) {
    for (size_t i = 3; i < ctx.argc(); ++i) {
        if (ctx.is_word(i, "IDX")) {
            options.places = true;
        } else if (ctx.is_word(i, "LEN")) {
            options.length = true;
        } else if (ctx.is_word(i, "WITHMATCHLEN")) {
            options.with_match_length = true;
        } else if (ctx.is_word(i, "MINMATCHLEN") && i + 1 < ctx.argc()) {
            if (!ctx.take_integer(++i, options.min_match_length)) return false;
        } else {
            ctx.syntax_error();
            return false;
        }
    }
    if (!options.places || !options.length) return true;
    ctx.error("ERR If you want both the length and indexes, please just use IDX.");
    return false;
}

void reply_places(Reply& reply, const Lcs& lcs, const LcsOptions& options) {
    std::vector<LcsMatch> matches = lcs.matches();
    std::erase_if(matches,
                  [&](const LcsMatch& match) { return match.length() < options.min_match_length; });
    reply.begin_map(2);
    reply.text("matches");
    reply.begin_array(matches.size());
    for (const LcsMatch& match : matches) {
        reply.begin_array(options.with_match_length ? 3 : 2);
        reply.begin_array(2);
        reply.integer(match.a_first);
        reply.integer(match.a_last);
        reply.begin_array(2);
        reply.integer(match.b_first);
        reply.integer(match.b_last);
        if (options.with_match_length) reply.integer(match.length());
    }
    reply.text("len");
    reply.integer(lcs.length());
}

}  // namespace

void cmd_lcs(CommandContext& ctx) {
    StringView texts[2];
    for (size_t i = 0; i < 2; ++i) {
        const Node* node = ctx.read(ctx.key(i + 1));
        if (node == nullptr) continue;
        if (node->type() != ValueType::kString) {
            return ctx.error("ERR The specified keys must contain string values");
        }
        node->view(texts[i]);
    }
    LcsOptions options;
    if (!take_options(ctx, options)) return;
    const std::string_view a = texts[0].text;
    const std::string_view b = texts[1].text;
    if (Lcs::table_bytes(a.size(), b.size()) > ctx.run().value_bytes_max) {
        return ctx.error(
            "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
    }
    const Lcs lcs(a, b, !options.length);
    if (options.places) {
        reply_places(ctx.reply(), lcs, options);
    } else if (options.length) {
        ctx.reply().integer(lcs.length());
    } else {
        ctx.reply().bulk(lcs.text());
    }
}

}  // namespace synap::commands
