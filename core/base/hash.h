// The hash of keys: XXH3-64 with a secret of the history, so that clients cannot aim at one slot.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace synap {

inline constexpr size_t kHashSecretBytes = 192;
using HashSecret = std::array<char, kHashSecretBytes>;

// Expands a 64-bit seed into a secret; deterministic.
HashSecret make_hash_secret(uint64_t seed) noexcept;

// Never changes for a given secret: slots of snapshots and cursors of SCAN depend on it.
uint64_t hash_key(const HashSecret& secret, uint8_t name_space, std::string_view key) noexcept;

// Of the members of a collection, with the history's seed: its trees are in the order of these, and
// cursors into them outlive a restart. Never changes for a given seed.
uint64_t hash_member(uint64_t seed, std::string_view member) noexcept;

// Unkeyed, for tables whose input no client chooses.
uint64_t hash_bytes(std::string_view bytes) noexcept;

}  // namespace synap
