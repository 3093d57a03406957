// A log that comes to rest while its files change, and goes on at another place.
#include <atomic>
#include <functional>
#include <thread>

#include "core/log/reader.h"
#include "core/log/stream.h"
#include "core/log/tail_reader.h"
#include "tests/unit/log/open_log.h"

namespace synap {
namespace {

const std::string kFirstSegment = format::file_name(format::kSegmentPrefix, 0);

class Recorder final : public LogWaiter {
public:
    explicit Recorder(std::string& told) : told_(told) {}
    void complete(Code code, std::string_view) noexcept override {
        told_ += code == Code::kOk ? "ok " : code == Code::kTimeout ? "given up " : "failed ";
    }

private:
    std::string& told_;
};

class RestTest : public OpenLogTest {
protected:
    static LogStart start_at(uint64_t position, LogHistory history = kHistory, uint32_t epoch = 1) {
        return LogStart{history, epoch, position, 0, nullptr};
    }
    static size_t records(Disk& of, const LogHistory& history = kHistory, uint64_t from = 0,
                          uint32_t* last_epoch = nullptr, bool is_torn = false) {
        auto reader = LogReader::open(of, history, from);
        EXPECT_TRUE(reader);
        LogRecord record;
        size_t found = 0;
        for (;; ++found) {
            auto more = (*reader)->next(record);
            EXPECT_TRUE(more);
            if (!more || !*more) break;
            if (last_epoch != nullptr) *last_epoch = record.epoch;
        }
        if (!is_torn) {
            EXPECT_EQ((*reader)->damage(), "");
        }
        return found;
    }
    // As whoever goes back to an earlier place does, with the log in one segment.
    void cut_to(uint64_t position) {
        auto file = disk.open(kFirstSegment, OpenMode::kReadWrite);
        ASSERT_TRUE(file);
        ASSERT_TRUE((*file)->truncate(format::kSegmentHeaderBytes + position));
        ASSERT_TRUE((*file)->sync());
    }
};

TEST_F(RestTest, LeavesFilesThatEndWhereItEnds) {
    for (const FsyncPolicy fsync : {FsyncPolicy::kNever, FsyncPolicy::kAlways}) {
        disk = SimDisk();
        options.fsync = fsync;
        open();
        for (int i = 0; i < 20; ++i) {
            append(text_of(1'000));
            if (i % 6 == 5) write();
        }
        ASSERT_TRUE(log->rest());
        EXPECT_EQ(log->synced(), log->appended());
        for (const std::string& name : disk.names()) {
            EXPECT_TRUE(disk.unsynced(name).empty()) << name;
        }
        const std::vector<uint64_t> segments = *list_segments(disk);
        EXPECT_GT(segments.size(), 1u);
        const std::string last = format::file_name(format::kSegmentPrefix, segments.back());
        EXPECT_EQ(disk.contents(last).size(),
                  format::kSegmentHeaderBytes + log->appended() - segments.back());
        EXPECT_EQ(records(disk), 20u);
    }
}

TEST_F(RestTest, TakesAndWritesNothing) {
    open();
    append("a");
    const uint64_t end = append("b");
    write();
    const std::string record = files();
    ASSERT_TRUE(log->rest());
    const uint64_t changes = disk.changes();
    EXPECT_EQ(append("c"), 0u);
    EXPECT_EQ(log->append_received(record), 0u);
    EXPECT_EQ(log->appended(), end);
    EXPECT_FALSE(log->takes_records());
    EXPECT_EQ(log->refusal().error().code, Code::kBackpressure);
    EXPECT_FALSE(log->failed());
    EXPECT_FALSE(log->make_room(1 << 20));
    log->begin_segment_for_snapshot();
    EXPECT_TRUE(log->write(end));
    EXPECT_TRUE(log->sync(end));
    EXPECT_FALSE(log->enter_epoch(2, [] { return Status(); }));
    EXPECT_TRUE(log->rest());
    clock.advance_ms(2'000);
    EXPECT_TRUE(log->maintain());
    std::string told;
    std::unique_ptr<LogWaiter> waiter = std::make_unique<Recorder>(told);
    EXPECT_FALSE(log->notify(end, Durability::kDisk, waiter));
    EXPECT_TRUE(log->stop());
    EXPECT_EQ(disk.changes(), changes);
}

TEST_F(RestTest, GoesOnWhereItWas) {
    open();
    append("a");
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(log->rest());
        ASSERT_TRUE(log->restart(start_at(log->appended()), 0, 0));
        EXPECT_TRUE(log->takes_records());
        append(text_of(2'000));
    }
    write();
    EXPECT_EQ(records(disk), 4u);
    EXPECT_TRUE(log->stop());
    EXPECT_EQ(records(disk), 4u);
}

TEST_F(RestTest, GoesOnAtAnEarlierPlace) {
    open();
    const uint64_t first = append("a");
    const uint64_t second = append("b");
    const uint64_t third = append("c");
    std::string told;
    ASSERT_TRUE(log->rest());
    cut_to(second);
    ASSERT_TRUE(log->restart(start_at(second, kHistory, 4), 0, 0));
    EXPECT_EQ(log->appended(), second);
    EXPECT_EQ(log->written(), second);
    EXPECT_EQ(log->synced(), second);
    // Whoever held the place that is given up.
    EXPECT_TRUE(log->write(first));
    EXPECT_EQ(log->write(third).error().code, Code::kTimeout);
    EXPECT_EQ(log->sync(third).error().code, Code::kTimeout);
    std::unique_ptr<LogWaiter> waiter = std::make_unique<Recorder>(told);
    EXPECT_TRUE(log->notify(third, Durability::kDisk, waiter));
    EXPECT_EQ(told, "given up ");
    EXPECT_FALSE(log->failed());
    EXPECT_EQ(append("d"), third);
    waiter = std::make_unique<Recorder>(told);
    EXPECT_TRUE(log->notify(third, Durability::kDisk, waiter));
    sync();
    EXPECT_EQ(told, "given up ok ");
    uint32_t epoch = 0;
    EXPECT_EQ(records(disk, kHistory, 0, &epoch), 3u);
    EXPECT_EQ(epoch, 4u);
}

TEST_F(RestTest, GoesOnInAnotherHistory) {
    open();
    for (int i = 0; i < 10; ++i) append(text_of(1'000));
    ASSERT_TRUE(log->rest());
    for (const uint64_t segment : *list_segments(disk)) {
        ASSERT_TRUE(disk.remove(format::file_name(format::kSegmentPrefix, segment)));
    }
    const LogHistory other{{7, 8}, 99, 1};
    int begun = 0;
    LogStart start = start_at(100'000, other, 5);
    start.begin_epoch = [&]() -> Status {
        ++begun;
        return {};
    };
    ASSERT_TRUE(log->restart(start, 100'000, 100'000));
    EXPECT_EQ(log->history().frame_seed, 99u);
    EXPECT_EQ(log->oldest_position(), 100'000u);
    append("a");
    append_ahead(text_of(20'000));
    sync();
    EXPECT_EQ(begun, 1);
    EXPECT_EQ(records(disk, other, 100'000), 2u);
}

TEST_F(RestTest, ReadersOfTheTailHaveLostTheirPlace) {
    open();
    append("a");
    write();
    TailReader reader(*log, 0);
    ASSERT_TRUE(log->rest());
    auto read = reader.read(1 << 20);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::kNeedSnapshot);
    ASSERT_TRUE(log->restart(start_at(log->appended()), 0, 0));
    EXPECT_FALSE(reader.read(1 << 20));
    TailReader again(*log, 0);
    EXPECT_TRUE(again.read(1 << 20));
}

class AppendsWhenTold final : public LogWaiter {
public:
    explicit AppendsWhenTold(std::function<void()> append) : append_(std::move(append)) {}
    void complete(Code, std::string_view) noexcept override { append_(); }

private:
    const std::function<void()> append_;
};

TEST_F(RestTest, IsRefusedBesideAnAppenderAndOnAFailedDisk) {
    EXPECT_EQ(Log(disk, clock, start_at(0), options).rest().error().code, Code::kMisuse);
    open();
    EXPECT_EQ(log->restart(start_at(0), 0, 0).error().code, Code::kMisuse);
    const uint64_t end = append("a");
    std::unique_ptr<LogWaiter> waiter =
        std::make_unique<AppendsWhenTold>([this] { append("meanwhile"); });
    ASSERT_TRUE(log->notify(end, Durability::kDisk, waiter));
    EXPECT_EQ(log->rest().error().code, Code::kInvalidArgument);
    EXPECT_TRUE(log->takes_records());
    append("b");
    sync();
    EXPECT_EQ(records(disk), 3u);
    append("c");
    disk.fail_at(DiskCall::kSync, 1, DiskFault::kInputOutput);
    EXPECT_FALSE(log->rest());
    EXPECT_TRUE(log->failed());
    EXPECT_FALSE(log->rests());
}

TEST_F(RestTest, AShortageIsWaitedOut) {
    open();
    append("a");
    ASSERT_TRUE(log->rest());
    disk.set_shortage(DiskFault::kNoSpace);
    const uint64_t end = log->appended();
    const Status failed = log->restart(start_at(end), end, 0);
    ASSERT_FALSE(failed);
    EXPECT_TRUE(failed.error().may_pass());
    EXPECT_TRUE(log->rests());
    EXPECT_EQ(append("b"), 0u);
    disk.set_shortage(std::nullopt);
    ASSERT_TRUE(log->restart(start_at(end), end, 0));
    append("b");
    sync();
    EXPECT_EQ(records(disk), 2u);
}

// Wherever the rest fails, the log goes on; wherever the process dies, nothing is lost.
TEST_F(RestTest, FaultsAndDeaths) {
    bool ended = false;
    for (uint64_t nth = 1; !ended; ++nth) {
        ASSERT_LT(nth, 50u);
        disk = SimDisk();
        open();
        for (int i = 0; i < 6; ++i) append(text_of(1'500));
        sync();
        append("last");
        disk.halt_at(nth);
        log->rest().ignore();
        ended = !disk.halted();
        SmallRandom random(nth);
        log->stop().ignore();
        log.reset();
        disk.crash(random);
        EXPECT_GE(records(disk, kHistory, 0, nullptr, true), 6u);
    }
    for (const DiskCall call : {DiskCall::kTruncate, DiskCall::kSync, DiskCall::kSyncNames}) {
        disk = SimDisk();
        open();
        append("a");
        sync();
        disk.fail_at(call, 1, DiskFault::kNoSpace);
        if (log->rest()) continue;
        disk.clear_faults();
        if (log->failed()) continue;  // a failed sync is final
        clock.advance_ms(200);
        ASSERT_TRUE(log->maintain());
        EXPECT_TRUE(log->takes_records());
        append("b");
        sync();
        EXPECT_EQ(records(disk), 2u);
        ASSERT_TRUE(log->rest());
    }
}

// Whoever holds on to the log asks it whatever it likes meanwhile.
TEST_F(RestTest, BesideItsThreadAndOthers) {
    options.threads = true;
    options.fsync = FsyncPolicy::kEverySecond;
    open();
    std::atomic<bool> ends{false};
    std::atomic<uint64_t> rounds{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] {
            std::string told;
            while (!ends) {
                const uint64_t position = log->appended();
                if (i == 0) log->sync(position).ignore();
                if (i == 1) log->write(position).ignore();
                if (i == 2) {
                    TailReader reader(*log, 0);
                    if (auto piece = reader.read(1 << 16); !piece) told.clear();
                }
                log->make_room(1 << 16).ignore();
                EXPECT_LE(log->reached(Durability::kDisk), 1u << 30);
                EXPECT_NE(log->history().frame_seed, 0u);
                rounds.fetch_add(1);
            }
        });
    }
    const uint64_t low = append("a");
    size_t expected = 1;
    for (int i = 0; i < 40; ++i) {
        append(text_of(300));
        const uint64_t end = append("b");
        ASSERT_TRUE(log->rest());
        const bool back = i % 2 == 1 && list_segments(disk)->size() == 1;
        if (back) cut_to(low);
        expected = back ? 1 : expected + 2;
        const uint64_t before = rounds.load();
        ASSERT_TRUE(log->restart(start_at(back ? low : end), list_segments(disk)->back(), 0));
        while (rounds.load() == before) std::this_thread::yield();
    }
    ends = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(log->stop());
    EXPECT_EQ(records(disk), expected);
}

}  // namespace
}  // namespace synap
