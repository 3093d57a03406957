// A store whose disk is full, that has no descriptors, or that cannot be written: fault cases 3, 8
// and 16.
#include "core/log/format.h"
#include "core/platform/sim_disk.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class ShortageTest : public SessionTest {
protected:
    void open_store() { open(disk, options); }
    void reopen() {
        ASSERT_TRUE(engine->close());
        engine.reset();
        open_store();
    }
    void pass_a_second() {
        clock.advance_ms(1100);
        engine->maintain();
    }
    std::vector<std::string> lines() {
        std::vector<std::string> told;
        LogLine line;
        uint64_t lost = 0;
        while (engine->lines().take(line, lost)) told.push_back(line.text);
        return told;
    }
    size_t lines_with(std::string_view text) {
        size_t found = 0;
        for (const std::string& line : lines()) found += line.find(text) != std::string::npos;
        return found;
    }

    const std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
    Options options;
};

TEST_F(ShortageTest, AFullDiskRefusesWritesUntilThereIsRoom) {
    open_store();
    Client client(engine);
    disk->set_shortage(DiskFault::kNoSpace);
    std::string answer = "+OK";
    int written = 0;
    for (; answer == "+OK" && written < 10'000; ++written) {
        answer = client.call({"SET", "k" + std::to_string(written), std::string(1000, 'x')});
    }
    EXPECT_TRUE(answer.starts_with("-MISCONF writes are refused until this is over: ")) << answer;
    EXPECT_NE(answer.find("/sim/log-"), std::string::npos) << answer;
    EXPECT_LT(written, 1000) << "by the next call, never megabytes later";
    EXPECT_EQ(client("GET k0"), "$" + std::string(1000, 'x'));
    EXPECT_FALSE(engine->accepts_writes());
    EXPECT_TRUE(engine->waits_to_write());
    EXPECT_EQ(client.info("synap_writes_blocked"), "1");
    EXPECT_NE(client.info("synap_writes_refused").find("No space left"), std::string::npos);
    pass_a_second();
    pass_a_second();
    EXPECT_EQ(lines_with("writes are refused"), 1u);

    disk->set_shortage(std::nullopt);
    pass_a_second();
    EXPECT_EQ(client("SET a 1"), "+OK");
    EXPECT_EQ(lines_with("the shortage is over"), 1u);
    EXPECT_EQ(client.info("synap_writes_blocked"), "0");
    reopen();
    Client again(engine);
    EXPECT_EQ(again("DBSIZE"), ":" + std::to_string(written));
}

TEST_F(ShortageTest, ALargeValueAndATransactionAskForTheirOwnRoom) {
    open_store();
    Client client(engine);
    client("SET a 1");
    disk->set_shortage(DiskFault::kQuota);
    const std::string large(2'000'000, 'x');
    EXPECT_TRUE(client.call({"SET", "large", large}).starts_with("-MISCONF"));
    EXPECT_EQ(client("GET large"), "_");
    disk->set_shortage(std::nullopt);
    pass_a_second();
    client("MULTI");
    for (int i = 0; i < 100; ++i) client.call({"SET", "t", std::string(15'000, 'x')});
    disk->set_shortage(DiskFault::kQuota);
    EXPECT_TRUE(client("EXEC").starts_with("-MISCONF"));
    EXPECT_EQ(client("GET t"), "_");
}

// Fault case 16: a start on a full disk serves reads.
TEST_F(ShortageTest, AStartOnAFullDiskServesReads) {
    for (const DiskFault fault : {DiskFault::kNoSpace, DiskFault::kQuota, DiskFault::kReadOnly}) {
        open_store();
        {
            Client client(engine);
            client("SET a 1");
        }
        ASSERT_TRUE(engine->close());
        engine.reset();
        disk->set_shortage(fault);
        const std::vector<std::string> before = disk->names();
        open_store();
        {
            Client client(engine);
            EXPECT_EQ(client("GET a"), "$1");
            EXPECT_TRUE(client("SET b 2").starts_with("-MISCONF"));
            EXPECT_TRUE(client("SAVE").starts_with("-"));
            pass_a_second();
            EXPECT_TRUE(client("SET b 2").starts_with("-MISCONF"));
        }
        ASSERT_TRUE(engine->close()) << "nothing was accepted that could be lost";
        engine.reset();
        EXPECT_LE(disk->names().size(), before.size()) << "no file is left behind";
        open_store();
        Client client(engine);
        disk->set_shortage(std::nullopt);
        pass_a_second();
        EXPECT_EQ(client("SET b 2"), "+OK");
        reopen();
        EXPECT_EQ(Client(engine)("GET b"), "$2");
        ASSERT_TRUE(engine->close());
        engine.reset();
    }
}

TEST_F(ShortageTest, ANewStoreThatCannotBeMadeLeavesNothing) {
    for (const DiskFault fault : {DiskFault::kNoSpace, DiskFault::kReadOnly}) {
        disk->set_shortage(fault);
        EXPECT_FALSE(Engine::open({disk, &clock, &entropy, false}, options));
        disk->set_shortage(std::nullopt);
        EXPECT_EQ(disk->names(), std::vector<std::string>{"LOCK"});
    }
}

TEST_F(ShortageTest, ASnapshotWithoutRoomIsTakenLater) {
    open_store();
    Client client(engine);
    client("SET a 1");
    disk->set_shortage(DiskFault::kNoSpace);
    EXPECT_TRUE(client("SAVE").starts_with("-"));
    for (const std::string& name : disk->names()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
    disk->set_shortage(std::nullopt);
    pass_a_second();
    EXPECT_EQ(client.info("rdb_saves"), "0");
    clock.advance_ms(60'000);
    for (int i = 0; i < 3; ++i) pass_a_second();
    while (engine->snapshots().running()) ASSERT_TRUE(engine->snapshots().step(10'000));
    EXPECT_EQ(client.info("rdb_saves"), "1");
}

// Fault case 8: a bounded number of files, whatever the lifetime of the processes is.
TEST_F(ShortageTest, OpeningOftenLeavesFewFiles) {
    for (int i = 0; i < 300; ++i) {
        open_store();
        {
            Client client(engine);
            ASSERT_EQ(client("SET k" + std::to_string(i) + " x"), "+OK");
        }
        ASSERT_TRUE(engine->close());
        engine.reset();
    }
    EXPECT_LE(disk->names().size(), 5u);  // LOCK, MANIFEST, NODE, a segment, the proof of its end
    open_store();
    EXPECT_EQ(Client(engine)("DBSIZE"), ":300");
}

// Processes too short-lived for the maintenance thread.
TEST_F(ShortageTest, ALogFarLargerThanItsDataIsCoveredAtClose) {
    uint64_t largest = 0;
    for (int i = 0; i < 60; ++i) {
        open_store();
        {
            Client client(engine);
            ASSERT_EQ(client.call({"SET", "k", std::string(1'000'000, 'x')}), "+OK");
        }
        ASSERT_TRUE(engine->close());
        engine.reset();
        uint64_t bytes = 0;
        for (const std::string& name : disk->names()) bytes += disk->contents(name).size();
        largest = std::max(largest, bytes);
    }
    EXPECT_LT(largest, 30u << 20);
    open_store();
    EXPECT_EQ(Client(engine)("STRLEN k"), ":1000000");
}

}  // namespace
}  // namespace synap
