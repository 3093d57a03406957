#include "core/base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace synap {
namespace {

// Bit by bit, from the definition: what every other implementation must agree with.
uint32_t by_definition(std::string_view bytes) {
    uint32_t crc = ~uint32_t{0};
    for (const char byte : bytes) {
        crc ^= static_cast<uint8_t>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    }
    return ~crc;
}

// RFC 3720, appendix B.4.
TEST(Crc32c, KnownVectors) {
    EXPECT_EQ(crc32c(""), 0u);
    EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
    EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43u);
    std::string ascending;
    for (char c = 0; c < 32; ++c) ascending += c;
    EXPECT_EQ(crc32c(ascending), 0x46dd794eu);
    EXPECT_EQ(crc32c(std::string(ascending.rbegin(), ascending.rend())), 0x113fdb5cu);
}

TEST(Crc32c, EveryLengthAndAlignmentAgreesWithTheDefinition) {
    std::string bytes;
    for (int i = 0; i < 100; ++i) bytes += static_cast<char>(i * 37 + 11);
    for (size_t begin = 0; begin < 9; ++begin) {
        for (size_t size = 0; size + begin <= bytes.size(); ++size) {
            const std::string_view part = std::string_view(bytes).substr(begin, size);
            ASSERT_EQ(crc32c(part), by_definition(part)) << begin << "+" << size;
        }
    }
}

TEST(Crc32c, ContinuesOverPieces) {
    const std::string bytes = "the checksum of a whole is that of its parts, one after another";
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
        EXPECT_EQ(crc32c(bytes.substr(cut), crc32c(bytes.substr(0, cut))), crc32c(bytes));
    }
}

TEST(Crc32c, NoticesEachFlippedBit) {
    std::string bytes(64, 'x');
    const uint32_t before = crc32c(bytes);
    for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_NE(crc32c(bytes), before) << bit;
        bytes[bit / 8] = 'x';
    }
}

}  // namespace
}  // namespace synap
