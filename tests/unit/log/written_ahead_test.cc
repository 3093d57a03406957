// Values that were written before their record had its place.
#include "core/log/written_ahead.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/base/limits.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/reader.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"

namespace synap {
namespace {

using Records = std::vector<std::string>;

std::string text_of(size_t size, char first) {
    std::string text(size, first);
    for (size_t i = 0; i < size; i += 997) text[i] = static_cast<char>('a' + i % 26);
    return text;
}

// One life of a log on a disk that outlives it.
class Life {
public:
    Life(Disk& disk, SimClock& clock, FsyncPolicy fsync = FsyncPolicy::kEverySecond)
        : clock_(clock) {
        LogOptions options;
        options.threads = false;
        options.fsync = fsync;
        options.segment_bytes = 4096;
        log = std::make_unique<Log>(disk, clock, LogStart{kHistory, 1, 0}, options);
        started = static_cast<bool>(log->start(0));
    }
    ~Life() { log->stop().ignore(); }

    // A record of these values, of which the large ones were written ahead.
    uint64_t append(const Records& values, bool ahead, const std::string& key = "k") {
        EffectBuffer effects;
        std::vector<BlobRef> blobs;
        std::unique_ptr<WrittenAhead> written;
        for (const std::string& value : values) blobs.emplace_back(Blob::copy(value));
        if (ahead) written = log->write_ahead(blobs);
        was_ahead = written != nullptr;
        for (size_t i = 0; i < values.size(); ++i) {
            Effect effect;
            effect.kind = EffectKind::kValue;
            effect.key = key;
            effect.body.blob = blobs[i].get();
            effect.body.bytes = effect.body.blob->bytes();
            effects.add(effect);
        }
        const uint64_t end = log->append(effects, clock_.wall_ms(), &written);
        took = was_ahead && written == nullptr;
        return end;
    }

    static constexpr LogHistory kHistory{{1, 2}, 3, 1};
    std::unique_ptr<Log> log;
    bool started = false;
    bool was_ahead = false;
    bool took = false;

private:
    SimClock& clock_;
};

struct Found {
    Records values;
    std::string damage;
    uint64_t end = 0;
};

Found read(Disk& disk) {
    Found found;
    auto reader = LogReader::open(disk, Life::kHistory, 0);
    EXPECT_TRUE(reader);
    LogRecord record;
    for (;;) {
        auto more = (*reader)->next(record);
        if (!more || !*more) break;
        std::string_view effects = record.effects;
        while (!effects.empty()) {
            auto effect = decode_effect(effects);
            EXPECT_TRUE(effect);
            if (!effect) return found;
            found.values.emplace_back(effect->body.bytes);
        }
    }
    found.damage = (*reader)->damage();
    found.end = (*reader)->end();
    return found;
}

class Ahead : public testing::Test {
protected:
    SimDisk disk;
    SimClock clock;
    const std::string small = text_of(100, 's');
    const std::string large = text_of(limits::kFrameBytes * 5 / 2, 'l');
    const std::string other = text_of(30'000, 'o');
};

TEST_F(Ahead, IsReadBackInItsPlace) {
    {
        Life life(disk, clock);
        life.append({small}, false);
        life.append({large}, true);
        EXPECT_TRUE(life.took);
        life.append({other, large, other}, true);
        EXPECT_TRUE(life.took);
        life.append({small}, false);
        ASSERT_TRUE(life.log->write(life.log->appended()));
        const Found found = read(disk);
        EXPECT_EQ(found.values, (Records{small, large, other, large, other, small}));
        EXPECT_EQ(found.damage, "");
        EXPECT_EQ(found.end, life.log->appended());
    }
    EXPECT_EQ(read(disk).values.size(), 6u);
    for (const std::string& name : disk.names()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
}

TEST_F(Ahead, IsInTheFileBeforeTheRecordHasItsPlace) {
    Life life(disk, clock, FsyncPolicy::kAlways);
    std::vector<BlobRef> values;
    values.emplace_back(Blob::copy(large));
    auto written = life.log->write_ahead(values);
    ASSERT_NE(written, nullptr);
    EXPECT_EQ(disk.unsynced(written->name()).size(), 1u);  // its name
    EXPECT_GE(disk.contents(written->name()).size(), large.size());
    EXPECT_EQ(life.log->appended(), 0u);
    const std::string name = written->name();
    written.reset();
    EXPECT_EQ(disk.contents(name), "");
}

TEST_F(Ahead, OfAnotherRecordIsNotTaken) {
    Life life(disk, clock);
    std::vector<BlobRef> values;
    values.emplace_back(Blob::copy(other));
    auto written = life.log->write_ahead(values);
    EffectBuffer effects;
    Effect effect;
    effect.kind = EffectKind::kValue;
    effect.key = "k";
    effect.body.bytes = small;
    effects.add(effect);
    EXPECT_FALSE(written->fits(effects));
    life.log->append(effects, clock.wall_ms(), &written);
    EXPECT_NE(written, nullptr);
    written.reset();
    life.append({other}, true, std::string(WrittenAhead::kGapBytes, 'k'));  // a gap too small
    EXPECT_TRUE(life.was_ahead);
    EXPECT_FALSE(life.took);
    ASSERT_TRUE(life.log->write(life.log->appended()));
    EXPECT_EQ(read(disk).values, (Records{small, other}));
}

TEST_F(Ahead, WithoutRoomTheRecordTakesItsUsualWay) {
    Life life(disk, clock);
    life.append({small}, false);
    disk.set_shortage(DiskFault::kNoSpace);
    life.append({other}, true);
    EXPECT_FALSE(life.was_ahead);
    disk.set_shortage(std::nullopt);
    ASSERT_TRUE(life.log->write(life.log->appended()));
    EXPECT_EQ(read(disk).values, (Records{small, other}));
}

TEST_F(Ahead, AShortageInTheMiddleIsWaitedOut) {
    for (const DiskCall call : {DiskCall::kWrite, DiskCall::kRename}) {
        for (uint64_t nth = 1; nth < 12; ++nth) {
            SimDisk fresh;
            Life life(fresh, clock);
            life.append({small}, false);
            life.append({other}, true);
            life.append({small}, false);
            life.append({large}, true);
            ASSERT_TRUE(life.took);
            life.append({small}, false);
            fresh.fail_at(call, nth, DiskFault::kNoSpace);
            const uint64_t end = life.log->appended();
            life.log->write(end).ignore();
            ASSERT_TRUE(life.log->write(end));
            EXPECT_EQ(read(fresh).values, (Records{small, other, small, large, small}));
        }
    }
}

// Many of them between two syncs: each is a file that waits for the sync.
TEST_F(Ahead, ManyBetweenTwoSyncs) {
    Life life(disk, clock);
    Records expected;
    for (int i = 0; i < 60; ++i) {
        life.append({other}, true);
        ASSERT_TRUE(life.took);
        expected.push_back(other);
        if (i % 3 == 0) {
            ASSERT_TRUE(life.log->write(life.log->appended()));
        }
    }
    ASSERT_TRUE(life.log->sync(life.log->appended()));
    EXPECT_EQ(read(disk).values, expected);
}

// Wherever the machine dies, what was durable is there, and nothing half.
TEST_F(Ahead, DeathsLeaveAPrefix) {
    const Records all{small, other, large, small, large, other, small};
    uint64_t changes = 1000;
    for (uint64_t halt = 1; halt <= changes; ++halt) {
        for (const bool power : {false, true}) {
            SimDiskOptions options;
            options.seed = halt;
            SimDisk fresh(options);
            size_t durable = 0;
            {
                Life life(fresh, clock);
                const uint64_t before = fresh.changes();
                fresh.halt_at(halt);
                life.append({small}, false);
                life.append({other, large}, true);
                const uint64_t half = life.log->appended();
                if (life.log->sync(half)) durable = 3;
                life.append({small}, false);
                life.append({large}, true);
                if (life.log->write(life.log->appended()) && !power) durable = 5;
                life.append({other}, true);
                life.append({small}, false);
                if (life.log->sync(life.log->appended())) durable = all.size();
                if (!fresh.halted()) changes = fresh.changes() - before;
                SmallRandom random(halt);
                power ? fresh.crash(random) : fresh.kill();
            }
            const Found found = read(fresh);
            ASSERT_GE(found.values.size(), durable) << "halt " << halt << " power " << power;
            ASSERT_LE(found.values.size(), all.size());
            for (size_t i = 0; i < found.values.size(); ++i) ASSERT_EQ(found.values[i], all[i]);
            ASSERT_NE(found.values.size(), 2u) << "half of a record";
        }
    }
    RecordProperty("changes", static_cast<int>(changes));
}

}  // namespace
}  // namespace synap
