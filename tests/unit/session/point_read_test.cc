// A single announced read of one key takes a way of its own; nobody may notice.
#include "core/base/text.h"
#include "core/platform/sim_disk.h"
#include "tests/unit/session/fixture.h"

namespace synap {
namespace {

class PointRead : public SessionTest {
protected:
    void SetUp() override { open(std::make_shared<SimDisk>()); }

    // Announces its calls, and has made one, so that the next may take the short way.
    std::unique_ptr<Client> reader() {
        auto client = std::make_unique<Client>(engine);
        client->announces = true;
        (*client)("GET nothing");
        return client;
    }
};

// Words that make a call of the command on a key.
std::vector<std::string> call_of(const CommandRecord& command, const std::string& key) {
    std::vector<std::string> words{std::string(command.name), key};
    while (words.size() < static_cast<size_t>(std::abs(command.arity))) words.push_back("0");
    return words;
}

TEST_F(PointRead, AnswersAndCountsAsAnyOtherCall) {
    Client writer(engine);
    writer("SET text some-text");
    writer("SET number 12");
    writer("SET timed x EX 100");
    writer.call({"SET", "large", std::string(100'000, 'x')});
    const auto direct = reader();
    Client usual(engine);
    usual("GET nothing");
    size_t commands = 0;
    for (const CommandRecord& command : all_commands()) {
        if (!command.reads_one_key()) continue;
        ++commands;
        ASSERT_NE(command.handler, nullptr) << command.name;
        EXPECT_FALSE(command.has(kCommandWrite | kCommandHost | kCommandBlocking)) << command.name;
        for (const char* key : {"absent", "text", "number", "timed", "large"}) {
            const auto words = call_of(command, key);
            const std::string stat = "cmdstat_" + to_lower(command.name);
            const std::string hits = writer.info("keyspace_hits");
            const std::string misses = writer.info("keyspace_misses");
            const std::string expected = usual.call(words);
            const auto more = [&](const std::string& before, const std::string& field) {
                return std::stoll(writer.info(field)) - std::stoll(before);
            };
            const auto new_hits = more(hits, "keyspace_hits");
            const auto new_misses = more(misses, "keyspace_misses");
            const std::string hits_between = writer.info("keyspace_hits");
            const std::string misses_between = writer.info("keyspace_misses");
            EXPECT_EQ(direct->call(words), expected) << command.name << " " << key;
            EXPECT_EQ(direct->last.done, 1u);
            EXPECT_EQ(more(hits_between, "keyspace_hits"), new_hits) << command.name;
            EXPECT_EQ(more(misses_between, "keyspace_misses"), new_misses) << command.name;
        }
    }
    EXPECT_GE(commands, 5u);
    EXPECT_EQ(writer.info("cmdstat_get").rfind("calls=12,", 0), 0u) << writer.info("cmdstat_get");
}

TEST_F(PointRead, DeletesWhatHasExpiredAndLogsIt) {
    Client writer(engine);
    writer("SET a 1 PX 10");
    const auto direct = reader();
    const uint64_t before = engine->log()->appended();
    clock.advance_ms(11);
    EXPECT_EQ((*direct)("GET a"), "_");
    EXPECT_GT(engine->log()->appended(), before);
    EXPECT_EQ(direct->last.depends_on, engine->log()->appended());
    EXPECT_EQ(writer("DBSIZE"), ":0");
    EXPECT_EQ(writer.info("expired_keys"), "1");
}

TEST_F(PointRead, RestsOnTheLastWriteOfItsSlotUnderAlways) {
    Client writer(engine);
    const auto direct = reader();
    direct->session.set_call_level(Durability::kDisk);
    writer("SET a 1");
    const uint64_t position = engine->log()->appended();
    EXPECT_EQ((*direct)("GET a"), "$1");
    EXPECT_EQ(direct->last.depends_on, position);
}

TEST_F(PointRead, IsQueuedInATransaction) {
    const auto direct = reader();
    (*direct)("SET a 1");
    (*direct)("MULTI");
    EXPECT_EQ((*direct)("GET a"), "+QUEUED");
    EXPECT_EQ((*direct)("EXEC"), "[$1]");
}

TEST_F(PointRead, RefusesWhatAnyOtherCallRefuses) {
    const auto direct = reader();
    EXPECT_EQ((*direct)("GET a b"), "-ERR wrong number of arguments for 'get' command");
    EXPECT_EQ((*direct)("GETRANGE a x y"), "-ERR value is not an integer or out of range");
    EXPECT_EQ(direct->info("cmdstat_getrange").find("failed_calls=0"), std::string::npos);
}

TEST_F(PointRead, FollowsItsDatabase) {
    Client writer(engine);
    const auto direct = reader();
    writer("SET a zero");
    writer("SELECT 1");
    writer("SET a one");
    EXPECT_EQ((*direct)("GET a"), "$zero");
    writer("SWAPDB 0 1");
    EXPECT_EQ((*direct)("GET a"), "$one");
    (*direct)("SELECT 1");
    EXPECT_EQ((*direct)("GET a"), "$zero");

    // Between the announcement and the run.
    const std::string_view words[] = {"GET", "a"};
    const Call call{words, 2};
    direct->session.reply().clear();
    direct->session.expect({&call, 1});
    writer("SWAPDB 0 1");
    direct->session.run({&call, 1});
    ReplyText text;
    size_t at = 0;
    direct->session.reply().replay_one(at, text);
    EXPECT_EQ(text.text(), "$one");
}

}  // namespace
}  // namespace synap
