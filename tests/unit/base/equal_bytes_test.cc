#include "core/base/equal_bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace synap {
namespace {

TEST(EqualBytes, SeesEveryByteAndNoneBeyond) {
    for (size_t size = 0; size < 200; ++size) {
        const std::string text(size, 'k');
        const std::string same = text + "left";
        EXPECT_TRUE(equal_bytes(text.data(), same.data(), size)) << size;
        for (size_t at = 0; at < size; ++at) {
            std::string other = text;
            other[at] = 'K';
            EXPECT_FALSE(equal_bytes(text.data(), other.data(), size)) << size << " " << at;
        }
    }
}

}  // namespace
}  // namespace synap
