// Lookup of command names: the hash that generate.py computes too, and the tables it writes.
// Internal to core/commands/record.cc and the generated code.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/commands/generated/ids.h"
#include "core/commands/record.h"

namespace synap {

static_assert(std::endian::native == std::endian::little, "name keys are little-endian words");

// First and last bytes of a name in upper case. With the length they identify a name of up to 16
// bytes; a longer one must be compared in full.
struct NameKey {
    uint64_t head = 0;
    uint64_t tail = 0;

    bool operator==(const NameKey&) const = default;
};

// One place of the open-addressed name table; length 0 is empty.
struct NameSlot {
    NameKey key;
    uint16_t command;  // index into all_commands()
    uint16_t length;
};

// Turns a-z into A-Z in all eight bytes and leaves every other byte as it is.
constexpr uint64_t to_upper_word(uint64_t word) noexcept {
    constexpr uint64_t kOnes = 0x0101010101010101u;
    const uint64_t low_bits = word & (0x7f * kOnes);
    const uint64_t above_z = low_bits + (0x7f - 'z') * kOnes;
    const uint64_t from_a = low_bits + (0x80 - 'a') * kOnes;
    const uint64_t is_lower = ~word & (from_a ^ above_z) & (0x80 * kOnes);
    return word ^ (is_lower >> 2);
}

template <class Word>
inline uint64_t load_word(const char* bytes) noexcept {
    Word word;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

// Overlapping loads instead of a copy of variable length. `name` is not empty.
inline NameKey name_key(std::string_view name) noexcept {
    const char* first = name.data();
    const char* last = first + name.size();
    if (name.size() >= 8) {
        return {to_upper_word(load_word<uint64_t>(first)),
                to_upper_word(load_word<uint64_t>(last - 8))};
    }
    if (name.size() >= 4) {
        const uint64_t word = load_word<uint32_t>(first) | load_word<uint32_t>(last - 4) << 32;
        return {to_upper_word(word), 0};
    }
    const uint64_t word = load_word<uint8_t>(first) |
                          load_word<uint8_t>(first + name.size() / 2) << 8 |
                          load_word<uint8_t>(last - 1) << 16;
    return {to_upper_word(word), 0};
}

inline size_t name_slot(const NameKey& key) noexcept {
    const uint64_t mixed = (key.head ^ std::rotl(key.tail, 29)) * kNameHashMultiplier;
    return static_cast<size_t>(mixed >> (64 - kNameSlotBits));
}

namespace generated {

extern const NameSlot kNameSlots[size_t{1} << kNameSlotBits];
extern const CommandRecord kCommands[kTopLevelCommandCount];
extern const CommandRecord* const kCommandsById[kMaxCommandId + 1];

}  // namespace generated
}  // namespace synap
