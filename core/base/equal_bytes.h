// Comparison of keys, which are short: a call of memcmp costs more than the work.
#pragma once

#include <cstdint>
#include <cstring>

namespace synap {

// Whether the first `size` bytes of both are equal.
inline bool equal_bytes(const char* a, const char* b, size_t size) noexcept {
    constexpr size_t kWord = sizeof(uint64_t);
    constexpr size_t kLong = 64;
    if (size < kWord || size > kLong) return std::memcmp(a, b, size) == 0;
    const auto differ = [&](size_t at) noexcept {
        uint64_t left;
        uint64_t right;
        std::memcpy(&left, a + at, kWord);
        std::memcpy(&right, b + at, kWord);
        return left != right;
    };
    for (size_t at = 0; at + kWord < size; at += kWord) {
        if (differ(at)) return false;
    }
    return !differ(size - kWord);
}

}  // namespace synap
