// A master and a follower with a directory: what the master's log holds, fed to the follower.
#pragma once

#include <algorithm>
#include <optional>

#include "core/log/format.h"
#include "core/log/segment.h"
#include "core/replication/frame_stream.h"
#include "tests/unit/session/fixture.h"

namespace synap {

// Of the log in these files, between two positions that are written.
inline std::string log_bytes(SimDisk& disk, uint64_t from, uint64_t until) {
    const std::vector<uint64_t> segments = *list_segments(disk);
    std::string all;
    for (size_t i = 0; i < segments.size(); ++i) {
        const uint64_t next = i + 1 < segments.size() ? segments[i + 1] : UINT64_MAX;
        const uint64_t begin = std::max(from, segments[i]);
        const uint64_t end = std::min(until, next);
        if (begin >= end) continue;
        const std::string name = format::file_name(format::kSegmentPrefix, segments[i]);
        all += disk.contents(name).substr(format::kSegmentHeaderBytes + begin - segments[i],
                                          end - begin);
    }
    EXPECT_EQ(all.size(), until - from);
    return all;
}

class FollowerTest : public SessionTest {
protected:
    struct Record {
        std::string frames;
        std::string effects;
        uint64_t end = 0;
        uint32_t epoch = 0;
    };

    void SetUp() override {
        options.set(OptionId::kSlots, "1024").ignore();
        options.set(OptionId::kFsync, "never").ignore();
        options.set(OptionId::kSnapshotKeep, "1").ignore();
        open_master();
        prepare(*follower_disk);
        open_follower();
    }
    void TearDown() override {
        master.reset();
        reader.reset();
        if (follower != nullptr) follower->close().ignore();
        SessionTest::TearDown();
    }
    void open_master() {
        master.reset();
        if (engine != nullptr) {
            ASSERT_TRUE(engine->close());
        }
        open(disk, options);
        master.emplace(engine);
    }
    // A directory of the master's history that holds nothing.
    void prepare(SimDisk& of) {
        Manifest manifest = *engine->manifest();
        manifest.epochs.clear();
        ASSERT_TRUE(write_manifest(of, manifest));
    }
    void open_follower(bool follows = true) {
        reader.reset();
        if (follower != nullptr) follower->close().ignore();
        follower.reset();
        auto opened = Engine::open({follower_disk, &clock, &entropy, false, follows}, options);
        ASSERT_TRUE(opened) << opened.error().message;
        follower = *opened;
        reader.emplace(follower);
    }
    // The master's records behind `from`, as they stand in its files.
    std::vector<Record> records_from(uint64_t from) {
        EXPECT_TRUE(engine->log()->write(engine->log()->appended()));
        const std::string all = log_bytes(*disk, from, engine->log()->written());
        replication::FrameStream stream(engine->manifest()->log_history(), from);
        std::vector<Record> records(1);
        for (std::string_view bytes = all;;) {
            replication::StreamedFrame frame;
            auto whole = stream.next(bytes, frame);
            EXPECT_TRUE(whole);
            if (!whole || !*whole) break;
            Record& record = records.back();
            record.frames += frame.bytes;
            record.effects += frame.payload;
            if (!frame.ends_record) continue;
            record.end = stream.record_end();
            record.epoch = frame.header.epoch;
            records.emplace_back();
        }
        records.pop_back();
        return records;
    }
    // The epochs of the master that begin where the follower's log ends.
    Status enter_epochs() {
        for (const Epoch& epoch : engine->durable_epochs()) {
            const auto known = follower->durable_epochs();
            const bool is_known = std::any_of(known.begin(), known.end(),
                                              [&](const Epoch& k) { return k.id == epoch.id; });
            if (is_known || epoch.start != follower->log()->appended()) continue;
            SYNAP_TRY(follower->enter_epoch(epoch));
        }
        return {};
    }
    Status take(const Record& record) {
        SYNAP_TRY(enter_epochs());
        return follower->following().take(record.frames, record.effects, record.end);
    }
    Status follow(size_t most = SIZE_MAX) {
        for (const Record& record : records_from(follower->following().applied())) {
            if (most-- == 0) break;
            SYNAP_TRY(take(record));
        }
        return {};
    }
    void expect_equal() {
        EXPECT_EQ(follower->keyspace().digest(), engine->keyspace().digest());
        EXPECT_EQ(follower->keyspace().accounts().keys(0), engine->keyspace().accounts().keys(0));
    }
    // Some of everything: edits, moves, whole databases, chains, values of every size.
    void write_all_kinds(int round = 0) {
        const std::string n = std::to_string(round);
        Client& client = *master;
        client("SET a" + n + " 1");
        client("MSET b 2 c" + n + " 3");
        client("HSET h f" + n + " 1 g 2");
        client("HINCRBY h count 3");
        client("RENAME a" + n + " d" + n);
        client("COPY h other" + n);
        client("INCRBY counter 7");
        client("APPEND text " + n + "x");
        client.call({"SET", "large" + n, std::string(100'000 + round, 'l')});
        client("MULTI");
        for (int i = 0; i < 30; ++i) client("INCR n" + std::to_string(i % 7));
        client("HSET h f" + n + " again");
        client("EXEC");
        client("SELECT 1");
        client("SET x" + n + " 1");
        client("SWAPDB 0 1");
        client("SELECT 0");
        if (round % 3 == 2) client("FLUSHDB");
        client("DEL b");
        client("SET last " + n);
    }

    Options options;
    const std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
    std::shared_ptr<SimDisk> follower_disk = std::make_shared<SimDisk>();
    std::shared_ptr<Engine> follower;
    std::optional<Client> master;
    std::optional<Client> reader;
};

}  // namespace synap
