// A store that goes back, or gives way to another history, while it is open: its clients see the
// old state or the new one, and so does whoever opens the directory after a death at any step.
#include <map>

#include "core/log/directory_change.h"
#include "core/log/diverged.h"
#include "core/log/format.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

struct Received {
    Manifest manifest;
    uint64_t end = 0;
    uint64_t digest = 0;
    std::vector<std::pair<std::string, std::string>> files;

    void put_on(Disk& disk) const {
        for (const auto& [name, bytes] : files) ASSERT_TRUE(write_file_durably(disk, name, bytes));
    }
};

class ChangeDirectoryTest : public SessionTest {
protected:
    void open_store(bool follows = true) {
        Options options;
        ASSERT_TRUE(options.set(OptionId::kSlots, "1024"));
        open(disk, options);
        if (follows) engine->following().begin();
    }
    void close_store() {
        ASSERT_TRUE(engine->close());
        engine.reset();
    }
    uint64_t digest() { return engine->keyspace().digest(); }
    // Commands on few keys, with a snapshot behind the `snapshot_at`th. Digests by position.
    std::map<uint64_t, uint64_t> write(int commands, int snapshot_at, uint64_t seed) {
        std::map<uint64_t, uint64_t> digests;
        SmallRandom random(seed);
        open_store(false);
        Client client(engine);
        digests[0] = digest();
        for (int i = 0; i < commands; ++i) {
            const std::string key = "k" + std::to_string(random.below(7));
            const std::string number = std::to_string(random.below(1000));
            const std::string lines[] = {"SET " + key + " " + number,
                                         "APPEND " + key + " " + number,
                                         "HSET h" + key + " f" + number + " 1 g 2",
                                         "RENAME " + key + " other",
                                         "DEL " + key + " other",
                                         "COPY " + key + " other REPLACE"};
            client(lines[random.below(std::size(lines))]);
            digests[engine->log()->appended()] = digest();
            if (i == snapshot_at) {
                EXPECT_TRUE(engine->snapshots().take());
            }
        }
        close_store();
        return digests;
    }
    // What a full sync from a store of its own brings: a snapshot, and the log from there on.
    Received receive(uint64_t seed) {
        const auto own = std::exchange(disk, std::make_shared<SimDisk>());
        Received received;
        const auto digests = write(60, 40, seed);
        received.end = digests.rbegin()->first;
        received.digest = digests.rbegin()->second;
        auto manifest = read_manifest(*disk);
        EXPECT_TRUE(manifest);
        received.manifest = *manifest;
        auto snapshots = list_snapshots(*disk);
        EXPECT_TRUE(snapshots);
        const uint64_t newest = snapshots->front();
        auto info = verify_snapshot(*disk, newest, manifest->history);
        EXPECT_TRUE(info);
        received.files.emplace_back(
            format::file_name(format::kIncomingSnapshotPrefix, newest),
            disk->contents(format::file_name(format::kSnapshotPrefix, newest)));
        const uint64_t from = info->from;
        std::string log = encode_segment_header({format::kLevel, manifest->history, from, from, 1});
        auto segments = list_segments(*disk);
        EXPECT_TRUE(segments);
        for (const uint64_t start : *segments) {
            std::string bytes = disk->contents(format::file_name(format::kSegmentPrefix, start))
                                    .substr(format::kSegmentHeaderBytes);
            if (start + bytes.size() <= from) continue;
            if (start < from) bytes.erase(0, from - start);
            log.resize(format::kSegmentHeaderBytes + std::max(start, from) - from);
            log += bytes;
        }
        log.resize(format::kSegmentHeaderBytes + received.end - from);
        received.files.emplace_back(format::file_name(format::kIncomingPrefix, from), log);
        disk = own;
        return received;
    }
    uint64_t saved() {
        auto names = list_diverged(*disk);
        EXPECT_TRUE(names);
        return names ? names->size() : 0;
    }

    std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
};

TEST_F(ChangeDirectoryTest, GoesBackToAnyPositionWhileItIsOpen) {
    const auto digests = write(120, 50, 3);
    open_store();
    uint64_t visited = 0;
    for (auto at = digests.rbegin(); at != digests.rend(); ++at) {
        const Status back = engine->go_back(at->first);
        ASSERT_TRUE(back) << back.error().message;
        ASSERT_EQ(digest(), at->second) << "position " << at->first;
        EXPECT_EQ(engine->following().applied(), at->first);
        EXPECT_EQ(engine->log()->appended(), at->first);
        EXPECT_EQ(Client(engine)("PING"), "+PONG");
        if (++visited % 25 != 0) continue;
        close_store();
        open_store();
        ASSERT_EQ(digest(), at->second);
    }
    EXPECT_GT(saved(), 50u);
    close_store();
    open_store(false);
    EXPECT_EQ(Client(engine)("SET a 1"), "+OK");
}

TEST_F(ChangeDirectoryTest, APositionInsideARecordIsNoPlaceToGoBackTo) {
    const auto digests = write(20, 5, 4);
    open_store();
    const Status back = engine->go_back(digests.rbegin()->first - 1);
    ASSERT_FALSE(back);
    EXPECT_EQ(digest(), digests.rbegin()->second);
    EXPECT_FALSE(engine->go_back(digests.rbegin()->first + 1));
    EXPECT_EQ(saved(), 0u);
    EXPECT_TRUE(engine->go_back(std::next(digests.begin(), 3)->first));
}

TEST_F(ChangeDirectoryTest, WithoutASoundBeginningNothingChanges) {
    const auto digests = write(60, 40, 5);
    open_store();
    const uint64_t snapshot = list_snapshots(*disk)->front();
    disk->rot(format::file_name(format::kSnapshotPrefix, snapshot), 200, "xxxx");
    ASSERT_TRUE(disk->remove(format::file_name(format::kSegmentPrefix, 0)));
    const Status back = engine->go_back(std::next(digests.rbegin(), 2)->first);
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, Code::kNeedSnapshot) << back.error().message;
    EXPECT_EQ(digest(), digests.rbegin()->second);
    EXPECT_EQ(saved(), 0u);
    EXPECT_TRUE(engine->log()->started());
}

TEST_F(ChangeDirectoryTest, WithoutRoomNothingChanges) {
    const auto digests = write(60, 20, 6);
    const auto point = *std::next(digests.begin(), 30);
    open_store();
    disk->set_shortage(DiskFault::kNoSpace);
    ASSERT_FALSE(engine->go_back(point.first));
    EXPECT_EQ(digest(), digests.rbegin()->second);
    EXPECT_EQ(saved(), 0u);
    disk->set_shortage(std::nullopt);
    const Status back = engine->go_back(point.first);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(digest(), point.second);
}

TEST_F(ChangeDirectoryTest, ADeathAtAnyStepOfGoingBackLeavesTheOldOrTheNew) {
    for (const bool power : {false, true}) {
        bool done = false;
        uint64_t halt = 1;
        for (; !done; ++halt) {
            ASSERT_LT(halt, 200u);
            SimDiskOptions options;
            options.seed = halt;
            options.names_in_order = halt % 2 == 0;
            disk = std::make_shared<SimDisk>(options);
            const auto digests = write(30, 10, 7);
            const auto point = *std::next(digests.begin(), 18);
            open_store();
            disk->halt_at(halt);
            done = static_cast<bool>(engine->go_back(point.first));
            if (!disk->halted()) disk->halt_at(1);
            engine.reset();
            SmallRandom random(halt);
            power ? disk->crash(random) : disk->kill();
            open_store();
            const bool is_new = digest() == point.second;
            EXPECT_TRUE(is_new || digest() == digests.rbegin()->second) << "halt " << halt;
            EXPECT_TRUE(is_new || !done);
            if (is_new) {
                EXPECT_EQ(saved(), 1u) << "halt " << halt;
            }
            EXPECT_EQ(engine->following().applied(),
                      is_new ? point.first : digests.rbegin()->first);
            ASSERT_TRUE(engine->go_back(point.first));
            EXPECT_EQ(digest(), point.second);
            close_store();
        }
        EXPECT_GT(halt, 15u);
    }
}

// Each call of the disk fails once: all is as it was and can be asked for again, or the store says
// that the next open finishes the change, and it does.
TEST_F(ChangeDirectoryTest, AnErrorAtAnyCallIsBeforeTheSwitchOrFinishedByTheNextOpen) {
    constexpr DiskCall kCalls[] = {DiskCall::kOpen,     DiskCall::kCreate, DiskCall::kRead,
                                   DiskCall::kWrite,    DiskCall::kSync,   DiskCall::kRename,
                                   DiskCall::kTruncate, DiskCall::kRemove, DiskCall::kList,
                                   DiskCall::kSyncNames};
    uint64_t stopped = 0;
    uint64_t undone = 0;
    for (const DiskCall call : kCalls) {
        bool failed = true;
        for (uint64_t nth = 1; failed; ++nth) {
            disk = std::make_shared<SimDisk>();
            const auto digests = write(30, 10, 8);
            const auto point = *std::next(digests.begin(), 18);
            open_store();
            disk->fail_at(call, nth, DiskFault::kInputOutput);
            const Status back = engine->go_back(point.first);
            failed = !disk->failures().empty();
            disk->clear_faults();
            const uint64_t shown = digest();
            const bool is_old = shown == digests.rbegin()->second;
            EXPECT_TRUE(is_old || shown == point.second) << to_string(call) << nth;
            EXPECT_FALSE(is_old && back) << to_string(call) << nth;
            EXPECT_TRUE(is_old || back || engine->log()->failed()) << to_string(call) << nth;
            if (!back && !engine->log()->failed()) {
                ++undone;
                const Status again = engine->go_back(point.first);
                ASSERT_TRUE(again) << to_string(call) << nth << again.error().message;
                EXPECT_EQ(digest(), point.second);
            }
            if (engine->log()->failed()) ++stopped;
            const bool may_be_old = engine->log()->failed();
            engine->close().ignore();
            engine.reset();
            open_store();
            EXPECT_TRUE(digest() == point.second ||
                        (may_be_old && digest() == digests.rbegin()->second))
                << to_string(call) << nth;
            close_store();
        }
    }
    EXPECT_GT(stopped, 5u);
    EXPECT_GT(undone, 5u);
}

TEST_F(ChangeDirectoryTest, AdoptsWhatWasReceivedWhileItIsOpen) {
    const auto digests = write(60, 20, 9);
    open_store();
    for (const uint64_t seed : {10, 11}) {  // and again
        const auto mine = engine;
        const Received received = receive(seed);
        engine = mine;
        received.put_on(*disk);
        const Status adopted = engine->adopt_history(received.manifest, received.end);
        ASSERT_TRUE(adopted) << adopted.error().message;
        EXPECT_EQ(digest(), received.digest);
        EXPECT_EQ(engine->following().applied(), received.end);
        EXPECT_EQ(engine->manifest()->history, received.manifest.history);
        EXPECT_EQ(Client(engine)("DBSIZE")[0], ':');
        close_store();
        open_store();
        EXPECT_EQ(digest(), received.digest);
    }
    close_store();
    open_store(false);
    EXPECT_EQ(Client(engine)("SET a 1"), "+OK");
}

TEST_F(ChangeDirectoryTest, WhatWasReceivedDamagedIsRefusedAndNothingChanges) {
    const auto digests = write(60, 20, 12);
    const Received received = receive(13);
    for (size_t file = 0; file < received.files.size(); ++file) {
        for (const int damage : {0, 1, 2}) {
            open_store();
            Received damaged = received;
            std::string& bytes = damaged.files[file].second;
            if (damage == 0) bytes[bytes.size() / 2] ^= 0x20;
            if (damage == 1) bytes.resize(bytes.size() - 9);
            if (damage == 2) damaged.files.erase(damaged.files.begin() + static_cast<int>(file));
            damaged.put_on(*disk);
            const Status adopted = engine->adopt_history(damaged.manifest, damaged.end);
            ASSERT_FALSE(adopted) << file << damage;
            EXPECT_EQ(adopted.error().code, Code::kCorrupt) << adopted.error().message;
            EXPECT_EQ(digest(), digests.rbegin()->second);
            EXPECT_TRUE(engine->log()->started());
            close_store();
            open_store();
            EXPECT_EQ(digest(), digests.rbegin()->second);
            for (const std::string& name : disk->names()) {
                EXPECT_FALSE(name.starts_with("incoming")) << name;
            }
            close_store();
        }
    }
}

TEST_F(ChangeDirectoryTest, ADeathAtAnyStepOfAdoptingLeavesTheOldOrTheNew) {
    const Received received = receive(15);
    for (const bool power : {false, true}) {
        bool done = false;
        uint64_t halt = 1;
        for (; !done; ++halt) {
            ASSERT_LT(halt, 200u);
            SimDiskOptions options;
            options.seed = halt;
            options.names_in_order = halt % 2 == 0;
            disk = std::make_shared<SimDisk>(options);
            const auto digests = write(30, 10, 14);
            open_store();
            received.put_on(*disk);
            disk->halt_at(halt);
            done = static_cast<bool>(engine->adopt_history(received.manifest, received.end));
            if (!disk->halted()) disk->halt_at(1);
            engine.reset();
            SmallRandom random(halt);
            power ? disk->crash(random) : disk->kill();
            open_store();
            const bool is_new = engine->manifest()->history == received.manifest.history;
            EXPECT_EQ(digest(), is_new ? received.digest : digests.rbegin()->second)
                << "halt " << halt;
            EXPECT_TRUE(is_new || !done);
            for (const std::string& name : disk->names()) {
                EXPECT_FALSE(name.starts_with("incoming")) << name;
            }
            close_store();
        }
        EXPECT_GT(halt, 20u);
    }
}

// Who only reads changes nothing, and says what to do.
TEST_F(ChangeDirectoryTest, AnInterruptedChangeIsNotReadByWhoOnlyReads) {
    write(30, 10, 16);
    auto manifest = read_manifest(*disk);
    ASSERT_TRUE(manifest);
    manifest->change = {DirectoryChange::Step::kCutsBack, 0};
    ASSERT_TRUE(write_manifest(*disk, *manifest));
    Options options;
    ASSERT_TRUE(options.set(OptionId::kReadOnly, "yes"));
    auto opened = Engine::open({disk, &clock, &entropy, false}, options);
    ASSERT_FALSE(opened);
    EXPECT_NE(opened.error().message.find("open it for writing once"), std::string::npos)
        << opened.error().message;
    open_store();
    EXPECT_EQ(engine->log()->appended(), 0u);
}

}  // namespace
}  // namespace synap
