// The fields of a call that names many: while one is looked for, what those behind it touch is
// fetched, so that the cache misses of a large hash overlap instead of following each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/commands/context.h"
#include "core/types/hash_value.h"

namespace synap {

class FieldsAhead {
public:
    // argv[first], argv[first + step] ... to the end; `hash` is what they are looked for in, and
    // outlives this.
    FieldsAhead(const CommandContext& ctx, const HashRef& hash, size_t first,
                size_t step = 1) noexcept
        : ctx_(ctx), hash_(hash), step_(step) {
        const bool many = hash.tree() != nullptr && first + step < ctx.argc();
        next_ = many ? first : SIZE_MAX;
    }

    // Before argv[i] is looked for; in order.
    void reach(size_t i) noexcept {
        if (i >= next_) [[unlikely]]
            fetch();
    }

private:
    void fetch() noexcept {
        constexpr size_t kAtOnce = 16;
        std::string_view fields[kAtOnce];
        size_t count = 0;
        for (; count < kAtOnce && next_ < ctx_.argc(); next_ += step_) {
            fields[count++] = ctx_.arg(next_);
        }
        hash_.prefetch({fields, count});
        if (next_ >= ctx_.argc()) next_ = SIZE_MAX;
    }

    const CommandContext& ctx_;
    const HashRef& hash_;
    const size_t step_;
    size_t next_;
};

}  // namespace synap
