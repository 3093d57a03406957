// Reading the log behind those who append: what a reader gets is what stands in the files.
#include "core/log/tail_reader.h"

#include "tests/unit/log/open_log.h"

namespace synap {
namespace {

using Until = TailReader::Until;

class TailReaderTest : public OpenLogTest {
protected:
    Code first_read_at(uint64_t position, Until until = Until::kWritten) {
        TailReader reader(*log, position, until);
        auto read = reader.read();
        return read ? Code::kOk : read.error().code;
    }
    std::string segment_name(size_t index) {
        return format::file_name(format::kSegmentPrefix, (*list_segments(disk))[index]);
    }
};

TEST_F(TailReaderTest, WhatIsWrittenWhileItReadsComesFromMemory) {
    open();
    TailReader reader(*log, 0);
    std::string all;
    for (int i = 0; i < 300; ++i) {
        append("value " + std::to_string(i));
        EXPECT_TRUE(drain(reader).bytes.empty()) << "appended is not written";
        if (i % 3 != 0) continue;
        write();
        const Got got = drain(reader);
        EXPECT_EQ(got.from_memory, got.reads);
        EXPECT_EQ(got.record_end, log->written());
        all += got.bytes;
    }
    write();
    all += drain(reader).bytes;
    EXPECT_GT(list_segments(disk)->size(), 3u);
    EXPECT_EQ(all, files());
    EXPECT_EQ(log->stream().counters().memory_bytes.load(), all.size());
    EXPECT_EQ(log->stream().counters().disk_bytes.load(), 0u);
}

TEST_F(TailReaderTest, WhatIsOlderComesFromTheSegments) {
    open();
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(log->write(append("value " + std::to_string(i))));
    for (const size_t most : {size_t{1}, size_t{700}, size_t{1} << 20}) {
        TailReader reader(*log, 0);
        const Got got = drain(reader, most);
        EXPECT_EQ(got.bytes, files());
        EXPECT_EQ(got.from_memory, 0u);
        EXPECT_EQ(got.record_end, log->written());
        EXPECT_LE(got.largest, std::max<size_t>(most, 100));
    }
}

TEST_F(TailReaderTest, ItGoesOverFromTheSegmentsToMemoryWithoutAGap) {
    open();
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(log->write(append("value " + std::to_string(i))));
    TailReader reader(*log, 0);
    std::string all(reader.read(500)->bytes);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(log->write(append("other " + std::to_string(i))));
    const Got got = drain(reader, 500);
    EXPECT_GT(got.from_memory, 0u);
    EXPECT_LT(got.from_memory, got.reads);
    EXPECT_EQ(all + got.bytes, files());
}

TEST_F(TailReaderTest, PartsOfALargeRecordAreHandedOutBeforeItsEnd) {
    open();
    const uint64_t first = append("first");
    const uint64_t end = append(text_of(limits::kFrameBytes * 5 / 2));
    append("last");
    TailReader memory(*log, 0);
    write();
    TailReader file(*log, 0);
    for (TailReader* reader : {&memory, &file}) {
        uint64_t inside = 0;
        std::string all;
        while (reader->position() < log->written()) {
            auto read = reader->read(limits::kFrameBytes);
            ASSERT_TRUE(read);
            all += read->bytes;
            if (read->end < end && read->end > first) {
                ++inside;
                EXPECT_EQ(read->record_end, first);
            } else {
                EXPECT_EQ(read->record_end, read->end);
            }
        }
        EXPECT_EQ(inside, 2u);
        EXPECT_EQ(all, files());
    }
    EXPECT_GT(log->stream().counters().memory_bytes.load(), 0u);
}

// Each alone and all in one write.
TEST_F(TailReaderTest, RecordsOfEveryLayoutAreWhatStandsInTheFiles) {
    const std::string large = text_of(limits::kFrameBytes * 3 / 2);
    open();
    for (const bool one_write : {false, true}) {
        const uint64_t from = log->appended();
        TailReader memory(*log, from);
        const auto appended = [&](uint64_t) {
            if (!one_write) write();
        };
        appended(append("small"));
        appended(append_blob(text_of(5000)));
        appended(append_blob(large));
        appended(append_ahead(text_of(30'000)));
        appended(append("small"));
        appended(append_ahead(large));
        appended(append_ahead(text_of(10)));
        write();
        const Got kept = drain(memory);
        EXPECT_EQ(kept.error.code, Code::kOk) << kept.error.message;
        EXPECT_EQ(kept.bytes, files(from, log->written()));
        EXPECT_EQ(kept.from_memory, kept.reads);
        TailReader file(*log, 0);
        log->stream().restart();  // forgets what is in memory, and its readers
        TailReader again(*log, 0);
        EXPECT_EQ(drain(file).error.code, Code::kNeedSnapshot);
        const Got read = drain(again);
        EXPECT_EQ(read.error.code, Code::kOk) << read.error.message;
        EXPECT_EQ(read.from_memory, 0u);
        EXPECT_EQ(read.bytes, files());
    }
}

TEST_F(TailReaderTest, AWriteTooLargeToBeKeptComesFromTheFile) {
    open();
    TailReader reader(*log, 0);
    append("before");
    write();
    append_ahead(text_of(LogStream::kKeptAtOnceMost));
    write();
    append("after");
    write();
    const Got got = drain(reader);
    EXPECT_EQ(got.bytes, files());
    EXPECT_EQ(got.from_memory, 2u);
    EXPECT_GT(got.reads, 4u);
    EXPECT_EQ(log->stream().kept_bytes(), 2 * LogStream::kChunkBytes);
}

TEST_F(TailReaderTest, UntilSyncedShowsOnlyWhatIsDurable) {
    open();
    TailReader memory(*log, 0, Until::kSynced);
    append("one");
    write();
    TailReader file(*log, 0, Until::kSynced);
    EXPECT_EQ(drain(memory).reads + drain(file).reads, 0u);
    EXPECT_EQ(first_read_at(log->written(), Until::kSynced), Code::kOk) << "it waits there";
    sync();
    const uint64_t durable = log->written();
    append("two");
    write();
    EXPECT_EQ(drain(memory).bytes, files(0, durable));
    EXPECT_EQ(drain(file).bytes, files(0, durable));
    EXPECT_EQ(memory.position(), durable);
    sync();
    EXPECT_EQ(drain(memory).bytes, files(durable, log->written()));
}

TEST_F(TailReaderTest, BehindRemovedSegmentsASnapshotIsNeeded) {
    open();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(log->write(append("value " + std::to_string(i))));
    TailReader begun(*log, 0);
    ASSERT_TRUE(begun.read(100));
    const uint64_t from = (*list_segments(disk))[2];
    ASSERT_TRUE(log->remove_segments_before(from));
    auto read = begun.read();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::kNeedSnapshot);
    EXPECT_NE(read.error().message.find(std::to_string(from)), std::string::npos);
    EXPECT_NE(read.error().message.find(std::to_string(log->written())), std::string::npos);
    EXPECT_EQ(first_read_at(0), Code::kNeedSnapshot);
    TailReader rest(*log, from);
    EXPECT_EQ(drain(rest).bytes, files(from, log->written()));
}

TEST_F(TailReaderTest, WhereTheLogHasNotComeASnapshotIsNeeded) {
    open();
    append("one");
    EXPECT_EQ(first_read_at(log->appended()), Code::kNeedSnapshot);
    write();
    EXPECT_EQ(first_read_at(log->appended()), Code::kOk);
    EXPECT_EQ(first_read_at(log->appended() + 1), Code::kNeedSnapshot);
}

// In memory, in the files, and, where nothing was written since, by what stands before it.
TEST_F(TailReaderTest, OnlyEndsOfRecordsAreTaken) {
    open();
    TailReader keeps(*log, 0);
    std::vector<uint64_t> ends = {0};
    for (int i = 0; i < 60; ++i) {
        ends.push_back(append(text_of(20 + i)));
        if (i % 7 == 0) write();
    }
    write();
    ASSERT_GT(list_segments(disk)->size(), 1u);
    const auto expect_ends = [&](const char* where) {
        for (uint64_t position = 0; position <= log->written(); ++position) {
            const bool ends_there = std::binary_search(ends.begin(), ends.end(), position);
            EXPECT_EQ(first_read_at(position), ends_there ? Code::kOk : Code::kInvalidArgument)
                << where << ' ' << position;
        }
    };
    expect_ends("memory");
    log->stream().restart();
    expect_ends("files");
}

TEST_F(TailReaderTest, AnEndThatNothingWasWrittenBehindIsLookedAt) {
    open();
    const uint64_t one = append("one");
    const uint64_t two = append(text_of(limits::kFrameBytes + 100));
    write();
    const uint64_t between_frames = one + format::kFrameHeaderBytes + limits::kFrameBytes;
    for (const uint64_t position : {one, two, one + 1, two - 1, between_frames}) {
        const bool ends_there = position == one || position == two;
        Log other(disk, clock, {kHistory, 1, position}, options);
        TailReader reader(other, position);
        other.set_oldest_position(0);
        auto read = reader.read();
        ASSERT_EQ(static_cast<bool>(read), ends_there) << position;
        if (!read) {
            EXPECT_EQ(read.error().code, Code::kInvalidArgument) << position;
        }
    }
}

TEST_F(TailReaderTest, DamageUnderItIsNamedWithFileAndOffset) {
    open();
    std::vector<uint64_t> ends = {0};
    for (int i = 0; i < 200; ++i) {
        ends.push_back(append("value " + std::to_string(i)));
        write();
    }
    const std::vector<uint64_t> segments = *list_segments(disk);
    ASSERT_GT(segments.size(), 2u);
    const auto at = std::upper_bound(ends.begin(), ends.end(), segments[1]);
    const uint64_t damaged = *at;
    const uint64_t offset = format::kSegmentHeaderBytes + damaged - segments[1];
    const std::string name = segment_name(1);
    const std::string sound = disk.contents(name);
    const auto expect_named = [&](uint64_t from, const char* what) {
        TailReader reader(*log, from);
        const Got got = drain(reader, 4096);
        EXPECT_EQ(got.error.code, Code::kCorrupt) << what << ": " << got.error.message;
        EXPECT_NE(got.error.message.find(name + ": offset " + std::to_string(offset) + ": "),
                  std::string::npos)
            << what << ": " << got.error.message;
        EXPECT_EQ(reader.position(), damaged) << what << ": whatever is before it is sound";
    };
    const auto rotten = [&](uint64_t inside, char bits) {
        return std::string(1, static_cast<char>(sound[offset + inside] ^ bits));
    };
    for (const uint64_t inside : {0, 3, 4, 9, 16, 39, 40, 45}) {
        disk.rot(name, offset + inside, rotten(inside, 0x10));
        expect_named(0, "from the front");
        expect_named(damaged, "where it is");
        disk.rot(name, offset + inside, {&sound[offset + inside], 1});
    }
    disk.rot_length(name, offset + 10);
    expect_named(0, "cut off");
    expect_named(damaged, "cut off where it is");
    disk.rot_length(name, sound.size());
    expect_named(0, "zeros");
    disk.rot(name, offset, std::string_view(sound).substr(offset));
    TailReader reader(*log, 0);
    EXPECT_EQ(drain(reader).bytes, files());
}

TEST_F(TailReaderTest, AWriteThatWasTriedTwiceIsHandedOutOnce) {
    open();
    TailReader reader(*log, 0);
    append("one");
    append_blob(text_of(5000));
    append_ahead(text_of(30'000));
    append("two");
    for (uint64_t nth = 1; !log->write(log->appended()); ++nth) {
        ASSERT_LT(nth, 50u);
        EXPECT_EQ(drain(reader).reads, 0u);
        disk.clear_faults();
        disk.fail_at(DiskCall::kWrite, nth, DiskFault::kNoSpace);
    }
    EXPECT_EQ(drain(reader).bytes, files());
}

TEST_F(TailReaderTest, AfterAnErrorOfTheDiskItGoesOnWhereItStood) {
    open();
    for (int i = 0; i < 200; ++i) ASSERT_TRUE(log->write(append("value " + std::to_string(i))));
    for (const DiskCall call : {DiskCall::kList, DiskCall::kOpen, DiskCall::kRead}) {
        log->stream().restart();
        TailReader reader(*log, 0);
        std::string all;
        size_t errors = 0;
        for (uint64_t nth = 1; reader.position() < log->written(); ++nth) {
            disk.fail_at(call, 1 + (nth - 1) % 3, DiskFault::kInputOutput);
            const Got got = drain(reader, 500);
            all += got.bytes;
            if (got.error.code == Code::kOk) continue;
            EXPECT_EQ(got.error.code, Code::kIo) << got.error.message;
            ++errors;
        }
        disk.clear_faults();
        EXPECT_EQ(all, files());
        EXPECT_GT(errors, 0u) << to_string(call);
    }
}

// A follower's log is read as its master's is, and holds the same.
TEST_F(TailReaderTest, WhatWasReceivedIsHandedOnAsItCame) {
    open();
    SimDisk other_disk;
    Log follower(other_disk, clock, {kHistory, 1, 0}, options);
    ASSERT_TRUE(follower.start(0));
    TailReader master(*log, 0);
    TailReader kept(follower, 0);
    std::string relayed;
    for (int i = 0; i < 30; ++i) {
        append("value " + std::to_string(i));
        if (i % 10 == 3) append_blob(text_of(limits::kFrameBytes * 3 / 2));
        if (i % 10 == 7) append_ahead(text_of(100'000 * i));
        write();
        const Got got = drain(master, SIZE_MAX);
        ASSERT_EQ(got.record_end, log->written());
        ASSERT_EQ(follower.append_received(got.bytes), log->written());
        ASSERT_TRUE(follower.write(follower.appended()));
        const Got handed_on = drain(kept);
        EXPECT_EQ(handed_on.from_memory, handed_on.reads);
        relayed += handed_on.bytes;
    }
    EXPECT_TRUE(relayed == files());
    follower.stream().restart();
    TailReader file(follower, 0);
    const Got read = drain(file);
    EXPECT_EQ(read.from_memory, 0u);
    EXPECT_TRUE(read.bytes == relayed);
    ASSERT_TRUE(follower.stop());
}

}  // namespace
}  // namespace synap
