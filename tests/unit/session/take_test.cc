// A follower with a directory: what it was sent is stored as it stands in the master's log, and
// applied, and both agree whenever it stops.
#include "core/engine/following.h"
#include "core/log/record.h"
#include "tests/unit/session/follower.h"

namespace synap {
namespace {

class TakeTest : public FollowerTest {
protected:
    // Of everything up to each record, by who applies it alone.
    std::vector<uint64_t> digests_of(const std::vector<Record>& records) {
        std::vector<uint64_t> digests;
        auto opened = Engine::open({nullptr, &clock, &entropy, false, true}, options);
        EXPECT_TRUE(opened);
        const std::shared_ptr<Engine> model = *opened;
        auto keyspace = std::make_shared<Keyspace>(limits::kSlotBitsMin, engine->manifest()->secret,
                                                   model->heap());
        model->replace_keyspace(std::move(keyspace));
        digests.push_back(model->keyspace().digest());
        for (const Record& record : records) {
            EXPECT_TRUE(model->following().apply(record.effects, record.end));
            digests.push_back(model->keyspace().digest());
        }
        EXPECT_TRUE(model->close());
        return digests;
    }
    static size_t records_until(const std::vector<Record>& records, uint64_t end) {
        size_t n = 0;
        while (n < records.size() && records[n].end <= end) ++n;
        return n;
    }
};

TEST_F(TakeTest, EndsInTheMastersStateAndBytes) {
    ASSERT_TRUE(options.set(OptionId::kShadow, "true"));
    open_follower();
    for (int round = 0; round < 4; ++round) {
        write_all_kinds(round);
        if (round == 1) open_master();  // in another epoch from here on
        ASSERT_TRUE(follow());
        expect_equal();
        EXPECT_EQ(follower->difference_from_shadow(), "");
    }
    const uint64_t end = engine->log()->appended();
    EXPECT_EQ(follower->following().applied(), end);
    ASSERT_TRUE(follower->log()->sync(end));
    EXPECT_EQ(log_bytes(*follower_disk, 0, end), log_bytes(*disk, 0, end));
    EXPECT_EQ(follower->durable_epochs().size(), 2u);
    EXPECT_EQ(follower->epoch_word(), engine->epoch_word());
    for (const uint64_t position : {uint64_t{1}, end / 2, end}) {
        const uint64_t word = engine->epoch_word_at(position);
        EXPECT_EQ(follower->epoch_word_at(position), word);
        EXPECT_TRUE(follower->check_token(word, position));
    }
    EXPECT_FALSE(follower->check_token(engine->epoch_word(), end + 1));
}

TEST_F(TakeTest, IsTheSameAfterEachReopen) {
    write_all_kinds(0);
    open_master();
    write_all_kinds(1);
    write_all_kinds(2);
    const std::vector<Record> records = records_from(0);
    const std::vector<uint64_t> digests = digests_of(records);
    for (size_t i = 0; i < records.size(); ++i) {
        ASSERT_TRUE(take(records[i]));
        ASSERT_EQ(follower->keyspace().digest(), digests[i + 1]) << i;
        if (i % 3 == 0) {
            ASSERT_TRUE(follower->snapshots().take());
        }
        open_follower();
        ASSERT_EQ(follower->keyspace().digest(), digests[i + 1]) << i;
        ASSERT_EQ(follower->following().applied(), records[i].end);
        ASSERT_EQ(follower->log()->appended(), records[i].end);
        EXPECT_EQ((*reader)("SET a 1").substr(0, 9), "-READONLY");
    }
    expect_equal();
    EXPECT_EQ(follower->durable_epochs().size(), 2u);
}

// The process or the machine dies at each disk operation of a follower that takes snapshots too.
TEST_F(TakeTest, DeathsLeaveWholeRecords) {
    ASSERT_TRUE(options.set(OptionId::kSegmentBytes, "4096"));
    write_all_kinds(0);
    open_master();
    write_all_kinds(1);
    const std::vector<Record> records = records_from(0);
    const std::vector<uint64_t> digests = digests_of(records);
    uint64_t changes = 10'000;
    for (uint64_t halt = 1; halt <= changes; ++halt) {
        const bool power = halt % 2 == 0;
        SimDiskOptions disk_options;
        disk_options.seed = halt;
        if (follower != nullptr) follower->close().ignore();
        reader.reset();
        follower.reset();
        follower_disk = std::make_shared<SimDisk>(disk_options);
        prepare(*follower_disk);
        open_follower();
        const uint64_t before = follower_disk->changes();
        follower_disk->halt_at(halt);
        size_t synced = 0;
        size_t written = 0;
        for (size_t i = 0; i < records.size(); ++i) {
            if (!take(records[i])) break;
            if (i % 4 == 0 && follower->log()->write(records[i].end)) written = i + 1;
            if (i % 9 == 0 && follower->log()->sync(records[i].end)) synced = written = i + 1;
            if (i % 13 == 0) follower->snapshots().take().ignore();
        }
        if (!follower_disk->halted()) changes = follower_disk->changes() - before;
        reader.reset();
        SmallRandom random(halt);
        power ? follower_disk->crash(random) : follower_disk->kill();
        follower->close().ignore();
        open_follower();
        ASSERT_NE(follower, nullptr) << "halt " << halt;
        const uint64_t end = follower->log()->appended();
        const size_t found = records_until(records, end);
        ASSERT_GE(found, power ? synced : written) << "halt " << halt;
        ASSERT_EQ(end, found == 0 ? 0 : records[found - 1].end) << "halt " << halt;
        ASSERT_EQ(follower->keyspace().digest(), digests[found]) << "halt " << halt;
        if (halt % 8 != 0) continue;
        ASSERT_TRUE(follow()) << "halt " << halt;
        ASSERT_EQ(follower->keyspace().digest(), digests.back()) << "halt " << halt;
    }
    EXPECT_LT(changes, 10'000u);
    RecordProperty("changes", static_cast<int>(changes));
}

// Slots that were captured before a record and slots that were captured behind it.
TEST_F(TakeTest, ASnapshotCoversWhatWasApplied) {
    for (int round = 0; round < 3; ++round) write_all_kinds(round);
    for (int i = 0; i < 300; ++i) (*master)("HINCRBY h" + std::to_string(i % 40) + " f 1");
    const std::vector<Record> records = records_from(0);
    const std::vector<uint64_t> digests = digests_of(records);
    for (size_t n = 0; n + 100 < records.size(); n += 37) {
        follower_disk = std::make_shared<SimDisk>();
        prepare(*follower_disk);
        open_follower();
        ASSERT_TRUE(follow(n));
        ASSERT_TRUE(follower->snapshots().begin());
        for (bool done = false; !done;) {
            auto stepped = follower->snapshots().step(60, 10);
            ASSERT_TRUE(stepped);
            done = *stepped;
            ASSERT_TRUE(follow(3));
        }
        const size_t taken = records_until(records, follower->following().applied());
        ASSERT_EQ(follower->snapshots().state().taken, 1u);
        open_follower();
        ASSERT_EQ(follower->keyspace().digest(), digests[taken]) << n;
        ASSERT_TRUE(follow());
        expect_equal();
    }
}

// Stored and not applied yet, as where memory ran out in between: no snapshot claims to hold it.
TEST_F(TakeTest, WhatIsMerelyStoredIsInNoSnapshot) {
    write_all_kinds();
    for (int i = 0; i < 20; ++i) (*master)("HINCRBY h count 1");
    const std::vector<Record> records = records_from(0);
    for (size_t i = 0; i < records.size(); ++i) {
        ASSERT_TRUE(enter_epochs());
        ASSERT_EQ(follower->log()->append_received(records[i].frames), records[i].end);
        const Status early = follower->begin_term(0);
        ASSERT_FALSE(early);
        EXPECT_EQ(early.error().code, Code::kMisuse);
        ASSERT_TRUE(follower->snapshots().take());
        if (i % 2 == 0) {
            open_follower();  // recovery applies it
            EXPECT_EQ(follower->following().applied(), records[i].end);
        } else {
            ASSERT_TRUE(take(records[i]));
        }
    }
    expect_equal();
}

TEST_F(TakeTest, StoresNothingThatDoesNotFit) {
    (*master)("SET a text");
    (*master)("SET b text");
    const std::vector<Record> records = records_from(0);
    const auto refused = [&](const Record& record) {
        const Status taken = follower->following().take(record.frames, record.effects, record.end);
        EXPECT_FALSE(taken);
        EXPECT_EQ(follower->log()->appended(), follower->following().applied());
        return taken ? Code::kOk : taken.error().code;
    };
    EXPECT_EQ(refused(records[0]), Code::kCorrupt) << "of an epoch that was not told of";
    ASSERT_TRUE(enter_epochs());
    EXPECT_EQ(refused(records[1]), Code::kCorrupt) << "of another place";
    Record half = records[0];
    half.frames.pop_back();
    EXPECT_EQ(refused(half), Code::kCorrupt);
    half.end -= 1;
    EXPECT_EQ(refused(half), Code::kCorrupt);
    ASSERT_TRUE(take(records[0]));
    EXPECT_EQ(refused(records[0]), Code::kCorrupt) << "a second time";
    ASSERT_TRUE(take(records[1]));

    // An edit of what is no hash here.
    Record wrong = records[1];
    EffectBuffer effects;
    Effect effect;
    effect.kind = EffectKind::kEdit;
    effect.type = ValueType::kHash;
    effect.key = "a";
    const std::string body = std::string("\x05\x01", 2) + "fv";
    effect.body.argument = 1;
    effect.body.bytes = body;
    effects.add(effect);
    const uint64_t at = wrong.end;
    ASSERT_NE(engine->log()->append(effects, 1), 0u);
    wrong = records_from(at).back();
    EXPECT_EQ(refused(wrong), Code::kCorrupt);
    EXPECT_EQ((*reader)("GET a"), "$text");
}

// But for one that an earlier effect of the same record has made way for.
TEST_F(TakeTest, ARecordMayChangeTheTypeOfAKey) {
    (*master)("SET a text");
    (*master)("HSET other f v");
    (*master)("MULTI");
    (*master)("DEL a");
    (*master)("HSET a f v");
    (*master)("HSET a g v");
    (*master)("RENAME other b");
    (*master)("HSET b g w");
    (*master)("EXEC");
    ASSERT_TRUE(follow());
    expect_equal();
    EXPECT_EQ((*reader)("HGET b g"), "$w");
}

TEST_F(TakeTest, AFullDiskStopsItBetweenRecords) {
    for (int i = 0; i < 50; ++i) {
        master->call({"SET", "k" + std::to_string(i), std::string(100'000, 'v')});
    }
    ASSERT_TRUE(follow(3));
    follower_disk->set_shortage(DiskFault::kNoSpace);
    const Status stopped = follow();
    ASSERT_FALSE(stopped);
    EXPECT_TRUE(stopped.error().may_pass());
    EXPECT_EQ(follower->log()->appended(), follower->following().applied());
    EXPECT_EQ((*reader)("GET k0").size(), 100'001u);
    follower_disk->set_shortage(std::nullopt);
    clock.advance_ms(200);
    ASSERT_TRUE(follower->log()->maintain());
    ASSERT_TRUE(follow());
    expect_equal();
}

TEST_F(TakeTest, ALargeRecordIsWrittenAtOnce) {
    master->call({"SET", "large", std::string(limits::kLargeRecordBytes + 1, 'v')});
    ASSERT_TRUE(follow());
    EXPECT_EQ(follower->log()->written(), engine->log()->appended());
    expect_equal();
}

}  // namespace
}  // namespace synap
