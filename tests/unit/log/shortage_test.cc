// What the log does when the operating system is short of something: fault case 3.
#include <gtest/gtest.h>

#include "core/base/limits.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/reader.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"

namespace synap {
namespace {

class LogShortageTest : public ::testing::TestWithParam<bool> {
protected:
    LogShortageTest() : disk(SimDiskOptions{.reserves = GetParam()}) { open(0, 0); }
    void open(uint64_t position, uint64_t segment, uint64_t segment_bytes = 4096) {
        LogOptions options;
        options.threads = false;
        options.fsync = FsyncPolicy::kNever;
        options.segment_bytes = segment_bytes;
        log = std::make_unique<Log>(disk, clock, LogStart{history, 1, position}, options);
        ASSERT_TRUE(log->start(segment));
    }
    void TearDown() override { log->stop().ignore(); }
    uint64_t append(size_t bytes = 10) {
        const std::string value(bytes, 'x');
        Effect effect;
        effect.kind = EffectKind::kValue;
        effect.key = "key";
        effect.body.bytes = value;
        EffectBuffer effects;
        effects.add(effect);
        ++appended;
        return log->append(effects, clock.wall_ms());
    }
    // As a session does.
    bool write_if_there_is_room(size_t bytes = 10) {
        if (!log->takes_records()) return false;
        if (!log->has_room() && !log->make_room()) return false;
        append(bytes);
        return true;
    }
    size_t records() {
        auto reader = LogReader::open(disk, history, 0);
        EXPECT_TRUE(reader);
        LogRecord record;
        size_t found = 0;
        for (;; ++found) {
            auto more = (*reader)->next(record);
            EXPECT_TRUE(more);
            if (!more || !*more) break;
        }
        EXPECT_EQ((*reader)->damage(), "");
        return found;
    }
    void try_again() {
        clock.advance_ms(200);
        ASSERT_TRUE(log->maintain());
    }

    const LogHistory history{{1, 2}, 3, 1};
    SimDisk disk;
    SimClock clock;
    std::unique_ptr<Log> log;
    size_t appended = 0;
};

// Whatever is accepted on a disk that becomes full has its place there.
TEST_P(LogShortageTest, AFullDiskRefusesBeforeItLoses) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(write_if_there_is_room());
    disk.set_shortage(DiskFault::kNoSpace);
    while (write_if_there_is_room(1000)) ASSERT_LT(appended, 1000u);
    EXPECT_GT(appended, 10u);
    EXPECT_FALSE(log->failed());
    const Status refused = log->refusal();
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("/sim/log-"), std::string::npos);
    EXPECT_NE(refused.error().message.find("No space left"), std::string::npos);
    ASSERT_TRUE(log->sync(log->appended())) << "what was accepted becomes durable on a full disk";
    EXPECT_EQ(records(), appended);
    try_again();
    EXPECT_FALSE(log->takes_records());

    disk.set_shortage(std::nullopt);
    try_again();
    EXPECT_TRUE(log->takes_records());
    EXPECT_EQ(log->counters().blocks, 1u);
    EXPECT_EQ(log->blocked_us(), 0u);
    ASSERT_TRUE(write_if_there_is_room());
    ASSERT_TRUE(log->sync(log->appended()));
    EXPECT_EQ(records(), appended);
}

TEST_P(LogShortageTest, AQuotaIsAFullDisk) {
    disk.set_shortage(DiskFault::kQuota);
    while (write_if_there_is_room(1000)) ASSERT_LT(appended, 1000u);
    EXPECT_FALSE(log->failed());
    disk.set_shortage(std::nullopt);
    try_again();
    EXPECT_TRUE(write_if_there_is_room());
}

// The present segment grows where the next one cannot be had.
TEST_P(LogShortageTest, WithoutDescriptorsTheLogGoesOnInThePresentSegment) {
    disk.set_shortage(DiskFault::kNoDescriptors);
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(write_if_there_is_room(1000));
        ASSERT_TRUE(log->write(log->appended()));
    }
    EXPECT_EQ(log->counters().blocks, 0u);
    disk.set_shortage(std::nullopt);
    EXPECT_EQ(list_segments(disk)->size(), 1u);
    clock.advance_ms(2000);
    ASSERT_TRUE(write_if_there_is_room(1000));
    ASSERT_TRUE(log->sync(log->appended()));
    EXPECT_EQ(list_segments(disk)->size(), 2u);
    EXPECT_EQ(records(), appended);
}

// More than was reserved for: it is kept, and written at the same place with the same bytes.
TEST_P(LogShortageTest, WhatHasNoPlaceIsKeptAndWrittenLater) {
    disk.set_shortage(DiskFault::kNoSpace);
    const uint64_t position = append(5 * limits::kFrameBytes);
    const Status written = log->write(position);
    ASSERT_FALSE(written);
    EXPECT_FALSE(log->failed());
    EXPECT_FALSE(log->takes_records());
    EXPECT_FALSE(log->sync(position));
    append();
    disk.set_shortage(std::nullopt);
    try_again();
    EXPECT_TRUE(log->takes_records());
    EXPECT_GE(log->written(), position);
    ASSERT_TRUE(log->sync(log->appended()));
    EXPECT_EQ(records(), 2u);
}

class Told final : public LogWaiter {
public:
    explicit Told(Code& code) : code_(code) {}
    void complete(Code code, std::string_view) noexcept override { code_ = code; }

private:
    Code& code_;
};

TEST_P(LogShortageTest, WhoWaitsForWhatHasNoPlaceIsTold) {
    disk.set_shortage(DiskFault::kNoSpace);
    const uint64_t position = append(5 * limits::kFrameBytes);
    Code code = Code::kPending;
    std::unique_ptr<LogWaiter> waiter = std::make_unique<Told>(code);
    ASSERT_TRUE(log->notify(position, Durability::kDisk, waiter));
    EXPECT_FALSE(log->write(position));
    EXPECT_EQ(code, Code::kIo);
}

// Whatever the system gives as the reason of a failed sync.
TEST_P(LogShortageTest, AFailedSyncIsFinal) {
    const uint64_t position = append();
    disk.fail_at(DiskCall::kSync, 1, DiskFault::kNoSpace);
    EXPECT_FALSE(log->sync(position));
    EXPECT_TRUE(log->failed());
    clock.advance_ms(200);
    EXPECT_FALSE(log->maintain());
    EXPECT_FALSE(log->takes_records());
}

// Each would keep a descriptor until it is synced, whatever `fsync` says.
TEST_P(LogShortageTest, SegmentsThatWaitForASyncAreFew) {
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(write_if_there_is_room(2000));
        ASSERT_TRUE(log->write(log->appended()));
    }
    EXPECT_LE(list_segments(disk)->size(), 10u);
    ASSERT_TRUE(log->maintain());
    EXPECT_EQ(log->synced(), log->appended()) << "also under fsync: never";
    EXPECT_EQ(records(), appended);
}

// Fault case 8: the next opening goes on in the last segment.
TEST_P(LogShortageTest, ASmallSegmentIsContinued) {
    ASSERT_TRUE(log->sync(append()));
    const uint64_t end = log->appended();
    ASSERT_TRUE(log->stop());
    disk.remove(format::file_name(format::kSegmentPrefix, end)).ignore();  // as recovery does
    open(end, 0);
    EXPECT_EQ(list_segments(disk)->size(), 1u);
    ASSERT_TRUE(log->sync(append()));
    EXPECT_EQ(records(), 2u);
}

TEST_P(LogShortageTest, ClosingGivesTheReserveBack) {
    append();
    ASSERT_TRUE(log->stop());
    EXPECT_EQ(disk.contents(format::file_name(format::kSegmentPrefix, 0)).size(),
              format::kSegmentHeaderBytes + log->appended());
}

INSTANTIATE_TEST_SUITE_P(Reserve, LogShortageTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Reserves" : "Zeros"; });

}  // namespace
}  // namespace synap
