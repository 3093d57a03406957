#include "core/log/log.h"

#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/base/varint.h"
#include "core/log/format.h"
#include "core/log/reader.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"

namespace synap {
namespace {

class LogTest : public ::testing::Test {
protected:
    void open(uint64_t position = 0, FsyncPolicy fsync = FsyncPolicy::kNever) {
        LogOptions options;
        options.threads = false;
        options.fsync = fsync;
        options.segment_bytes = 4096;
        log = std::make_unique<Log>(disk, clock, LogStart{history, 1, position}, options);
        ASSERT_TRUE(log->start(position));
    }
    void TearDown() override {
        if (log != nullptr) log->stop().ignore();
    }
    uint64_t append(std::string_view key, std::string_view value, Blob* blob = nullptr) {
        Effect effect;
        effect.kind = EffectKind::kValue;
        effect.key = key;
        effect.body.bytes = value;
        effect.body.blob = blob;
        EffectBuffer effects;
        effects.add(effect);
        return log->append(effects, clock.wall_ms());
    }
    // "key=value" of every record that can be read; sets `damage` and `end`.
    std::vector<std::string> read() {
        std::vector<std::string> records;
        commit_times.clear();
        auto reader = LogReader::open(disk, history, 0);
        EXPECT_TRUE(reader);
        LogRecord record;
        for (;;) {
            auto more = (*reader)->next(record);
            EXPECT_TRUE(more);
            if (!more || !*more) break;
            commit_times.push_back(record.commit_ms);
            std::string_view effects = record.effects;
            while (!effects.empty()) {
                auto effect = decode_effect(effects);
                EXPECT_TRUE(effect);
                records.push_back(std::string(effect->key) + "=" + std::string(effect->body.bytes));
            }
        }
        damage = (*reader)->damage();
        end = (*reader)->end();
        bytes_read = (*reader)->bytes_read();
        bytes_total = (*reader)->bytes_total();
        auto durable = (*reader)->proven_durable();
        EXPECT_TRUE(durable);
        proven = *durable;
        return records;
    }

    const LogHistory history{{1, 2}, 3, 1};
    SimDisk disk;
    SimClock clock;
    std::unique_ptr<Log> log;
    std::string damage;
    std::vector<uint64_t> commit_times;
    uint64_t end = 0;
    uint64_t proven = 0;
    uint64_t bytes_read = 0;
    uint64_t bytes_total = 0;
};

TEST_F(LogTest, ReadsBackWhatWasWrittenAcrossSegments) {
    open();
    std::vector<std::string> expected;
    for (int i = 0; i < 500; ++i) {
        const std::string key = "k" + std::to_string(i);
        const uint64_t position = append(key, "value");
        expected.push_back(key + "=value");
        if (i % 7 == 0) {
            ASSERT_TRUE(log->write(position));
        }
    }
    ASSERT_TRUE(log->sync(log->appended()));
    EXPECT_GT(list_segments(disk)->size(), 3u);
    EXPECT_EQ(read(), expected);
    EXPECT_EQ(damage, "");
    EXPECT_EQ(end, log->appended());
}

TEST_F(LogTest, NothingReachesTheDiskBeforeWrite) {
    open();
    append("a", "1");
    EXPECT_EQ(log->written(), 0u);
    EXPECT_TRUE(read().empty());
    ASSERT_TRUE(log->write(log->appended()));
    EXPECT_EQ(read().size(), 1u);
    EXPECT_EQ(log->synced(), 0u);
}

TEST_F(LogTest, LargeValuesAreChainedAndTheirBlobsShared) {
    open();
    std::string value(5 * limits::kFrameBytes / 2, 'x');
    for (size_t i = 0; i < value.size(); i += 1000) value[i] = static_cast<char>('a' + i % 26);
    const BlobRef blob(Blob::copy(value));
    append("small", "1");
    append("large", blob.get()->bytes(), blob.get());
    append("copied", value);
    append("after", "2");
    EXPECT_FALSE(blob.get()->unique());
    ASSERT_TRUE(log->sync(log->appended()));
    EXPECT_TRUE(blob.get()->unique());
    EXPECT_EQ(read(), (std::vector<std::string>{"small=1", "large=" + value, "copied=" + value,
                                                "after=2"}));
    // Progress counts each byte once, however often its frame had to be read.
    EXPECT_EQ(bytes_read, log->appended());
    EXPECT_EQ(bytes_total, log->appended());
}

// Its appender writes it; others go on meanwhile, and the next large one waits.
TEST_F(LogTest, ALargeRecordTakesNobodysRoomInTheTail) {
    open();
    const size_t size = limits::kLogTailBytes + limits::kLargeRecordBytes;
    Blob* blob = Blob::make(size, size);
    std::memset(blob->data(), 'x', size);
    const BlobRef owner(blob);
    ASSERT_TRUE(log->make_room(size));
    append("large", blob->bytes(), blob);
    EXPECT_GT(log->tail_bytes(), limits::kLogTailBytes);
    EXPECT_TRUE(log->has_room());
    EXPECT_FALSE(log->has_room(limits::kLargeRecordBytes + 1));
    append("after", "2");
    ASSERT_TRUE(log->write(log->appended()));
    EXPECT_TRUE(blob->unique());
    EXPECT_TRUE(log->make_room(limits::kLargeRecordBytes + 1));
    EXPECT_TRUE(log->has_room(limits::kLargeRecordBytes + 1));
    EXPECT_FALSE(log->has_room(limits::kLogTailBytes));
    EXPECT_EQ(read().size(), 2u);
}

// Fault case 1: only positions are ordered.
TEST_F(LogTest, TheTimeOfDayMayGoBack) {
    open();
    const auto first = static_cast<uint64_t>(clock.wall_ms());
    append("a", "1");
    clock.step_wall_ms(-5000);
    append("b", "2");
    ASSERT_TRUE(log->sync(log->appended()));
    read();
    EXPECT_EQ(commit_times, (std::vector<uint64_t>{first, first - 5000}));
}

TEST_F(LogTest, PreallocatedSpaceIsACleanEnd) {
    open(0, FsyncPolicy::kAlways);
    append("a", "1");
    ASSERT_TRUE(log->sync(log->appended()));
    EXPECT_GT(disk.contents(format::file_name("log-", 0)).size(), 4096u);
    EXPECT_EQ(read().size(), 1u);
    EXPECT_EQ(damage, "");
}

TEST_F(LogTest, ATornTailEndsTheLogAndProvesNothing) {
    open();
    append("a", "1");
    ASSERT_TRUE(log->sync(log->appended()));
    const uint64_t whole = log->appended();
    append("b", "2");
    ASSERT_TRUE(log->write(log->appended()));
    const std::string name = format::file_name("log-", 0);
    disk.rot_length(name, disk.contents(name).size() - 1);
    EXPECT_EQ(read(), std::vector<std::string>{"a=1"});
    EXPECT_EQ(end, whole);
    EXPECT_NE(damage.find("offset"), std::string::npos);
    EXPECT_LE(proven, whole);
}

TEST_F(LogTest, DamageBeforeASyncedRecordIsProven) {
    open();
    append("a", "1");
    ASSERT_TRUE(log->sync(log->appended()));
    append("b", "2");
    ASSERT_TRUE(log->sync(log->appended()));
    append("c", "3");
    ASSERT_TRUE(log->sync(log->appended()));
    disk.rot(format::file_name("log-", 0), format::kSegmentHeaderBytes + 45, "?");
    EXPECT_TRUE(read().empty());
    EXPECT_GT(proven, end);
}

TEST_F(LogTest, AFailedWriteIsFinal) {
    open();
    disk.fail_at(DiskCall::kWrite, 1, DiskFault::kInputOutput);
    const uint64_t position = append("a", "1");
    EXPECT_FALSE(log->write(position));
    EXPECT_TRUE(log->failed());
    EXPECT_FALSE(log->sync(position));
    EXPECT_FALSE(log->write(append("b", "2")));
}

class Recorder final : public LogWaiter {
public:
    explicit Recorder(std::string& text) : text_(text) {}
    void complete(Code code, std::string_view) noexcept override {
        text_ += code == Code::kOk ? "ok" : "failed";
    }

private:
    std::string& text_;
};

TEST_F(LogTest, WaitersAreToldOnceWhenTheirLevelIsReached) {
    open();
    std::string told;
    const uint64_t position = append("a", "1");
    std::unique_ptr<LogWaiter> waiter = std::make_unique<Recorder>(told);
    ASSERT_TRUE(log->notify(position, Durability::kDisk, waiter));
    ASSERT_TRUE(log->write(position));
    EXPECT_EQ(told, "");
    ASSERT_TRUE(log->sync(position));
    EXPECT_EQ(told, "ok");
    waiter = std::make_unique<Recorder>(told);
    EXPECT_FALSE(log->notify(position, Durability::kDisk, waiter));
}

TEST_F(LogTest, WaitersAreToldOfAFailure) {
    open();
    std::string told;
    const uint64_t position = append("a", "1");
    std::unique_ptr<LogWaiter> waiter = std::make_unique<Recorder>(told);
    ASSERT_TRUE(log->notify(position, Durability::kDisk, waiter));
    disk.fail_at(DiskCall::kSync, 1, DiskFault::kInputOutput);
    EXPECT_FALSE(log->sync(position));
    EXPECT_EQ(told, "failed");
}

// With nobody waiting and no hand-over, as in a server.
TEST_F(LogTest, WhatNobodyWaitsForIsWrittenWithinASecond) {
    open(0, FsyncPolicy::kEverySecond);
    log->set_hand_over(false);
    ASSERT_TRUE(log->maintain());
    clock.advance_ms(10);
    const uint64_t first = append("a", "1");
    ASSERT_TRUE(log->maintain());
    clock.advance_ms(1'000);
    ASSERT_TRUE(log->maintain());
    EXPECT_EQ(log->written(), first);
    clock.advance_ms(1'000);
    ASSERT_TRUE(log->maintain());
    EXPECT_EQ(log->synced(), first);
}

// A value that holds a frame for just the place where it will stand, which calls durable what lies
// before it; then the record around it is torn. Believed, it would keep the store from opening.
TEST_F(LogTest, AFrameMadeByAClientProvesNothing) {
    const auto proven_by = [&](uint32_t seed) {
        const std::string name = format::file_name(format::kSegmentPrefix, 0);
        disk = SimDisk();
        open();
        append("k", std::string(format::kFrameHeaderBytes, '?'));
        EXPECT_TRUE(log->sync(log->appended()));
        const size_t at = disk.contents(name).find('?');
        FrameHeader header;
        header.kind = format::kKindEffects;
        header.flags = format::kFlagFirst | format::kFlagLast;
        header.position = at - format::kSegmentHeaderBytes;
        header.synced = header.position;
        std::string frame(format::kFrameHeaderBytes, '\0');
        encode_frame_header(header, frame.data());
        store(frame.data() + format::kFrameCrcOffset, frame_crc(frame.data(), seed));
        disk.rot(name, at, frame);
        disk.rot(name, format::kSegmentHeaderBytes + format::kFrameCrcOffset, "torn");
        EXPECT_TRUE(read().empty());
        EXPECT_NE(damage, "");
        return proven;
    };
    EXPECT_EQ(proven_by(0), 0u);
    EXPECT_EQ(proven_by(history.frame_seed + 1), 0u);
    EXPECT_GT(proven_by(history.frame_seed), 0u) << "this one would be the engine's own";
}

TEST_F(LogTest, ASegmentOfAnotherHistoryIsNoEndOfTheLog) {
    open();
    append("a", "1");
    ASSERT_TRUE(log->stop());
    const LogHistory other{{history.id.high + 1, history.id.low}, history.frame_seed, 1};
    auto reader = LogReader::open(disk, other, 0);
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().code, Code::kCorrupt);
    EXPECT_EQ(read(), std::vector<std::string>{"a=1"});
}

TEST_F(LogTest, OldSegmentsGoTheCurrentOneStays) {
    open();
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(log->write(append("k" + std::to_string(i), "v")));
    ASSERT_TRUE(log->sync(log->appended()));
    ASSERT_TRUE(log->remove_segments_before(log->appended()));
    EXPECT_EQ(list_segments(disk)->size(), 1u);
    EXPECT_EQ(log->oldest_position(), list_segments(disk)->front());
}

TEST(FileName, RoundTripsAndRejectsOthers) {
    uint64_t position = 0;
    EXPECT_EQ(format::file_name("log-", 42), "log-00000000000000000042");
    EXPECT_TRUE(format::parse_file_name("log-00000000000000000042", "log-", position));
    EXPECT_EQ(position, 42u);
    for (const char* name : {"log-42", "log-0000000000000000004x", "snapshot-00000000000000000042",
                             "log-99999999999999999999"}) {
        EXPECT_FALSE(format::parse_file_name(name, "log-", position)) << name;
    }
}

}  // namespace
}  // namespace synap
