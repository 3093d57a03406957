#include "core/base/crc32c.h"

#include <array>
#include <cstring>

namespace synap {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // reflected

constexpr std::array<uint32_t, 256> make_table() {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
        table[i] = crc;
    }
    return table;
}

constexpr std::array<uint32_t, 256> kTable = make_table();

uint32_t by_table(const char* at, size_t size, uint32_t crc) noexcept {
    for (size_t i = 0; i < size; ++i) {
        crc = kTable[(crc ^ static_cast<uint8_t>(at[i])) & 0xff] ^ (crc >> 8);
    }
    return crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t by_instruction(const char* at, size_t size,
                                                          uint32_t crc) noexcept {
    uint64_t wide = crc;
    for (; size >= 8; size -= 8, at += 8) {
        uint64_t word;
        std::memcpy(&word, at, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = static_cast<uint32_t>(wide);
    for (; size > 0; --size, ++at) {
        crc = __builtin_ia32_crc32qi(crc, static_cast<unsigned char>(*at));
    }
    return crc;
}
#endif

}  // namespace

uint32_t crc32c(std::string_view bytes, uint32_t crc) noexcept {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) {
        return ~by_instruction(bytes.data(), bytes.size(), ~crc);
    }
#endif
    return ~by_table(bytes.data(), bytes.size(), ~crc);
}

}  // namespace synap
