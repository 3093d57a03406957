// What a call locks, what it touches and what the table says of it are one set of keys, for every
// command of the table and arguments drawn from its grammar: options repeated, left out, in odd
// places, alone and in transactions. Builds with SYNAP_CHECK_LOCKS also stop at any key that a
// handler so much as looks at without its lock.
#include <map>
#include <set>

#include "core/commands/call_keys.h"
#include "core/platform/sim_disk.h"
#include "tests/unit/session/fixture.h"
#include "tests/unit/session/generated_calls.h"

namespace synap {
namespace {

constexpr uint32_t kSeed = 20'261'127;
constexpr unsigned kDatabases = 3;  // that calls name

class Locks : public SessionTest {
protected:
    void SetUp() override {
        open(std::make_shared<SimDisk>());
        client = std::make_unique<Client>(engine);
        for (const CommandRecord& command : all_commands()) {
            if (command.subcommands.empty()) take(command);
            for (const CommandRecord& sub : command.subcommands) take(sub);
        }
    }
    void take(const CommandRecord& command) {
        if (!command.has(kCommandHost | kCommandAdmin | kCommandBlocking)) {
            commands.push_back(&command);
        }
    }
    const CommandRecord& any_command() {
        return *commands[calls.below(static_cast<unsigned>(commands.size()))];
    }

    // Some of them numbers, hashes, with a deadline that is near or behind.
    void fill() {
        for (unsigned i = 0; i < Calls::kKeys; ++i) {
            const std::string key = "key:" + std::to_string(i);
            if (calls.below(4) == 0) (*client)("DEL " + key);
            if (calls.below(4) == 0) (*client)("SET " + key + " 1" + std::to_string(i));
            if (calls.below(4) == 0) (*client)("HSET " + key + " field 1 other text");
            if (calls.below(8) == 0) (*client)("PEXPIRE " + key + " 3");
        }
        clock.advance_ms(1);
    }

    // What stands at a key of a database, as far as a change would show.
    std::string state(unsigned database, const std::string& name) {
        Keyspace& keyspace = engine->keyspace();
        const Node* node = keyspace.find(keyspace.key(keyspace.name_space_of(database), name));
        if (node == nullptr) return "absent";
        const ValueView value = node->value();
        return std::to_string(static_cast<int>(value.type)) + "/" +
               std::to_string(static_cast<int>(value.encoding)) + "/" +
               std::to_string(node->deadline()) + "/" + std::string(value.bytes);
    }
    std::map<std::string, std::string> states() {
        std::map<std::string, std::string> states;
        for (unsigned i = 0; i < Calls::kKeys; ++i) {
            const std::string key = "key:" + std::to_string(i);
            for (unsigned database = 0; database < kDatabases; ++database) {
                states[key] += state(database, key) + "\n";
            }
        }
        return states;
    }
    static bool concerns_more(const CommandRecord& command, size_t argc) {
        return command.has(kCommandKeyspace) || command.needs_gate_alone(argc);
    }
    // The keys that the table says the call names; false where it concerns more than these.
    static bool names(const CommandRecord& command, const std::vector<std::string>& words,
                      std::set<std::string>& keys) {
        const std::vector<std::string_view> argv(words.begin(), words.end());
        each_key(command, argv, [&](size_t place, const KeySpec&) { keys.insert(words[place]); });
        return !concerns_more(command, words.size());
    }
    static std::string shown(const std::vector<std::string>& words) {
        std::string line;
        for (const std::string& word : words) line += "'" + word + "' ";
        return line;
    }

    Calls calls{kSeed};
    std::unique_ptr<Client> client;
    std::vector<const CommandRecord*> commands;
};

TEST_F(Locks, GrammarAndKeySpecsNameTheSameKeys) {
    size_t with_keys = 0;
    for (const CommandRecord* command : commands) {
        for (int round = 0; round < 50; ++round) {
            const Generated call = calls.call(*command);
            const std::vector<std::string_view> argv(call.words.begin(), call.words.end());
            ASSERT_TRUE(command->accepts_arity(argv.size())) << shown(call.words);
            std::set<size_t> places;
            each_key(*command, argv, [&](size_t place, const KeySpec&) { places.insert(place); });
            ASSERT_EQ(places, call.keys) << shown(call.words);
            with_keys += places.empty() ? 0 : 1;
        }
    }
    EXPECT_GT(with_keys, 1'000u);
}

TEST_F(Locks, ACallChangesNoKeyThatItDoesNotName) {
    size_t checked = 0;
    for (int round = 0; round < 40; ++round) {
        for (const CommandRecord* command : commands) {
            fill();
            const auto words = calls.distorted(*command);
            std::set<std::string> keys;
            const auto before = states();
            const bool only_these = names(*command, words, keys);
            client->call(words);
            client->session.reset();
            if (!only_these) continue;
            const auto after = states();
            for (const auto& [key, was] : before) {
                if (keys.count(key) != 0) continue;
                ASSERT_EQ(after.at(key), was) << key << " after " << shown(words);
                ++checked;
            }
        }
    }
    EXPECT_GT(checked, 10'000u) << "seed " << kSeed;
}

TEST_F(Locks, NeitherDoesATransaction) {
    size_t checked = 0;
    for (int round = 0; round < 1'500; ++round) {
        fill();
        std::set<std::string> keys;
        std::string lines;
        bool only_these = true;
        const auto before = states();
        (*client)("WATCH " + calls.key());
        (*client)("MULTI");
        for (unsigned i = 0; i < 4; ++i) {
            const CommandRecord& command = any_command();
            const auto words = calls.distorted(command);
            only_these = names(command, words, keys) && only_these;
            lines += shown(words) + "\n";
            client->call(words);
        }
        client->call({"EXEC"});
        client->session.reset();
        if (!only_these) continue;
        const auto after = states();
        for (const auto& [key, was] : before) {
            if (keys.count(key) != 0) continue;
            ASSERT_EQ(after.at(key), was) << key << " after\n" << lines;
            ++checked;
        }
    }
    EXPECT_GT(checked, 500u) << "seed " << kSeed;
}

TEST_F(Locks, SayWhatConcernsMoreThanItsKeys) {
    const auto alone = [](const char* name, size_t argc) {
        return find_command(name)->needs_gate_alone(argc);
    };
    EXPECT_FALSE(alone("COPY", 3));
    EXPECT_FALSE(alone("COPY", 4));
    EXPECT_TRUE(alone("COPY", 5));
    for (const char* name : {"MOVE", "FLUSHDB", "FLUSHALL", "SWAPDB"}) EXPECT_TRUE(alone(name, 1));
    for (const char* name : {"RENAME", "SET", "GET", "SCAN"}) EXPECT_FALSE(alone(name, 9));
}

TEST(CheckOfLocks, StopsAHandlerAtAKeyThatIsNotLocked) {
    if (!kChecksLocks) GTEST_SKIP() << "a build without SYNAP_CHECK_LOCKS";
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    EXPECT_DEATH(
        {
            Keyspace keyspace(limits::kSlotBitsMin, 1);
            const KeyRef key = keyspace.key(0, "key");
            const uint32_t locked[] = {keyspace.slot_index(key.hash) ^ 1};
            const OnlySlots only(locked);
            keyspace.find(key);
        },
        "invariant broken");
}

}  // namespace
}  // namespace synap
