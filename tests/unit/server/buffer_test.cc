#include "server/net/buffer.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace synap::server {
namespace {

std::string unsent(const OutputBuffer& out) {
    std::array<iovec, OutputBuffer::kMaxPieces> pieces{};
    const int count = out.gather(pieces);
    std::string all;
    for (int i = 0; i < count; ++i) {
        const iovec& piece = pieces[static_cast<size_t>(i)];
        all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return all;
}

TEST(OutputBuffer, HoldsNoMemoryWhenEmpty) {
    BufferPool pool;
    OutputBuffer out(pool, 1 << 20);
    EXPECT_EQ(pool.held(), 0U);
    ASSERT_TRUE(out.append("reply"));
    EXPECT_EQ(pool.held(), BufferPool::kChunkBytes);
    out.sent(5);
    EXPECT_TRUE(out.empty());
    // The chunk is kept by the pool for the next reply.
    EXPECT_EQ(pool.held(), BufferPool::kChunkBytes);
    ASSERT_TRUE(out.append("again"));
    EXPECT_EQ(pool.held(), BufferPool::kChunkBytes);
}

TEST(OutputBuffer, SendsInAnyPortions) {
    for (size_t portion = 1; portion < 12; ++portion) {
        BufferPool pool;
        OutputBuffer out(pool, 1 << 20);
        ASSERT_TRUE(out.append("abc"));
        ASSERT_TRUE(out.append("defghij"));
        std::string seen;
        while (!out.empty()) {
            const std::string rest = unsent(out);
            const size_t n = std::min(portion, rest.size());
            seen += rest.substr(0, n);
            out.sent(n);
        }
        EXPECT_EQ(seen, "abcdefghij");
    }
}

TEST(OutputBuffer, RefusesBeyondItsLimit) {
    BufferPool pool;
    OutputBuffer out(pool, 100'000);
    const std::string block(30'000, 'x');
    EXPECT_TRUE(out.append(block));
    EXPECT_TRUE(out.append(block));
    EXPECT_TRUE(out.append(block));
    EXPECT_FALSE(out.append(block));
    EXPECT_EQ(out.pending(), 90'000U);
    EXPECT_LE(pool.held(), 100'000U + BufferPool::kChunkBytes);
}

// A reader that is always a little behind must not make the buffer grow without end.
TEST(OutputBuffer, ReusesWhatWasSent) {
    BufferPool pool;
    OutputBuffer out(pool, 1 << 20);
    const std::string block(1'000, 'x');
    ASSERT_TRUE(out.append(block));
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_TRUE(out.append(block));
        out.sent(1'000);
    }
    EXPECT_LE(pool.held(), 4 * BufferPool::kChunkBytes);
}

TEST(InputBuffer, HoldsNoMemoryWhenEmpty) {
    BufferPool pool;
    InputBuffer in(pool);
    ASSERT_TRUE(in.assign("hello", 5));
    EXPECT_EQ(in.size(), 5U);
    EXPECT_GT(pool.held(), 0U);
    EXPECT_LT(pool.held(), 1024U);
    in.consume(5);
    EXPECT_TRUE(in.empty());
    EXPECT_EQ(pool.held(), 0U);
}

TEST(InputBuffer, GrowsWithWhatArrives) {
    BufferPool pool;
    InputBuffer in(pool);
    std::string expected;
    for (int i = 0; i < 200; ++i) {
        const auto room = in.room(1'000);
        ASSERT_GE(room.size(), 1'000U);
        const std::string part(1'000, static_cast<char>('a' + i % 26));
        part.copy(room.data(), part.size());
        in.added(part.size());
        expected += part;
        if (i % 3 == 0) {
            in.consume(700);
            expected.erase(0, 700);
        }
        ASSERT_EQ(std::string(in.data(), in.size()), expected);
        ASSERT_LE(pool.held(), 4 * expected.size() + 8'192);
    }
}

}  // namespace
}  // namespace synap::server
