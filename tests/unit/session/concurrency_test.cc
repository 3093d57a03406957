// Several sessions on several threads, with snapshots and expiry beside them: what a transaction
// keeps true stays true for every reader, and what was acknowledged is there after a reopen.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "core/base/numbers.h"
#include "core/platform/real.h"
#include "core/platform/sim_clock.h"
#include "core/platform/sim_disk.h"
#include "core/session/session.h"

namespace synap {
namespace {

constexpr int kAccounts = 16;
constexpr int64_t kTotal = 1000 * kAccounts;

struct Texts {
    std::vector<std::string> values;
    bool scalar(ReplyType, int64_t value) { return add(std::to_string(value)); }
    bool real(double) { return add("double"); }
    bool bytes(ReplyType, std::string_view text) { return add(std::string(text)); }
    bool blob(Blob*, std::string_view part) { return add(std::string(part)); }
    bool error(std::string_view message) { return add("-" + std::string(message)); }
    bool begin(ReplyType, uint64_t) { return true; }
    bool end(ReplyType) { return true; }
    bool add(std::string text) {
        values.push_back(std::move(text));
        return true;
    }
};

class Client {
public:
    explicit Client(const std::shared_ptr<Engine>& engine)
        : session_(std::make_unique<Session>(engine, SessionOptions{})) {}

    std::vector<std::string> run(std::vector<std::string> words) {
        const std::vector<std::string_view> args(words.begin(), words.end());
        const Call call{args.data(), args.size()};
        session_->reply().clear();
        const BatchResult result = session_->run({&call, 1});
        EXPECT_EQ(result.done, 1u);
        Texts texts;
        size_t at = 0;
        if (result.done == 1) session_->reply().replay_one(at, texts);
        return texts.values;
    }

private:
    std::unique_ptr<Session> session_;
};

std::string account(uint64_t i) { return "account:" + std::to_string(i); }

class ConcurrencyTest : public ::testing::Test {
protected:
    void SetUp() override { open(); }
    void TearDown() override { engine->close().ignore(); }

    void open() {
        EnginePlatform platform;
        platform.disk = disk;
        platform.clock = &real_clock();
        platform.entropy = &real_entropy();
        auto opened = Engine::open(platform, Options());
        ASSERT_TRUE(opened) << opened.error().message;
        engine = *opened;
    }

    // Moves one unit between two accounts, now and then by way of a rename.
    void transfer(Client& client, SmallRandom& random) {
        const std::string from = account(random.below(kAccounts));
        const std::string to = account(random.below(kAccounts));
        client.run({"MULTI"});
        client.run({"DECR", from});
        client.run({"INCR", to});
        if (random.below(4) == 0) {
            const std::string aside = "aside:" + std::to_string(random.below(1000));
            client.run({"RENAME", from, aside});
            client.run({"RENAME", aside, from});
        }
        const auto results = client.run({"EXEC"});
        EXPECT_GE(results.size(), 2u);
    }

    int64_t sum(Client& client) {
        std::vector<std::string> words{"MGET"};
        for (int i = 0; i < kAccounts; ++i) words.push_back(account(static_cast<uint64_t>(i)));
        int64_t total = 0;
        for (const std::string& text : client.run(words)) {
            int64_t value = 0;
            EXPECT_TRUE(parse_integer(text, value)) << text;
            total += value;
        }
        return total;
    }

    std::shared_ptr<Disk> disk = std::make_shared<SimDisk>();
    std::shared_ptr<Engine> engine;
};

TEST_F(ConcurrencyTest, TransfersKeepTheSumThroughSnapshotsAndAReopen) {
    {
        Client client(engine);
        for (int i = 0; i < kAccounts; ++i) {
            client.run({"SET", account(static_cast<uint64_t>(i)), "1000"});
        }
    }
    std::atomic<bool> stop{false};
    std::vector<std::thread> threads;
    for (uint64_t seed = 1; seed <= 3; ++seed) {
        threads.emplace_back([this, seed, &stop] {
            SmallRandom random(seed);
            Client client(engine);
            for (int i = 0; i < 3000 && !stop; ++i) transfer(client, random);
        });
    }
    threads.emplace_back([this, &stop] {
        Client client(engine);
        while (!stop) EXPECT_EQ(sum(client), kTotal);
    });
    threads.emplace_back([this, &stop] {
        Client client(engine);
        SmallRandom random(9);
        while (!stop) {  // noise: deadlines, another database, the whole keyspace
            client.run({"SET", "volatile:" + std::to_string(random.below(50)), "v", "PX", "1"});
            client.run({"SELECT", "1"});
            client.run({"SET", "k" + std::to_string(random.below(50)), "v"});
            if (random.below(100) == 0) client.run({"FLUSHDB"});
            client.run({"SELECT", "0"});
            client.run({"SCAN", "0", "COUNT", "100"});
        }
    });
    for (int i = 0; i < 5; ++i) {
        const Status taken = engine->snapshots().take();
        EXPECT_TRUE(taken || taken.error().code == Code::kBackpressure);
    }
    for (int i = 0; i < 3; ++i) threads[static_cast<size_t>(i)].join();
    stop = true;
    for (size_t i = 3; i < threads.size(); ++i) threads[i].join();
    {
        Client client(engine);
        EXPECT_EQ(sum(client), kTotal);
    }
    ASSERT_TRUE(engine->close());
    open();
    Client client(engine);
    EXPECT_EQ(sum(client), kTotal);
}

TEST_F(ConcurrencyTest, WatchedTransactionsNeverLoseAnIncrement) {
    constexpr int kEach = 500;
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([this] {
            Client client(engine);
            for (int done = 0; done < kEach;) {
                client.run({"WATCH", "counter"});
                const auto seen = client.run({"GET", "counter"});
                int64_t value = 0;
                if (!parse_integer(seen[0], value)) value = 0;
                client.run({"MULTI"});
                client.run({"SET", "counter", std::to_string(value + 1)});
                const auto result = client.run({"EXEC"});
                if (result == std::vector<std::string>{"OK"}) ++done;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    Client client(engine);
    EXPECT_EQ(client.run({"GET", "counter"})[0], std::to_string(3 * kEach));
}

TEST_F(ConcurrencyTest, CloseBesideRunningCommandsRefusesAndKeepsWhatWasSynced) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([this] {
            Session session(engine, SessionOptions{});
            const std::string_view words[] = {"INCR", "counter"};
            const Call call{words, 2};
            for (;;) {
                session.reply().clear();
                if (session.run({&call, 1}).stop == Stop::kFailed) return;
            }
        });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_TRUE(engine->close());
    for (std::thread& thread : threads) thread.join();
}

// SWAPDB changes which keys a transaction's names stand for, up to the moment it has its locks.
TEST_F(ConcurrencyTest, TransactionsBesideSwappedDatabasesKeepEveryAppend) {
    constexpr int kEach = 10'000;
    constexpr int kBetweenSwaps = 10;  // or the swaps would leave little time for the rest
    std::atomic<bool> done{false};
    std::atomic<int> transactions{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([this, t, &transactions] {
            Client client(engine);
            const std::string mine = "list" + std::to_string(t);
            for (int i = 0; i < kEach; ++i) {
                client.run({"MULTI"});
                client.run({"APPEND", mine, "x"});
                client.run({"APPEND", "shared", "y"});
                client.run({"EXEC"});
                ++transactions;
            }
        });
    }
    std::thread swapper([&] {
        Client client(engine);
        while (!done) {
            const int next = transactions + kBetweenSwaps;
            client.run({"SWAPDB", "0", "1"});
            while (!done && transactions < next) std::this_thread::yield();
        }
    });
    for (std::thread& thread : threads) thread.join();
    done = true;
    swapper.join();
    Client client(engine);
    int64_t total = 0;
    for (const char* database : {"0", "1"}) {
        client.run({"SELECT", database});
        for (const char* key : {"list0", "list1", "list2", "shared"}) {
            int64_t length = 0;
            EXPECT_TRUE(parse_integer(client.run({"STRLEN", key})[0], length));
            total += length;
        }
    }
    EXPECT_EQ(total, 3 * 2 * kEach);
}

TEST_F(ConcurrencyTest, CloseBesideASnapshotEndsIt) {
    Client writer(engine);
    for (int i = 0; i < 2'000; ++i) writer.run({"SET", "k" + std::to_string(i), "v"});
    std::atomic<bool> saving{false};
    std::thread saver([&] {
        while (engine->snapshots().take()) saving = true;
    });
    while (!saving) std::this_thread::yield();
    EXPECT_TRUE(engine->close());
    saver.join();
    EXPECT_EQ(engine->snapshots().take().error().code, Code::kShutdown);
}

}  // namespace
}  // namespace synap
