#include "core/types/blob.h"

#include <gtest/gtest.h>

namespace synap {
namespace {

TEST(Blob, HoldsABinaryCopy) {
    const BlobRef blob(Blob::copy(std::string_view("a\0b", 3)));
    EXPECT_EQ(blob.get()->bytes(), std::string_view("a\0b", 3));
    EXPECT_GE(blob.get()->capacity(), 3u);
}

TEST(Blob, IsUniqueUntilRetained) {
    const BlobRef first(Blob::copy("value"));
    EXPECT_TRUE(first.get()->unique());
    first.get()->retain();
    {
        const BlobRef second(first.get());
        EXPECT_FALSE(first.get()->unique());
    }
    EXPECT_TRUE(first.get()->unique());
}

TEST(BlobRef, MovesItsReference) {
    BlobRef from(Blob::copy("value"));
    Blob* blob = from.get();
    BlobRef to;
    to = std::move(from);
    EXPECT_EQ(to.get(), blob);
    EXPECT_EQ(from.get(), nullptr);
    EXPECT_TRUE(blob->unique());
}

TEST(Blob, MemoryCountsTheSpareRoom) {
    const BlobRef blob(Blob::make(10, 1000));
    EXPECT_EQ(blob.get()->size(), 10u);
    EXPECT_GE(blob.get()->memory(), 1000u);
}

}  // namespace
}  // namespace synap
