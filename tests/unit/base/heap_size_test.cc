#include "core/base/heap_size.h"

#include <gtest/gtest.h>

namespace synap {
namespace {

TEST(HeapSize, NeverSmallerNeverMuchLargerAndStable) {
    EXPECT_EQ(heap_size(0), 0u);
    size_t before = 0;
    for (size_t n = 1; n < 100'000; ++n) {
        const size_t size = heap_size(n);
        ASSERT_GE(size, n);
        ASSERT_GE(size, before) << "grows with n";
        ASSERT_LE(size, n + n / 4 + 15);
        ASSERT_EQ(heap_size(size), size) << "a rounded size is its own";
        before = size;
    }
}

}  // namespace
}  // namespace synap
