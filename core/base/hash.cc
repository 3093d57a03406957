#include "core/base/hash.h"

#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace synap {

static_assert(kHashSecretBytes >= XXH3_SECRET_SIZE_MIN);

HashSecret make_hash_secret(uint64_t seed) noexcept {
    HashSecret secret{};
    static_assert(sizeof(uint64_t) * (kHashSecretBytes / 8) == kHashSecretBytes);
    for (size_t i = 0; i < kHashSecretBytes / 8; ++i) {
        const uint64_t word = XXH64(&seed, sizeof seed, 0x9e3779b97f4a7c15u * (i + 1));
        std::memcpy(secret.data() + i * 8, &word, sizeof word);
    }
    return secret;
}

uint64_t hash_key(const HashSecret& secret, uint8_t name_space, std::string_view key) noexcept {
    const uint64_t hash =
        XXH3_64bits_withSecret(key.data(), key.size(), secret.data(), secret.size());
    // Namespaces share the table; a multiplied constant spreads equal keys of two of them.
    return name_space == 0 ? hash : XXH64_avalanche(hash ^ (name_space * 0x9e3779b97f4a7c15u));
}

uint64_t hash_member(uint64_t seed, std::string_view member) noexcept {
    return XXH3_64bits_withSeed(member.data(), member.size(), seed);
}

uint64_t hash_bytes(std::string_view bytes) noexcept {
    return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace synap
