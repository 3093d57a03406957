#include "core/base/varint.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace synap {
namespace {

std::string encoded(uint64_t value) {
    std::string bytes;
    put_varint(bytes, value);
    return bytes;
}

TEST(Varint, ReadsBackEveryLength) {
    for (unsigned bits = 0; bits < 64; ++bits) {
        for (const uint64_t value : {uint64_t{1} << bits, (uint64_t{1} << bits) - 1,
                                     ~uint64_t{0} >> bits, (~uint64_t{0} >> bits) - 1}) {
            const std::string bytes = encoded(value);
            EXPECT_LE(bytes.size(), kVarintBytesMax);
            ByteReader reader(bytes);
            uint64_t read = 0;
            ASSERT_TRUE(reader.take_varint(read)) << value;
            EXPECT_EQ(read, value);
            EXPECT_TRUE(reader.empty());
        }
    }
}

TEST(Varint, LengthsAreThoseOfLeb128) {
    EXPECT_EQ(encoded(0), std::string("\0", 1));
    EXPECT_EQ(encoded(127), "\x7f");
    EXPECT_EQ(encoded(128), "\x80\x01");
    EXPECT_EQ(encoded(300), "\xac\x02");
    EXPECT_EQ(encoded(UINT64_MAX).size(), kVarintBytesMax);
}

TEST(Varint, EveryTruncationIsRefusedAndConsumesNothing) {
    const std::string whole = encoded(UINT64_MAX);
    for (size_t size = 0; size < whole.size(); ++size) {
        ByteReader reader(std::string_view(whole).substr(0, size));
        uint64_t value = 77;
        EXPECT_FALSE(reader.take_varint(value)) << size;
        EXPECT_EQ(value, 77u);
        EXPECT_EQ(reader.remaining(), size);
    }
}

TEST(Varint, MoreThanSixtyFourBitsAreRefused) {
    for (const std::string& bytes :
         {std::string(9, '\xff') + '\x02', std::string(9, '\xff') + '\x7f',
          std::string(9, '\x80') + '\x80', std::string(10, '\xff') + '\x01',
          std::string(1000, '\xff')}) {
        ByteReader reader(bytes);
        uint64_t value = 77;
        EXPECT_FALSE(reader.take_varint(value));
        EXPECT_EQ(value, 77u);
    }
}

TEST(Zigzag, ReadsBackAndKeepsSmallNumbersSmall) {
    for (const int64_t value :
         {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{-64}, int64_t{63},
          std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
        EXPECT_EQ(unzigzag(zigzag(value)), value);
    }
    EXPECT_EQ(zigzag(0), 0u);
    EXPECT_EQ(zigzag(-1), 1u);
    EXPECT_EQ(zigzag(1), 2u);
    EXPECT_LT(zigzag(-64), 128u);
}

TEST(ByteReader, TakesFixedSizesInOrder) {
    std::string bytes;
    put<uint8_t>(bytes, 7);
    put<uint32_t>(bytes, 0x01020304);
    put<uint64_t>(bytes, UINT64_MAX - 1);
    EXPECT_EQ(bytes.size(), 13u);
    EXPECT_EQ(bytes[1], 4) << "little-endian";

    ByteReader reader(bytes);
    uint8_t small = 0;
    uint32_t middle = 0;
    uint64_t large = 0;
    ASSERT_TRUE(reader.take(small) && reader.take(middle) && reader.take(large));
    EXPECT_EQ(small, 7);
    EXPECT_EQ(middle, 0x01020304u);
    EXPECT_EQ(large, UINT64_MAX - 1);
    EXPECT_FALSE(reader.take(small));
}

TEST(ByteReader, AFixedSizeBeyondTheEndLeavesInputAndOutputAlone) {
    ByteReader reader("abc");
    uint32_t value = 5;
    EXPECT_FALSE(reader.take(value));
    EXPECT_EQ(value, 5u);
    EXPECT_EQ(reader.remaining(), 3u);
}

TEST(ByteReader, StringsCarryAnyByteAndMayBeEmpty) {
    std::string bytes;
    const std::string value("a\0\xff", 3);
    put_varint(bytes, value.size());
    bytes += value;
    put_varint(bytes, 0);

    ByteReader reader(bytes);
    std::string_view taken;
    ASSERT_TRUE(reader.take_string(taken));
    EXPECT_EQ(taken, value);
    ASSERT_TRUE(reader.take_string(taken));
    EXPECT_TRUE(taken.empty());
    EXPECT_TRUE(reader.empty());
}

TEST(ByteReader, AClaimedLengthBeyondTheEndIsRefusedWhole) {
    for (const uint64_t claimed : {uint64_t{4}, uint64_t{1} << 32, UINT64_MAX}) {
        std::string bytes;
        put_varint(bytes, claimed);
        bytes += "abc";
        ByteReader reader(bytes);
        std::string_view taken = "before";
        EXPECT_FALSE(reader.take_string(taken));
        EXPECT_EQ(taken, "before");
        EXPECT_EQ(reader.remaining(), bytes.size());
    }
}

}  // namespace
}  // namespace synap
