// What an engine keeps of its files for those who are pinned to them, and what of that can be seen.
#include "core/log/format.h"
#include "core/log/pins.h"
#include "core/log/tail_reader.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class PinnedFilesTest : public SessionTest {
protected:
    void SetUp() override {
        Options options;
        ASSERT_TRUE(options.set(OptionId::kSlots, "1024"));
        ASSERT_TRUE(options.set(OptionId::kSnapshotKeep, "1"));
        ASSERT_TRUE(options.set(OptionId::kRetainBytes, "0"));
        ASSERT_TRUE(options.set(OptionId::kSnapshotInterval, "0"));
        open(disk, options);
    }
    // More than a segment has to have for a snapshot to begin one; then a snapshot.
    uint64_t write_and_snapshot() {
        Client client(engine);
        for (int i = 0; i < 20; ++i) {
            client.call({"SET", "k" + std::to_string(i), std::string(100'000, 'v')});
        }
        EXPECT_EQ(client("SAVE"), "+OK");
        return list_snapshots(*disk)->front();  // the newest
    }
    bool has_snapshot(uint64_t position) {
        const std::vector<uint64_t> all = *list_snapshots(*disk);
        return std::find(all.begin(), all.end(), position) != all.end();
    }
    Log& log() { return *engine->log(); }

    const std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
};

TEST_F(PinnedFilesTest, ASnapshotStaysWhileAPinNamesIt) {
    const uint64_t first = write_and_snapshot();
    ASSERT_TRUE(log().pins().add("sync", PinKind::kFullSync, log().appended(), {}, first));
    const uint64_t second = write_and_snapshot();
    ASSERT_NE(second, first);
    EXPECT_TRUE(has_snapshot(first));
    const uint64_t third = write_and_snapshot();
    EXPECT_TRUE(has_snapshot(first));
    EXPECT_FALSE(has_snapshot(second)) << "one is kept, and the pinned one";
    EXPECT_TRUE(has_snapshot(third));
    EXPECT_FALSE(log().pins().add("late", PinKind::kFullSync, log().appended(), {}, second));
    EXPECT_TRUE(verify_snapshot(*disk, first, engine->manifest()->history));
    ASSERT_TRUE(log().pins().remove("sync"));
    engine->snapshots().tidy();
    engine->maintain();
    EXPECT_FALSE(has_snapshot(first));
    EXPECT_TRUE(has_snapshot(third));
}

TEST_F(PinnedFilesTest, SegmentsStayFromThePinOn) {
    const uint64_t first = write_and_snapshot();
    const uint64_t from = verify_snapshot(*disk, first, engine->manifest()->history)->from;
    ASSERT_TRUE(log().pins().add("f", PinKind::kFollower, from, {}));
    write_and_snapshot();
    write_and_snapshot();
    EXPECT_LE(log().oldest_position(), from);
    TailReader behind(log(), from);
    uint64_t read = 0;
    while (behind.position() < log().written()) {
        auto more = behind.read();
        ASSERT_TRUE(more) << more.error().message;
        read += more->bytes.size();
    }
    EXPECT_EQ(read, log().written() - from);
    ASSERT_TRUE(log().pins().move("f", log().written()));
    write_and_snapshot();
    EXPECT_GT(log().oldest_position(), from);
    auto gone = TailReader(log(), from).read();
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, Code::kNeedSnapshot);
}

TEST_F(PinnedFilesTest, APinBeyondItsBoundsHoldsNothing) {
    const uint64_t first = write_and_snapshot();
    PinBounds bounds;
    bounds.bytes = 1'000'000;
    ASSERT_TRUE(log().pins().add("f", PinKind::kFullSync, log().appended(), bounds, first));
    write_and_snapshot();
    EXPECT_FALSE(has_snapshot(first));
    EXPECT_EQ(log().pins().drops(), 1u);
    EXPECT_FALSE(log().pins().move("f", log().appended()));
}

TEST_F(PinnedFilesTest, InfoShowsPinsAndReaders) {
    Client client(engine);
    EXPECT_EQ(client("SET a 1"), "+OK");
    EXPECT_EQ(client.info("synap_log_pins"), "0");
    EXPECT_EQ(client.info("synap_log_readers"), "0");
    EXPECT_EQ(client.info("synap_log_stream_memory"), "0");
    ASSERT_TRUE(log().write(log().appended()));
    ASSERT_TRUE(log().pins().add("f", PinKind::kFollower, 0, {}));
    TailReader reader(log(), 0);
    const uint64_t from_files = reader.read()->bytes.size();
    EXPECT_EQ(client("SET b 2"), "+OK");
    ASSERT_TRUE(log().write(log().appended()));
    const uint64_t from_memory = reader.read()->bytes.size();
    EXPECT_EQ(from_files + from_memory, log().written());
    EXPECT_EQ(client.info("synap_log_pins"), "1");
    EXPECT_EQ(client.info("synap_log_pinned_bytes"), std::to_string(log().appended()));
    EXPECT_EQ(client.info("synap_log_pins_dropped"), "0");
    EXPECT_EQ(client.info("synap_log_readers"), "1");
    EXPECT_EQ(client.info("synap_log_stream_memory"), std::to_string(LogStream::kChunkBytes));
    EXPECT_EQ(client.info("synap_log_streamed_from_memory"), std::to_string(from_memory));
    EXPECT_EQ(client.info("synap_log_streamed_from_files"), std::to_string(from_files));
    log().pins().restart(0);
    EXPECT_EQ(client.info("synap_log_pins"), "0");
    EXPECT_EQ(client.info("synap_log_pinned_bytes"), "0");
    EXPECT_EQ(client.info("synap_log_pins_dropped"), "1");
}

}  // namespace
}  // namespace synap
