// What a reopened store holds, and when opening is refused.
#include "core/log/format.h"
#include "core/platform/sim_disk.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class RecoveryTest : public SessionTest {
protected:
    void open_with(const char* slots, const char* fsync = "everysec") {
        Options options;
        ASSERT_TRUE(options.set(OptionId::kSlots, slots));
        ASSERT_TRUE(options.set(OptionId::kFsync, fsync));
        open(disk, options);
    }

    const std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
};

// One slot of the smaller keyspace stands for two of the snapshot, one captured before the flush.
TEST_F(RecoveryTest, AFlushBesideASnapshotIsReplayedIntoFewerSlots) {
    open_with("2048");
    {
        Client client(engine);
        for (int i = 0; i < 200; ++i) client("SET old" + std::to_string(i) + " x");
        ASSERT_TRUE(engine->snapshots().begin());
        ASSERT_TRUE(engine->snapshots().step(1001));
        client("FLUSHALL");
        for (int i = 0; i < 200; ++i) client("SET new" + std::to_string(i) + " y");
        for (;;) {
            auto done = engine->snapshots().step(100);
            ASSERT_TRUE(done);
            if (*done) break;
        }
    }
    ASSERT_TRUE(engine->close());
    open_with("1024");
    Client client(engine);
    EXPECT_EQ(client("DBSIZE"), ":200");
    for (int i = 0; i < 200; ++i) EXPECT_EQ(client("GET new" + std::to_string(i)), "$y");
}

// Values that go from captured slots to others and back, alone and in records that also change
// them, with the gate shared and alone.
TEST_F(RecoveryTest, MovesBesideASnapshotLoseAndDoubleNothing) {
    constexpr uint64_t kSeed = 7;
    SmallRandom random(kSeed);
    open_with("1024");
    const auto key = [&] { return "k" + std::to_string(random.below(40)); };
    const auto move = [&]() -> std::string {
        switch (random.below(4)) {
            case 0:
                return "RENAME " + key() + " " + key();
            case 1:
                return "COPY " + key() + " " + key() + " REPLACE";
            case 2:
                return "COPY " + key() + " " + key() + " DB 1 REPLACE";
            default:
                return "MOVE " + key() + " 1";
        }
    };
    for (int round = 0; round < 20; ++round) {
        Client client(engine);
        for (int i = 0; i < 40; ++i) client("SET k" + std::to_string(i) + " " + key());
        ASSERT_TRUE(engine->snapshots().begin());
        for (bool done = false; !done;) {
            auto stepped = engine->snapshots().step(50);
            ASSERT_TRUE(stepped);
            done = *stepped;
            client(move());
            client("SELECT " + std::to_string(random.below(2)));
            client("MULTI");
            client("APPEND " + key() + " more");
            if (find_command("HSET") != nullptr) client("HSET " + key() + " field " + key());
            if (random.below(4) == 0) client("SWAPDB 0 1");
            client(move());
            client("SET " + key() + " other");
            client(random.below(2) == 0 ? "RENAME " + key() + " " + key() : move());
            client("APPEND " + key() + " again");
            client("EXEC");
        }
        client.session.reset();
        const uint64_t digest = engine->keyspace().digest();
        ASSERT_TRUE(engine->close());
        engine.reset();
        open_with(round % 2 == 0 ? "4096" : "1024");
        ASSERT_EQ(engine->keyspace().digest(), digest) << "seed " << kSeed << " round " << round;
    }
}

// Fault case 16.
TEST_F(RecoveryTest, AStoreThatIsOpenedForReadingIsLeftAsItIs) {
    open_with("1024", "never");
    {
        Client client(engine);
        client("SET snapped 1");
        ASSERT_TRUE(engine->snapshots().take());
        client("SET logged 2");
        client("SET short 3 PX 50");
        ASSERT_TRUE(engine->log()->write(engine->log()->appended()));
    }
    disk->kill();  // not synced: an owner would write the end of the log again
    engine.reset();
    disk->open("snapshot-x.tmp", OpenMode::kCreate)->reset();
    const auto names = disk->names();
    const uint64_t changes = disk->changes();
    Options options;
    ASSERT_TRUE(options.set(OptionId::kReadOnly, "true"));
    for (int i = 0; i < 2; ++i) {
        open(disk, options);
        clock.advance_ms(100);
        engine->maintain();
        Client client(engine);
        EXPECT_EQ(client("MGET snapped logged short"), "[$1 $2 _]");
        EXPECT_EQ(client("SET a b"), "-READONLY the store was opened for reading only");
        EXPECT_EQ(client("FLUSHALL").substr(0, 9), "-READONLY");
        EXPECT_EQ(client("SAVE"), "-READONLY the store was opened for reading only");
        EXPECT_EQ(client("BGSAVE"), "-READONLY the store was opened for reading only");
        EXPECT_TRUE(engine->failure());
    }
    ASSERT_TRUE(engine->close());
    EXPECT_EQ(disk->names(), names);
    EXPECT_EQ(disk->changes(), changes);
}

TEST_F(RecoveryTest, OpeningForReadingNeedsAStore) {
    Options options;
    ASSERT_TRUE(options.set(OptionId::kReadOnly, "true"));
    const EnginePlatform platform{disk, &clock, &entropy, false};
    const auto opened = Engine::open(platform, options);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("holds no store"), std::string::npos);
    EXPECT_TRUE(disk->names().empty());
}

// So that a snapshot of few keys does not rest after every few empty slots.
TEST_F(RecoveryTest, AStepOfASnapshotEndsWhereItsKeysDo) {
    open_with("1024");
    Client client(engine);
    for (int i = 0; i < 1000; ++i) client("SET k" + std::to_string(i) + " x");
    ASSERT_TRUE(engine->snapshots().begin());
    int steps = 1;
    for (;; ++steps) {
        auto done = engine->snapshots().step(SIZE_MAX, 100);
        ASSERT_TRUE(done);
        if (*done) break;
    }
    EXPECT_GT(steps, 5);
    EXPECT_LE(steps, 12);  // the last one reads the file back
}

TEST_F(RecoveryTest, AnOlderSnapshotThatHasRottedHindersNoNewOne) {
    Options options;
    ASSERT_TRUE(options.set(OptionId::kSnapshotKeep, "2"));
    open(disk, options);
    Client client(engine);
    client("SET a 1");
    EXPECT_EQ(client("SAVE"), "+OK");
    auto snapshots = list_snapshots(*disk);
    ASSERT_TRUE(snapshots);
    ASSERT_EQ(snapshots->size(), 1u);
    auto file = disk->open(format::file_name(format::kSnapshotPrefix, snapshots->front()),
                           OpenMode::kReadWrite);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(1000, "rot"));
    client("SET b 2");
    EXPECT_EQ(client("SAVE"), "+OK");
    EXPECT_EQ(client.info("rdb_last_bgsave_status"), "ok");
    LogLine line;
    uint64_t lost = 0;
    bool warned = false;
    while (engine->lines().take(line, lost)) {
        warned = warned || (line.level == LogLine::Level::kWarn &&
                            line.text.find("of no use") != std::string::npos);
    }
    EXPECT_TRUE(warned);
}

// Nor does one whose name says that it is newer take the place of what is needed.
TEST_F(RecoveryTest, ASnapshotOfNoUseTakesNoPlace) {
    Options options;
    ASSERT_TRUE(options.set(OptionId::kSnapshotKeep, "2"));
    ASSERT_TRUE(options.set(OptionId::kSlots, "1024"));
    open(disk, options);
    const auto put_rotten = [&](uint64_t position) {
        auto file =
            disk->open(format::file_name(format::kSnapshotPrefix, position), OpenMode::kCreate);
        ASSERT_TRUE(file);
        ASSERT_TRUE((*file)->write_at(0, "rotten"));
        ASSERT_TRUE((*file)->sync());
        ASSERT_TRUE(disk->sync_names());
    };
    const auto sound = [&] {
        size_t found = 0;
        for (const uint64_t position : *list_snapshots(*disk)) {
            found += verify_snapshot(*disk, position, engine->manifest()->history) ? 1 : 0;
        }
        return found;
    };
    {
        Client client(engine);
        for (int i = 0; i < 3; ++i) {
            client("SET key" + std::to_string(i) + " x");
            EXPECT_EQ(client("SAVE"), "+OK");
            put_rotten(engine->log()->appended() + 1);
            put_rotten((uint64_t{1} << 40) + static_cast<uint64_t>(i));
        }
        EXPECT_EQ(sound(), 2u);
        client("SET key3 x");
        EXPECT_EQ(client("SAVE"), "+OK");
        EXPECT_EQ(sound(), 2u);
    }
    ASSERT_TRUE(engine->close());
    open(disk, options);
    Client client(engine);
    EXPECT_EQ(client("DBSIZE"), ":4");
}

// What is read back is the file, before it gets its name.
TEST_F(RecoveryTest, ASnapshotThatIsNotWhatWasWrittenGetsNoName) {
    open_with("1024");
    Client client(engine);
    client.call({"SET", "a", std::string(3'000'000, 'x')});  // more than is read at once
    ASSERT_TRUE(engine->snapshots().begin());
    auto done = engine->snapshots().step(SIZE_MAX);
    ASSERT_TRUE(done);
    ASSERT_FALSE(*done);
    auto file = disk->open("snapshot.tmp", OpenMode::kReadWrite);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->write_at(2'500'000, "rot"));
    do {
        done = engine->snapshots().step(SIZE_MAX);
    } while (done && !*done);
    EXPECT_FALSE(done);
    EXPECT_EQ(client.info("rdb_last_bgsave_status"), "err");
    auto snapshots = list_snapshots(*disk);
    ASSERT_TRUE(snapshots);
    EXPECT_TRUE(snapshots->empty());
    EXPECT_EQ(client("SAVE"), "+OK");
}

// Level `disk`: what a reply shows of the whole keyspace, it rests on.
TEST_F(RecoveryTest, RepliesOnTheKeyspaceRestOnTheWholeLog) {
    open_with("1024", "always");
    Client writer(engine);
    writer("SET a 1");
    Client reader(engine);
    reader.session.set_call_level(Durability::kDisk);
    for (const char* line : {"KEYS *", "DBSIZE", "SCAN 0", "RANDOMKEY"}) {
        reader(line);
        EXPECT_GE(reader.last.depends_on, writer.session.last_write()) << line;
    }
    reader("MULTI");
    reader("DBSIZE");
    reader("EXEC");
    EXPECT_GE(reader.last.depends_on, writer.session.last_write());
}

}  // namespace
}  // namespace synap
