#include "core/base/checksum64.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace synap {
namespace {

uint64_t of(std::string_view bytes) {
    Checksum64 sum;
    sum.add(bytes);
    return sum.value();
}

TEST(Checksum64, IsThatOfTheStandard) {
    EXPECT_EQ(of(""), 0x2d06800538d394c2u);
    EXPECT_EQ(of("a"), 0xe6c632b61e964e1fu);
    EXPECT_EQ(of("abc"), 0x78af5f94892f3950u);
}

TEST(Checksum64, DoesNotDependOnThePieces) {
    std::string bytes;
    for (int i = 0; i < 5000; ++i) bytes += static_cast<char>(i * 7);
    for (const size_t piece : {size_t{1}, size_t{3}, size_t{64}, size_t{1024}, size_t{4999}}) {
        Checksum64 sum;
        for (size_t at = 0; at < bytes.size(); at += piece) {
            sum.add(std::string_view(bytes).substr(at, piece));
        }
        EXPECT_EQ(sum.value(), of(bytes)) << piece;
    }
}

TEST(Checksum64, SeesEveryByte) {
    std::string bytes(300, 'x');
    const uint64_t whole = of(bytes);
    for (size_t at = 0; at < bytes.size(); ++at) {
        bytes[at] = 'y';
        EXPECT_NE(of(bytes), whole) << at;
        bytes[at] = 'x';
    }
    Checksum64 sum;
    sum.add(bytes);
    const Checksum64 moved = std::move(sum);
    EXPECT_EQ(moved.value(), whole);
}

}  // namespace
}  // namespace synap
