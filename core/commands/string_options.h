// The options that SET, GETEX and SYNAP.CAS share: when the value expires.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/commands/context.h"

namespace synap::commands {

struct ExpiryOption {
    enum class Kind : uint8_t { kNone, kEx, kPx, kExAt, kPxAt, kKeepTtl, kPersist };

    Kind kind = Kind::kNone;
    size_t argument = 0;  // where the time stands in argv

    bool has_time() const noexcept { return argument != 0; }
    bool is_absolute() const noexcept { return kind == Kind::kExAt || kind == Kind::kPxAt; }
};

// Sets of kinds.
constexpr unsigned expiry_kind(ExpiryOption::Kind kind) noexcept {
    return 1u << static_cast<unsigned>(kind);
}
inline constexpr unsigned kExpiryTimes =
    expiry_kind(ExpiryOption::Kind::kEx) | expiry_kind(ExpiryOption::Kind::kPx) |
    expiry_kind(ExpiryOption::Kind::kExAt) | expiry_kind(ExpiryOption::Kind::kPxAt);

// Takes argv[i], and with it the time behind it, where it is one of the `allowed` options and does
// not contradict what `option` holds. The same option again replaces it, as in Redis. False,
// without a reply, when it is something else.
[[nodiscard]] bool take_expiry(CommandContext& ctx, size_t& i, unsigned allowed,
                               ExpiryOption& option);

// The deadline in argv[at], written in the unit and sense of `kind`; false, with the error replied,
// when it is no number, not positive, or beyond what 64 bits of milliseconds hold.
[[nodiscard]] bool take_deadline(CommandContext& ctx, ExpiryOption::Kind kind, size_t at,
                                 int64_t& deadline);

}  // namespace synap::commands
