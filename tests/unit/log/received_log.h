// A log that takes the records of another one, for tests of who follows.
#pragma once

#include <functional>

#include "core/log/manifest.h"
#include "core/log/reader.h"
#include "core/log/received.h"
#include "tests/unit/log/open_log.h"

namespace synap {

struct Told {
    uint64_t end;
    uint32_t epoch;
    std::string effects;
    bool operator==(const Told&) const = default;
};

inline std::vector<Told> read_told(Disk& disk, std::string* damage = nullptr) {
    std::vector<Told> all;
    auto reader = LogReader::open(disk, {{1, 2}, 3, 1}, 0);
    EXPECT_TRUE(reader);
    LogRecord record;
    for (;;) {
        auto more = (*reader)->next(record);
        EXPECT_TRUE(more);
        if (!more || !*more) break;
        all.push_back({record.end, record.epoch, std::string(record.effects)});
    }
    if (damage != nullptr) *damage = (*reader)->damage();
    return all;
}

// `log` and `disk` are the master's.
class ReceivedTest : public OpenLogTest {
protected:
    ReceivedTest() {
        open();
        follow(follower_disk);
    }
    ~ReceivedTest() override {
        if (follower != nullptr) follower->stop().ignore();
    }

    void follow(SimDisk& on, std::function<Status()> begin_epoch = nullptr) {
        if (follower != nullptr) follower->stop().ignore();
        const LogStart start{kHistory, 1, 0, 0, std::move(begin_epoch)};
        follower = std::make_unique<Log>(on, clock, start, options);
        follower->start(0).ignore();
    }
    // Records of every layout, in `epochs` epochs.
    void write_all_kinds(uint32_t epochs = 1) {
        for (uint32_t epoch = 1; epoch <= epochs; ++epoch) {
            if (epoch > 1) {
                ASSERT_TRUE(log->enter_epoch(epoch, [] { return Status(); }));
            }
            append(text_of(10));
            append_blob(text_of(30'000, 'b'));
            append(text_of(200, 's'));
            append_ahead(text_of(limits::kFrameBytes * 3 / 2, 'a'));
            sync();
            append_blob(text_of(limits::kFrameBytes * 2 + 5, 'c'));
            append(text_of(1'000, 'e'));
            append(text_of(7));
        }
        sync();
    }
    std::vector<std::string> master_records() { return split(files()); }
    static std::vector<std::string> split(const std::string& bytes) {
        std::vector<std::string> records(1);
        for (size_t at = 0; at < bytes.size();) {
            const FrameHeader header = decode_frame_header(bytes.data() + at);
            const size_t size = format::kFrameHeaderBytes + header.length;
            records.back() += bytes.substr(at, size);
            at += size;
            if ((header.flags & format::kFlagLast) != 0) records.emplace_back();
        }
        EXPECT_EQ(records.back(), "");
        records.pop_back();
        return records;
    }
    void take(const std::string& record) {
        const uint64_t before = follower->appended();
        ASSERT_EQ(follower->append_received(record), before + record.size());
        ASSERT_EQ(follower->appended(), before + record.size());
    }
    uint64_t append_own(std::string_view key) {
        EffectBuffer effects;
        Effect effect;
        effect.kind = EffectKind::kDelete;
        effect.key = key;
        effects.add(effect);
        return follower->append(effects, clock.wall_ms());
    }
    std::string follower_files() {
        std::swap(log, follower);
        std::swap(disk, follower_disk);
        std::string all = files();
        std::swap(log, follower);
        std::swap(disk, follower_disk);
        return all;
    }

    SimDisk follower_disk;
    std::unique_ptr<Log> follower;
};

}  // namespace synap
