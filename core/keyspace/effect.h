// Effects: the only changes that memory knows. A command decides, an effect states the outcome:
// absolute, without randomness, within the scope of one key (two for a move, a namespace for flush
// and swap). The log stores encoded effects; recovery and replicas apply the same structs.
#pragma once

#include <cstdint>
#include <string_view>

namespace synap {

class Blob;

// Numbers on disk: append-only, never reused.
enum class EffectKind : uint8_t {
    kSet = 1,         // key := value (bytes or integer), deadline
    kWriteRange = 2,  // bytes written at an offset of the value; zeros fill a gap
    kDelete = 3,
    kDeadline = 4,  // deadline := expires_at, 0 for none
    kMove = 5,      // key -> other_key, with value and deadline, replacing it
    kFlush = 6,     // every key of name_space
    kSwap = 7,      // the databases that name_space and other_name_space stand for trade places
};

enum class Reason : uint8_t { kUser = 0, kExpired = 1, kEvicted = 2 };

// Deadlines are Unix milliseconds; 0 is "none". A key whose deadline is reached is gone
// for every reader; its delete is logged by the master.
struct Effect {
    EffectKind kind = EffectKind::kSet;
    Reason reason = Reason::kUser;
    bool is_integer = false;  // kSet: `integer` is the value
    bool edited = false;      // kSet: reported as "raw" by OBJECT ENCODING
    uint8_t name_space = 0;
    uint8_t other_name_space = 0;
    uint16_t command = 0;  // id of the command that caused it
    uint64_t hash = 0;     // of (name_space, key); not stored
    uint64_t other_hash = 0;
    int64_t expires_at = 0;
    int64_t integer = 0;
    uint64_t offset = 0;
    std::string_view key;
    std::string_view other_key;
    std::string_view value;  // aliases `blob` when that is set
    Blob* blob = nullptr;    // borrowed; apply may retain it instead of copying the value
};

}  // namespace synap
