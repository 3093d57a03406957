// A caller without time has calls that copy much left to another.
#include <optional>

#include "core/base/limits.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class Brief : public SessionTest {
protected:
    void SetUp() override {
        open(disk);
        client_.emplace(engine);
    }
    void TearDown() override {
        client_.reset();
        SessionTest::TearDown();
    }
    Client& client() { return *client_; }
    // How the call ends for a caller without time; then it is run.
    Stop stop_of(const std::vector<std::string>& words) {
        const std::vector<std::string_view> args(words.begin(), words.end());
        const Call call{args.data(), args.size()};
        client().session.reply().clear();
        client().session.set_brief(true);
        const BatchResult result = client().session.run({&call, 1});
        client().session.set_brief(false);
        EXPECT_EQ(result.done, result.stop == Stop::kLong ? 0u : 1u);
        if (result.stop == Stop::kLong) {
            EXPECT_EQ(client().session.reply().size(), 0u);
            left = client().call(words);
        }
        return result.stop;
    }

    const std::shared_ptr<SimDisk> disk = std::make_shared<SimDisk>();
    std::optional<Client> client_;
    std::string left;  // the reply of a call that was left
    const std::string large = std::string(Session::kBriefBytes + 1, 'x');
};

TEST_F(Brief, WritesOfMuchAreLeft) {
    Client client2(engine);
    EXPECT_EQ(stop_of({"SET", "k", large}), Stop::kLong);
    EXPECT_EQ(left, "+OK");
    EXPECT_EQ(stop_of({"MSET", "a", large, "b", "1"}), Stop::kLong);
    EXPECT_EQ(stop_of({"SET", "k2", large.substr(2)}), Stop::kDone);
    EXPECT_EQ(stop_of({"GET", "k"}), Stop::kBudget);  // by reference
    EXPECT_EQ(client2("STRLEN k"), ":" + std::to_string(large.size()));
}

TEST_F(Brief, EditsThatCopyMuchAreLeft) {
    client().call({"SET", "k", large});
    client()("COPY k other");  // so that both share it
    EXPECT_EQ(stop_of({"APPEND", "k", "y"}), Stop::kLong);
    EXPECT_EQ(left, ":" + std::to_string(large.size() + 1));
    EXPECT_EQ(stop_of({"APPEND", "k", "z"}), Stop::kDone);  // has room now
    EXPECT_EQ(stop_of({"SETRANGE", "gap", "8000000", "y"}), Stop::kLong);
}

TEST_F(Brief, TransactionsOfMuchAreLeft) {
    EXPECT_EQ(stop_of({"MULTI"}), Stop::kDone);
    EXPECT_EQ(stop_of({"SET", "k", large}), Stop::kLong);
    EXPECT_EQ(left, "+QUEUED");
    EXPECT_EQ(stop_of({"INCR", "n"}), Stop::kDone);
    EXPECT_EQ(stop_of({"EXEC"}), Stop::kLong);
    EXPECT_EQ(left, "[+OK :1]");
    client()("COPY k other");
    EXPECT_EQ(stop_of({"MULTI"}), Stop::kDone);
    EXPECT_EQ(stop_of({"APPEND", "k", "y"}), Stop::kDone);
    EXPECT_EQ(stop_of({"EXEC"}), Stop::kLong);
    EXPECT_EQ(left, "[:" + std::to_string(large.size() + 1) + "]");
}

// Nothing is left behind of what is written ahead, whether its record came or not.
TEST_F(Brief, ValuesWrittenAheadOfTheirRecord) {
    const std::string huge(limits::kLargeRecordBytes + 1, 'h');
    EXPECT_EQ(client().call({"SET", "k", huge}), "+OK");
    EXPECT_EQ(client().call({"SET", "k", huge, "NX"}), "_");
    EXPECT_EQ(client().call({"APPEND", "k", huge}), ":" + std::to_string(2 * huge.size()));
    EXPECT_EQ(client().call({"HSET", "h", "f", huge, "g", "1"}), ":2");
    EXPECT_EQ(client().call({"HSET", "k", "f", huge}).substr(0, 10), "-WRONGTYPE");
    client()("MULTI");
    client().call({"SET", "m", huge});
    client().call({"SET", "m", huge, "NX"});
    EXPECT_EQ(client()("EXEC"), "[+OK _]");
    for (const std::string& name : disk->names()) EXPECT_FALSE(name.ends_with(".tmp")) << name;
    const uint64_t digest = engine->keyspace().digest();
    client_.reset();
    ASSERT_TRUE(engine->close());
    open(disk);
    EXPECT_EQ(engine->keyspace().digest(), digest);
}

}  // namespace
}  // namespace synap
