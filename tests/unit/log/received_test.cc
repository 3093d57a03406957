// A log that takes another's records as they stand there.
#include "tests/unit/log/received_log.h"

namespace synap {
namespace {

TEST_F(ReceivedTest, StandsInTheFilesByteForByte) {
    write_all_kinds(3);
    const std::vector<std::string> records = master_records();
    ASSERT_EQ(records.size(), 21u);
    // One by one, several at once, and written now and then.
    for (const size_t at_once : {1, 2, 5}) {
        SimDisk fresh;
        follow(fresh);
        for (size_t i = 0; i < records.size(); i += at_once) {
            std::string frames;
            for (size_t n = i; n < std::min(i + at_once, records.size()); ++n) frames += records[n];
            take(frames);
            if (i % 4 == 0) {
                ASSERT_TRUE(follower->write(follower->appended()));
            }
        }
        ASSERT_TRUE(follower->sync(follower->appended()));
        EXPECT_EQ(follower->appended(), log->appended());
        EXPECT_EQ(follower->counters().records.load(), records.size());
        std::string damage;
        const std::vector<Told> told = read_told(fresh, &damage);
        EXPECT_EQ(damage, "");
        EXPECT_EQ(told, read_told(disk));
        EXPECT_EQ(told.back().epoch, 3u);
        std::swap(follower_disk, fresh);
        EXPECT_EQ(follower_files(), files());
        std::swap(follower_disk, fresh);
        follower->stop().ignore();
        follower.reset();
    }
}

// What the master called durable, not what the follower knows.
TEST_F(ReceivedTest, KeepsItsMarks) {
    append("first");
    sync();
    const uint64_t synced = log->synced();
    append("second");
    sync();
    for (const std::string& record : master_records()) take(record);
    ASSERT_TRUE(follower->write(follower->appended()));
    const std::string bytes = follower_files();
    EXPECT_EQ(decode_frame_header(bytes.data() + synced).synced, synced);
    EXPECT_EQ(follower->synced(), 0u);
}

// The end of own records and the begin of received ones may wait in one tail, on either side.
TEST_F(ReceivedTest, OwnRecordsMayFollowAndPrecede) {
    for (const bool pauses : {false, true}) {
        SimDisk fresh;
        follow(fresh);
        append_own("one");
        append_own("two");
        if (pauses) {
            ASSERT_TRUE(follower->sync(follower->appended()));
        }
        // Frames for this place, by a log that begins there.
        SimDisk other;
        Log source(other, clock, LogStart{kHistory, 2, follower->appended()}, options);
        ASSERT_TRUE(source.start(follower->appended()));
        const uint64_t begin = source.appended();
        EffectBuffer effects;
        Effect effect;
        effect.kind = EffectKind::kDelete;
        effect.key = "master's";
        effects.add(effect);
        source.append(effects, 5);
        const BlobRef blob(Blob::copy(text_of(100'000)));
        effect.kind = EffectKind::kValue;
        effect.body.blob = blob.get();
        effect.body.bytes = blob.get()->bytes();
        effects.add(effect);
        source.append(effects, 6);
        ASSERT_TRUE(source.write(source.appended()));
        const std::string frames =
            other.contents(format::file_name(format::kSegmentPrefix, begin))
                .substr(format::kSegmentHeaderBytes, source.appended() - begin);
        source.stop().ignore();

        take(frames);
        if (pauses) {
            ASSERT_TRUE(follower->sync(follower->appended()));
        }
        ASSERT_TRUE(follower->enter_epoch(3, [] { return Status(); }));
        append_own("three");
        append_own("four");
        ASSERT_TRUE(follower->sync(follower->appended()));
        std::string damage;
        const std::vector<Told> told = read_told(fresh, &damage);
        EXPECT_EQ(damage, "");
        std::vector<uint32_t> epochs;
        for (const Told& record : told) epochs.push_back(record.epoch);
        EXPECT_EQ(epochs, (std::vector<uint32_t>{1, 1, 2, 2, 3, 3}));
        EXPECT_EQ(told.back().end, follower->appended());
        follower->stop().ignore();
        follower.reset();
    }
}

TEST_F(ReceivedTest, IsRefusedElsewhereAndInParts) {
    write_all_kinds();
    const std::vector<std::string> records = master_records();
    const std::string& chain = records[4];
    ASSERT_GT(chain.size(), 2 * limits::kFrameBytes);
    EXPECT_EQ(follower->append_received(records[1]), 0u);
    take(records[0]);
    EXPECT_EQ(follower->append_received(records[0]), 0u);
    EXPECT_EQ(follower->append_received(""), 0u);
    EXPECT_EQ(follower->append_received(records[1].substr(0, records[1].size() - 1)), 0u);
    EXPECT_EQ(follower->append_received(records[1].substr(0, 20)), 0u);
    EXPECT_EQ(follower->append_received(records[1] + records[3]), 0u);
    for (size_t i = 1; i < 4; ++i) take(records[i]);
    const size_t frame = format::kFrameHeaderBytes + limits::kFrameBytes;
    EXPECT_EQ(follower->append_received(chain.substr(0, frame)), 0u);
    EXPECT_EQ(follower->append_received(chain.substr(frame)), 0u);
    take(chain);
    EXPECT_EQ(follower->counters().records.load(), 5u);
    ASSERT_TRUE(follower->stop());
    EXPECT_EQ(follower->append_received(records[5]), 0u);
    EXPECT_EQ(read_told(follower_disk).size(), 5u);
}

// It waits beside the tail, so that others need not wait for it to be written.
TEST_F(ReceivedTest, ALargeOneTakesNobodysRoom) {
    const size_t size = limits::kLogTailBytes + limits::kLargeRecordBytes;
    append_blob(std::string(size, 'x'));
    sync();
    const std::string record = files();
    ASSERT_TRUE(follower->make_room(record.size()));
    take(record);
    EXPECT_GT(follower->tail_bytes(), limits::kLogTailBytes);
    EXPECT_TRUE(follower->has_room());
    EXPECT_FALSE(follower->has_room(limits::kLargeRecordBytes + 1));
    ASSERT_TRUE(follower->write(follower->appended()));
    ASSERT_TRUE(follower->make_room(limits::kLargeRecordBytes + 1));
    EXPECT_TRUE(follower_files() == record);
}

TEST_F(ReceivedTest, AShortageStopsItBetweenRecords) {
    for (int i = 0; i < 2'000; ++i) append(text_of(1'000));
    sync();
    const std::vector<std::string> records = master_records();
    size_t next = 0;
    const auto take_while_there_is_room = [&] {
        while (next < records.size() && follower->takes_records()) {
            const std::string& record = records[next];
            if (!follower->has_room(record.size()) && !follower->make_room(record.size())) return;
            take(record);
            ++next;
        }
    };
    follower_disk.set_shortage(DiskFault::kNoSpace);
    take_while_there_is_room();
    ASSERT_LT(next, records.size());
    EXPECT_FALSE(follower->failed());
    ASSERT_TRUE(follower->sync(follower->appended()));
    EXPECT_EQ(read_told(follower_disk).size(), next);
    follower_disk.set_shortage(std::nullopt);
    clock.advance_ms(200);
    ASSERT_TRUE(follower->maintain());
    take_while_there_is_room();
    EXPECT_EQ(next, records.size());
    ASSERT_TRUE(follower->sync(follower->appended()));
    EXPECT_EQ(read_told(follower_disk), read_told(disk));
}

// What a life on `disk` reached before it ended.
struct Reached {
    size_t written = 0;
    size_t synced = 0;
    uint32_t epoch = 1;  // entered
    uint64_t changes = 0;
};

class Deaths : public ReceivedTest {
protected:
    static constexpr const char* kEpochFile = "EPOCH";

    // Takes all records, entering each epoch before the first of its records.
    Reached live(SimDisk& on, const std::vector<std::string>& records) {
        Reached reached;
        size_t taken = 0;
        for (const std::string& record : records) {
            const FrameHeader header = decode_frame_header(record.data());
            if (header.epoch != reached.epoch) {
                const std::string text = std::to_string(header.epoch);
                const Status entered = follower->enter_epoch(
                    header.epoch, [&] { return write_file_durably(on, kEpochFile, text); });
                if (!entered) break;
                reached.epoch = header.epoch;
                reached.synced = reached.written = taken;
            }
            if (follower->append_received(record) == 0) break;
            ++taken;
            if (taken % 3 == 0 && follower->write(follower->appended())) reached.written = taken;
            if (taken % 5 == 0 && follower->sync(follower->appended())) reached.synced = taken;
        }
        return reached;
    }
};

TEST_F(Deaths, LeaveWholeRecordsAndNoEpochBeforeItsTime) {
    write_all_kinds(3);
    const std::vector<std::string> records = master_records();
    const std::vector<Told> whole = read_told(disk);
    std::vector<size_t> firsts;  // of epochs 2 and 3
    for (size_t i = 1; i < whole.size(); ++i) {
        if (whole[i].epoch != whole[i - 1].epoch) firsts.push_back(i);
    }
    uint64_t changes = 1'000;
    for (uint64_t halt = 1; halt <= changes; ++halt) {
        for (const bool power : {false, true}) {
            SimDiskOptions disk_options;
            disk_options.seed = halt;
            SimDisk fresh(disk_options);
            follow(fresh);
            const uint64_t before = fresh.changes();
            fresh.halt_at(halt);
            const Reached reached = live(fresh, records);
            if (!fresh.halted()) changes = fresh.changes() - before;
            follower->stop().ignore();
            follower.reset();
            SmallRandom random(halt);
            power ? fresh.crash(random) : fresh.kill();

            const std::vector<Told> found = read_told(fresh);
            const std::string at = "halt " + std::to_string(halt) + (power ? " power" : "");
            ASSERT_GE(found.size(), power ? reached.synced : reached.written) << at;
            ASSERT_LE(found.size(), whole.size()) << at;
            ASSERT_TRUE(std::equal(found.begin(), found.end(), whole.begin())) << at;
            const std::string text = fresh.contents(kEpochFile);
            const uint32_t epoch = text.empty() ? 1 : static_cast<uint32_t>(text[0] - '0');
            ASSERT_GE(epoch, reached.epoch) << at;
            if (!found.empty()) {
                ASSERT_GE(epoch, found.back().epoch) << at;
            }
            for (uint32_t entered = 2; entered <= epoch; ++entered) {
                ASSERT_GE(found.size(), firsts[entered - 2]) << at;
            }
        }
    }
    EXPECT_LT(changes, 1'000u);
    RecordProperty("changes", static_cast<int>(changes));
}

}  // namespace
}  // namespace synap
