// The engine's own threads do not wait for each other: while a snapshot is held at a known point,
// waits end in time, keys expire, and a lowered limit is met.
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "core/snapshot/layout.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

constexpr auto kPatience = std::chrono::seconds(60);  // of a run that fails

// Holds whoever opens a certain file until it is let go.
class HoldingDisk final : public Disk {
public:
    using Choice = std::function<bool(std::string_view name, OpenMode mode)>;

    HoldingDisk(std::shared_ptr<Disk> disk, Choice held)
        : disk_(std::move(disk)), is_held_(std::move(held)) {}

    Result<std::unique_ptr<File>> open(std::string_view name, OpenMode mode) override {
        if (is_held_(name, mode)) hold();
        return disk_->open(name, mode);
    }
    Status rename(std::string_view from, std::string_view to) override {
        return disk_->rename(from, to);
    }
    Status remove(std::string_view name) override { return disk_->remove(name); }
    Result<std::vector<std::string>> list() override { return disk_->list(); }
    Status sync_names() override { return disk_->sync_names(); }
    Result<std::unique_ptr<DiskLock>> lock() override { return disk_->lock(); }
    Result<std::unique_ptr<DiskLock>> lock_shared() override { return disk_->lock_shared(); }
    std::string describe(std::string_view name) const override { return disk_->describe(name); }

    bool wait_until_held() {
        std::unique_lock<std::mutex> guard(mutex_);
        return changed_.wait_for(guard, kPatience, [this] { return held_; });
    }
    void let_go() {
        {
            const std::lock_guard<std::mutex> guard(mutex_);
            let_go_ = true;
        }
        changed_.notify_all();
    }

private:
    void hold() {
        std::unique_lock<std::mutex> guard(mutex_);
        held_ = true;
        changed_.notify_all();
        changed_.wait(guard, [this] { return let_go_; });
    }

    const std::shared_ptr<Disk> disk_;
    const Choice is_held_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool held_ = false;
    bool let_go_ = false;
};

class Told final : public LogWaiter {
public:
    explicit Told(std::atomic<int>& code) : code_(code) {}
    void complete(Code code, std::string_view) noexcept override { code_ = static_cast<int>(code); }

private:
    std::atomic<int>& code_;
};

class Background : public testing::Test {
protected:
    void SetUp() override {
        disk = std::make_shared<HoldingDisk>(plain, [](std::string_view name, OpenMode mode) {
            return name == layout::kTemporaryName && mode == OpenMode::kCreate;
        });
    }
    void open(std::shared_ptr<Disk> where, bool threads, const Options& options = Options()) {
        auto opened = Engine::open({std::move(where), &clock, &entropy, threads}, options);
        ASSERT_TRUE(opened) << opened.error().message;
        engine = *opened;
    }
    // The simulated clock goes on while threads get their turn.
    bool comes_true(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + kPatience;
        while (!condition()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return true;
    }

    SimClock clock;
    SimEntropy entropy{7};
    std::shared_ptr<SimDisk> plain = std::make_shared<SimDisk>(SimDiskOptions{});
    std::shared_ptr<HoldingDisk> disk;
    std::shared_ptr<Engine> engine;
};

TEST_F(Background, NothingWaitsForASnapshot) {
    open(disk, true);
    Client client(engine);
    client("SET plain v");
    client("SET brief v PX 50");
    ASSERT_TRUE(engine->snapshots().request());
    ASSERT_TRUE(disk->wait_until_held());

    std::atomic<int> ended{-1};
    engine->waits().start(nullptr, 0, Durability::kDisk, clock.monotonic_us() + 100'000, 1,
                          std::make_unique<Told>(ended));
    clock.advance_ms(99);
    EXPECT_EQ(ended, -1);
    EXPECT_TRUE(comes_true([&] { return client("DBSIZE") == ":1"; })) << "no key expires";
    EXPECT_EQ(ended, -1);
    clock.advance_ms(1);
    EXPECT_TRUE(comes_true([&] { return ended != -1; })) << "no wait ends";
    EXPECT_EQ(ended, static_cast<int>(Code::kTimeout));
    clock.advance_ms(10'000);
    EXPECT_TRUE(comes_true([&] { return client("OBJECT IDLETIME plain") == ":10"; }));

    for (int i = 0; i < 200; ++i) {
        client.call({"SET", "k" + std::to_string(i), std::string(10'000, 'x')});
    }
    const uint64_t limit = engine->used_memory() / 2;
    client("CONFIG SET maxmemory-policy allkeys-random");
    client("CONFIG SET maxmemory " + std::to_string(limit));
    EXPECT_TRUE(comes_true([&] { return engine->used_memory() <= limit; })) << "nothing is evicted";

    EXPECT_TRUE(engine->snapshots().running());
    EXPECT_EQ(engine->snapshots().state().taken, 0u);
    disk->let_go();
    EXPECT_TRUE(comes_true([&] { return engine->snapshots().state().taken == 1; }));
    EXPECT_TRUE(engine->close());
}

// An earlier limit makes the thread look sooner, and close() ends what is left.
TEST_F(Background, EachWaitHasItsOwnLimit) {
    open(disk, true);
    std::atomic<int> late{-1};
    std::atomic<int> early{-1};
    const uint64_t now = clock.monotonic_us();
    const auto start = [&](uint64_t deadline_us, std::atomic<int>& ended) {
        engine->waits().start(nullptr, 0, Durability::kDisk, deadline_us, 1,
                              std::make_unique<Told>(ended));
    };
    start(now + 3'600'000'000, late);
    start(now + 1'000, early);
    clock.advance_ms(1);
    EXPECT_TRUE(comes_true([&] { return early != -1; }));
    EXPECT_EQ(late, -1);
    EXPECT_TRUE(engine->close());
    EXPECT_EQ(late, static_cast<int>(Code::kShutdown));
}

// Fault case 12: close() while the log is read ends that at the next read, and nothing is lost.
TEST_F(Background, CloseEndsLoading) {
    constexpr int kKeys = 500;
    Options options;
    options.set_number(OptionId::kSegmentBytes, 4096);
    open(plain, false, options);
    {
        Client client(engine);
        for (int i = 0; i < kKeys; ++i) {
            client.call({"SET", "k" + std::to_string(i), std::string(500, 'x')});
            ASSERT_TRUE(engine->log()->write(engine->log()->appended()));
        }
    }
    ASSERT_TRUE(engine->close());

    int segments = 0;
    const auto slow =
        std::make_shared<HoldingDisk>(plain, [&](std::string_view name, OpenMode mode) {
            return name.starts_with("log-") && mode == OpenMode::kRead && ++segments == 5;
        });
    options.set_number(OptionId::kOpenWait, 0);
    open(slow, true, options);
    ASSERT_TRUE(slow->wait_until_held());
    std::thread closer([this] { EXPECT_TRUE(engine->close()); });
    EXPECT_TRUE(comes_true([this] { return engine->closing(); }));
    slow->let_go();
    closer.join();
    EXPECT_EQ(engine->state(), EngineState::kClosed);
    EXPECT_TRUE(engine->failure());
    EXPECT_LT(segments, 8);
    EXPECT_LT(engine->loaded_bytes(), engine->total_bytes() / 2);

    open(plain, false, options);
    Client client(engine);
    EXPECT_EQ(client("DBSIZE"), ":" + std::to_string(kKeys));
}

}  // namespace
}  // namespace synap
