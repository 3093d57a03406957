// Readers of the tail beside threads that append, sync and remove segments.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/log/pins.h"
#include "core/log/tail_reader.h"
#include "core/platform/entropy.h"
#include "tests/unit/log/open_log.h"

namespace synap {
namespace {

constexpr int kWriters = 3;
constexpr int kRecordsEach = 400;
constexpr uint64_t kSeed = 20261128;

class Bell final : public TailListener {
public:
    void more() noexcept override {
        const std::lock_guard<std::mutex> guard(mutex_);
        rung_ = true;
        wake_.notify_all();
    }
    void wait() {
        std::unique_lock<std::mutex> guard(mutex_);
        wake_.wait(guard, [this] { return rung_; });
        rung_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool rung_ = false;
};

class BesideWritersTest : public OpenLogTest {
protected:
    void append_some(uint64_t seed) {
        SmallRandom random(seed);
        for (int i = 0; i < kRecordsEach; ++i) {
            const std::string value = text_of(random.next() % 3000);
            const uint64_t kind = random.next() % 40;
            uint64_t end = 0;
            if (kind == 0) {
                end = append_ahead(value + text_of(5000));
            } else if (kind < 5) {
                end = append_blob(value + text_of(3000));
            } else {
                end = append(value);
            }
            const uint64_t then = random.next() % 50;
            if (then == 0) {
                EXPECT_TRUE(log->sync(end));
            } else if (then < 20) {
                EXPECT_TRUE(log->write(end));
            }
        }
    }
    // All that the log holds, until it has ended.
    std::string follow(Bell& bell, TailReader::Until until, uint64_t seed) {
        SmallRandom random(seed);
        log->stream().add_listener(bell);
        std::string all;
        TailReader reader(*log, 0, until);
        for (;;) {
            log->stream().arm();
            const bool is_last = ended;
            auto read = reader.read(1 + random.next() % 20'000);
            if (!read) {
                ADD_FAILURE() << read.error().message;
                break;
            }
            all += read->bytes;
            if (!read->bytes.empty()) continue;
            if (is_last) break;
            bell.wait();
        }
        log->stream().remove_listener(bell);
        return all;
    }

    std::atomic<bool> ended{false};
};

TEST_F(BesideWritersTest, EveryReaderGetsWhatStandsInTheFiles) {
    SCOPED_TRACE("seed " + std::to_string(kSeed));
    options.threads = true;
    options.fsync = FsyncPolicy::kEverySecond;
    options.segment_bytes = 64 * 1024;
    options.stream_bytes = 2 * LogStream::kChunkBytes;
    open();
    Bell bells[4];
    std::string seen[4];
    std::vector<std::thread> readers;
    for (uint64_t i = 0; i < 4; ++i) {
        const auto until = i == 3 ? TailReader::Until::kSynced : TailReader::Until::kWritten;
        readers.emplace_back([&, i, until] { seen[i] = follow(bells[i], until, kSeed + i); });
    }
    std::vector<std::thread> writers;
    for (uint64_t i = 0; i < kWriters; ++i) {
        writers.emplace_back([this, i] { append_some(kSeed + 100 + i); });
    }
    std::thread comes_and_goes([this] {
        for (int i = 0; i < 200; ++i) {
            TailReader reader(*log, log->written());
            EXPECT_TRUE(reader.read(100));
            EXPECT_TRUE(reader.read(100));
        }
    });
    for (std::thread& writer : writers) writer.join();
    comes_and_goes.join();
    sync();
    ended = true;
    for (Bell& bell : bells) bell.more();
    for (std::thread& reader : readers) reader.join();
    for (const std::string& bytes : seen) EXPECT_TRUE(bytes == files());
    ASSERT_TRUE(log->stop());
}

// One that moves its pin never meets a gap, however eagerly segments are removed.
TEST_F(BesideWritersTest, APinKeepsItsReaderFromFallingBehind) {
    SCOPED_TRACE("seed " + std::to_string(kSeed));
    options.segment_bytes = 16 * 1024;
    options.stream_bytes = 8 * 1024;
    open();
    ASSERT_TRUE(log->pins().add("reader", PinKind::kFollower, 0, {}));
    std::atomic<bool> done{false};
    std::thread remover([&] {
        while (!done) EXPECT_TRUE(log->remove_segments_before(log->written()));
    });
    std::thread writer([&] {
        append_some(kSeed);
        write();
        done = true;
    });
    TailReader reader(*log, 0);
    uint64_t bytes = 0;
    for (;;) {
        const bool is_last = done;
        auto read = reader.read(5000);
        if (!read) {
            ADD_FAILURE() << read.error().message;
            break;
        }
        bytes += read->bytes.size();
        EXPECT_TRUE(log->pins().move("reader", read->record_end));
        if (read->bytes.empty() && is_last) break;
    }
    writer.join();
    remover.join();
    EXPECT_EQ(bytes, log->written());
    EXPECT_TRUE(log->remove_segments_before(log->written()));
    EXPECT_EQ(list_segments(disk)->size(), 1u);
}

}  // namespace
}  // namespace synap
