// What is kept of the log in memory for its readers, and who is told that there is more.
#include "core/log/stream.h"

#include "tests/unit/log/open_log.h"

namespace synap {
namespace {

using StreamTest = OpenLogTest;

TEST_F(StreamTest, WithoutReadersNothingIsKept) {
    open();
    LogStream& stream = log->stream();
    append("one");
    write();
    EXPECT_FALSE(stream.has_readers());
    EXPECT_EQ(stream.kept_bytes(), 0u);
    {
        TailReader first(*log, log->written());
        TailReader second(*log, log->written());
        append("two");
        write();
        EXPECT_EQ(stream.readers(), 2u);
        EXPECT_EQ(stream.kept_bytes(), LogStream::kChunkBytes);
    }
    EXPECT_FALSE(stream.has_readers());
    EXPECT_EQ(stream.kept_bytes(), 0u);
    append("three");
    write();
    EXPECT_EQ(stream.kept_bytes(), 0u);
    TailReader reader(*log, 0);
    EXPECT_EQ(drain(reader).bytes, files());
}

TEST_F(StreamTest, WhatIsKeptIsBoundedAndASlowReaderGetsTheRestFromTheFiles) {
    for (const uint64_t most : {uint64_t{0}, uint64_t{1000}, 2 * LogStream::kChunkBytes}) {
        options.stream_bytes = most;
        disk.clear_faults();
        const uint64_t from = log != nullptr ? log->appended() : 0;
        open(from);
        TailReader slow(*log, from);
        TailReader fast(*log, from);
        std::string all;
        for (int i = 0; i < 200; ++i) {
            append(text_of(most / 50 + i));
            write();
            all += drain(fast).bytes;
            EXPECT_LE(log->stream().kept_bytes(), most);
        }
        EXPECT_EQ(all, files(from, log->written()));
        const Got got = drain(slow, 300);
        EXPECT_EQ(got.bytes, all);
        EXPECT_LT(got.from_memory, got.reads);
        EXPECT_EQ(got.from_memory > 0, most != 0);
    }
}

TEST_F(StreamTest, WhatWasHandedOutStaysWhateverTheLogDoes) {
    options.stream_bytes = LogStream::kChunkBytes;
    open();
    TailRead held;
    {
        TailReader reader(*log, 0);
        append("held");
        write();
        held = *reader.read();
        for (int i = 0; i < 40; ++i) {
            append(text_of(100'000));
            write();
        }
    }
    log->stream().restart();
    EXPECT_EQ(held.bytes, files(0, held.end));
    ASSERT_TRUE(log->stop());
    const std::string expected = files(0, held.end);
    log.reset();
    EXPECT_EQ(held.bytes, expected);
}

class Told final : public TailListener {
public:
    void more() noexcept override { ++times; }
    int times = 0;
};

TEST_F(StreamTest, ListenersAreToldOnceAfterTheyAsk) {
    open();
    LogStream& stream = log->stream();
    Told first;
    Told second;
    stream.add_listener(first);
    stream.add_listener(second);
    append("one");
    write();
    EXPECT_EQ(first.times, 0) << "nobody asked";
    stream.arm();
    append("two");
    EXPECT_EQ(first.times, 0);
    write();
    append("three");
    write();
    EXPECT_EQ(first.times, 1);
    EXPECT_EQ(second.times, 1);
    stream.arm();
    sync();
    EXPECT_EQ(first.times, 2);
    stream.remove_listener(first);
    stream.arm();
    append("four");
    write();
    EXPECT_EQ(first.times, 2);
    EXPECT_EQ(second.times, 3);
    stream.remove_listener(second);
    stream.arm();
    append("five");
    write();
    EXPECT_EQ(second.times, 3);
}

}  // namespace
}  // namespace synap
