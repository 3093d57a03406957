#include "core/commands/string_options.h"

#include <array>
#include <string_view>

namespace synap::commands {
namespace {

using Kind = ExpiryOption::Kind;

struct Word {
    std::string_view word;
    Kind kind;
    bool takes_time;
};

constexpr auto kWords = std::to_array<Word>({
    {"EX", Kind::kEx, true},
    {"PX", Kind::kPx, true},
    {"EXAT", Kind::kExAt, true},
    {"PXAT", Kind::kPxAt, true},
    {"KEEPTTL", Kind::kKeepTtl, false},
    {"PERSIST", Kind::kPersist, false},
});

}  // namespace

bool take_expiry(CommandContext& ctx, size_t& i, unsigned allowed, ExpiryOption& option) {
    for (const Word& word : kWords) {
        if ((allowed & expiry_kind(word.kind)) == 0 || !ctx.is_word(i, word.word)) continue;
        if (option.kind != Kind::kNone && option.kind != word.kind) return false;
        if (word.takes_time && i + 1 >= ctx.argc()) return false;
        option.kind = word.kind;
        if (word.takes_time) option.argument = ++i;
        return true;
    }
    return false;
}

bool take_deadline(CommandContext& ctx, Kind kind, size_t at, int64_t& deadline) {
    if (!ctx.take_integer(at, deadline)) return false;
    const bool in_seconds = kind == Kind::kEx || kind == Kind::kExAt;
    const bool relative = kind == Kind::kEx || kind == Kind::kPx;
    const bool fits =
        deadline > 0 &&
        (!in_seconds || !__builtin_mul_overflow(deadline, int64_t{1000}, &deadline)) &&
        (!relative || !__builtin_add_overflow(deadline, ctx.now_ms(), &deadline));
    if (!fits) ctx.invalid_expire_time();
    return fits;
}

}  // namespace synap::commands
