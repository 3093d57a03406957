// Effects: the only changes that memory knows. A command decides, an effect states the outcome:
// absolute, without randomness, within the scope of one key (two for a move or copy, a namespace
// for flush and swap). The log stores encoded effects; recovery and followers apply the same
// structs. What concerns a value stands in a body that its type reads.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/types/value.h"

namespace synap {

// Numbers on disk: append-only, never reused.
enum class EffectKind : uint8_t {
    kValue = 1,  // key := a value of `type`, with a deadline; whatever stood there gives way
    kEdit = 2,   // the key's value of `type`, begun where there is none, is changed
    kDelete = 3,
    kDeadline = 4,  // deadline := expires_at, 0 for none
    kMove = 5,      // key -> other_key, with value and deadline, replacing it
    kCopy = 6,      // as kMove, and key stays
    kFlush = 7,     // every key of name_space
    kSwap = 8,      // the databases that name_space and other_name_space stand for trade places
};

enum class Reason : uint8_t { kUser = 0, kExpired = 1, kEvicted = 2 };

constexpr bool has_body(EffectKind kind) noexcept { return kind <= EffectKind::kEdit; }
constexpr bool has_other_key(EffectKind kind) noexcept {
    return kind == EffectKind::kMove || kind == EffectKind::kCopy;
}

// Deadlines are Unix milliseconds; 0 is "none". A key whose deadline is reached is gone
// for every reader; its delete is logged by the master.
struct Effect {
    EffectKind kind = EffectKind::kValue;
    Reason reason = Reason::kUser;
    ValueType type = ValueType::kString;
    uint8_t name_space = 0;
    uint8_t other_name_space = 0;
    uint16_t command = 0;  // id of the command that caused it
    uint64_t hash = 0;     // of (name_space, key); not stored
    uint64_t other_hash = 0;
    int64_t expires_at = 0;
    std::string_view key;
    std::string_view other_key;
    Body body;
};

}  // namespace synap
