// Epochs that begin while the log is open, after its own records and after received ones.
#include "tests/unit/log/received_log.h"

namespace synap {
namespace {

TEST_F(ReceivedTest, BeginsNoEpochOfItsOwn) {
    write_all_kinds();
    const std::vector<std::string> records = master_records();
    int begun = 0;
    Status refusal;
    SimDisk fresh;
    follow(fresh, [&]() -> Status {
        ++begun;
        return Error{Code::kInternal, "no term of its own has begun"};
    });
    for (const std::string& record : records) take(record);
    ASSERT_TRUE(follower->sync(follower->appended()));
    EXPECT_EQ(begun, 0);
    // Written by mistake, without an epoch: nothing of it reaches the disk.
    const uint64_t end = append_own("own");
    EXPECT_FALSE(follower->sync(end));
    EXPECT_EQ(begun, 1);
    EXPECT_TRUE(follower->failed());
    EXPECT_EQ(read_told(fresh).size(), records.size());
    follower->stop().ignore();
    follower.reset();
}

TEST_F(ReceivedTest, AnEpochIsDurableBeforeItsFirstRecord) {
    int lazily = 0;
    SimDisk fresh;
    follow(fresh, [&]() -> Status {
        ++lazily;
        return {};
    });
    write_all_kinds();
    const std::vector<std::string> records = master_records();
    take(records[0]);
    uint64_t durable = 0;
    ASSERT_TRUE(follower->enter_epoch(7, [&]() -> Status {
        durable = follower->synced();
        return {};
    }));
    EXPECT_EQ(durable, records[0].size());
    EXPECT_EQ(follower->epoch(), 7u);
    append_own("own");
    ASSERT_TRUE(follower->sync(follower->appended()));
    EXPECT_EQ(lazily, 0) << "what the open was to begin is over";
    EXPECT_EQ(read_told(fresh).back().epoch, 7u);
    follower->stop().ignore();
    follower.reset();
}

TEST_F(ReceivedTest, AnEpochThatCannotBeMadeDurableDoesNotBegin) {
    int begun = 0;
    SimDisk fresh;
    follow(fresh, [&]() -> Status {
        ++begun;
        return {};
    });
    append_own("a");
    ASSERT_TRUE(follower->sync(follower->appended()));
    EXPECT_EQ(begun, 1);
    const Status entered = follower->enter_epoch(2, []() -> Status {
        return Error{Code::kIo, "full", Cause::kShortage};
    });
    ASSERT_FALSE(entered);
    EXPECT_EQ(entered.error().message, "full");
    EXPECT_EQ(follower->epoch(), 1u);
    EXPECT_TRUE(follower->takes_records());
    // The files may name epoch 2 now: the one that goes on is made known again before its record.
    append_own("b");
    ASSERT_TRUE(follower->sync(follower->appended()));
    EXPECT_EQ(begun, 2);
    EXPECT_THROW(follower->enter_epoch(2, []() -> Status { throw std::bad_alloc(); }).ignore(),
                 std::bad_alloc);
    EXPECT_EQ(follower->epoch(), 1u);
    append_own("c");
    ASSERT_TRUE(follower->enter_epoch(2, [] { return Status(); }));
    append_own("d");
    ASSERT_TRUE(follower->sync(follower->appended()));
    EXPECT_EQ(begun, 3);
    std::vector<uint32_t> epochs;
    for (const Told& record : read_told(fresh)) epochs.push_back(record.epoch);
    EXPECT_EQ(epochs, (std::vector<uint32_t>{1, 1, 1, 2}));
    follower->stop().ignore();
    follower.reset();
}

class AppendsWhenTold final : public LogWaiter {
public:
    explicit AppendsWhenTold(std::function<void()> append) : append_(std::move(append)) {}
    void complete(Code, std::string_view) noexcept override { append_(); }

private:
    const std::function<void()> append_;
};

TEST_F(ReceivedTest, AnEpochDoesNotBeginBesideAnAppender) {
    const uint64_t end = append_own("a");
    std::unique_ptr<LogWaiter> waiter =
        std::make_unique<AppendsWhenTold>([this] { append_own("meanwhile"); });
    ASSERT_TRUE(follower->notify(end, Durability::kDisk, waiter));
    bool ran = false;
    const Status entered = follower->enter_epoch(2, [&]() -> Status {
        ran = true;
        return {};
    });
    ASSERT_FALSE(entered);
    EXPECT_EQ(entered.error().code, Code::kInvalidArgument);
    EXPECT_FALSE(ran);
    EXPECT_EQ(follower->epoch(), 1u);
    EXPECT_TRUE(follower->enter_epoch(2, [] { return Status(); }));
}

TEST_F(ReceivedTest, NoEpochBeginsWhereTheLogCannotBeWritten) {
    append_own("a");
    follower_disk.fail_at(DiskCall::kSync, 1, DiskFault::kInputOutput);
    EXPECT_FALSE(follower->enter_epoch(2, [] { return Status(); }));
    EXPECT_FALSE(follower->enter_epoch(2, [] { return Status(); }));
    EXPECT_EQ(follower->epoch(), 1u);
    const LogStart start{kHistory, 1, 0};
    Log idle(follower_disk, clock, start, options);
    EXPECT_FALSE(idle.enter_epoch(2, [] { return Status(); }));
}

}  // namespace
}  // namespace synap
