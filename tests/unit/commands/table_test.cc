#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "capi/include/synap/synap.h"
#include "core/commands/doc.h"
#include "core/commands/generated/ids.h"
#include "core/commands/record.h"

namespace synap {
namespace {

std::vector<const CommandRecord*> flattened() {
    std::vector<const CommandRecord*> records;
    for (const CommandRecord& command : all_commands()) {
        records.push_back(&command);
        for (const CommandRecord& sub : command.subcommands) {
            records.push_back(&sub);
        }
    }
    return records;
}

// The name with upper- and lower-case letters in turn.
std::string mixed_case(std::string_view name) {
    std::string mixed(name);
    for (size_t i = 0; i < mixed.size(); i += 2) {
        if (mixed[i] >= 'A' && mixed[i] <= 'Z') mixed[i] = static_cast<char>(mixed[i] - 'A' + 'a');
    }
    return mixed;
}

TEST(CommandTable, FindsEveryCommandInAnyCase) {
    for (const CommandRecord& command : all_commands()) {
        EXPECT_EQ(find_command(command.name), &command) << command.name;
        EXPECT_EQ(find_command(mixed_case(command.name)), &command) << command.name;
    }
    EXPECT_EQ(find_command("get"), find_command("GET"));
}

TEST(CommandTable, FindsEverySubcommandInAnyCase) {
    for (const CommandRecord& command : all_commands()) {
        for (const CommandRecord& sub : command.subcommands) {
            const std::string_view name = sub.name.substr(command.name.size() + 1);
            EXPECT_EQ(find_subcommand(command, name), &sub) << sub.name;
            EXPECT_EQ(find_subcommand(command, mixed_case(name)), &sub) << sub.name;
            EXPECT_EQ(find_command_path(mixed_case(sub.name)), &sub) << sub.name;
        }
        EXPECT_EQ(find_subcommand(command, "NO-SUCH"), nullptr);
        EXPECT_EQ(find_subcommand(command, ""), nullptr);
    }
}

TEST(CommandTable, KnowsNoOtherNames) {
    const std::string longest(kMaxCommandName, 'A');
    for (const std::string_view name :
         {std::string_view(""), std::string_view("G"), std::string_view("GE"),
          std::string_view("GETT"), std::string_view("GET "), std::string_view("GET\0", 4),
          std::string_view("CONFIG|GET"), std::string_view("INCRBYFLOA"),
          std::string_view("INCRBYFLOAT2"), std::string_view("SYNAP-CAS"),
          std::string_view("INCRXXXXXXXXXBYFLOAT"), std::string_view("\xC7\xC5\xD4"),
          std::string_view(longest)}) {
        EXPECT_EQ(find_command(name), nullptr) << name;
    }
    EXPECT_EQ(find_command(longest + "A"), nullptr);
    EXPECT_EQ(find_command(std::string(1000, 'S')), nullptr);
}

TEST(CommandTable, CharactersBesideLettersAreNotFolded) {
    // '[' and '{', '@' and '`' differ in the bit that tells cases of letters apart.
    EXPECT_NE(find_command("SYNAP.CAS"), nullptr);
    EXPECT_EQ(find_command("SYNAP\x0E"
                           "CAS"),
              nullptr);
}

TEST(CommandTable, PathsNeedBothHalves) {
    EXPECT_EQ(find_command_path("get"), find_command("get"));
    for (const std::string_view path : {"", "|", "config|", "|get", "get|x", "config|get|x"}) {
        EXPECT_EQ(find_command_path(path), nullptr) << path;
    }
}

TEST(CommandTable, IdsAndIndexesAreUnique) {
    std::set<uint16_t> ids;
    uint16_t index = 0;
    for (const CommandRecord* record : flattened()) {
        EXPECT_NE(record->id, 0);
        EXPECT_TRUE(ids.insert(record->id).second) << record->name;
        EXPECT_EQ(command_by_id(record->id), record);
        EXPECT_EQ(record->index, index++) << record->name;
    }
    EXPECT_EQ(index, kCommandCount);
    EXPECT_EQ(all_commands().size(), kTopLevelCommandCount);
    EXPECT_EQ(command_by_id(0), nullptr);
    EXPECT_EQ(command_by_id(kMaxCommandId + 1), nullptr);
    EXPECT_EQ(command_by_id(UINT16_MAX), nullptr);
}

TEST(CommandTable, IdsNeverChange) {
    EXPECT_EQ(kIdGet, 1);
    EXPECT_EQ(kIdSet, 2);
    EXPECT_EQ(kIdDel, 23);
    EXPECT_EQ(kIdConfigGet, find_command_path("CONFIG|GET")->id);
    EXPECT_EQ(command_by_id(kIdSynapCas)->name, "SYNAP.CAS");
}

TEST(CommandTable, EveryRecordIsWhole) {
    for (const CommandRecord* record : flattened()) {
        const bool is_called = record->subcommands.empty() || record->name == "COMMAND";
        EXPECT_EQ(record->handler != nullptr, is_called) << record->name;
        ASSERT_NE(record->doc, nullptr);
        EXPECT_FALSE(record->doc->summary.empty()) << record->name;
        EXPECT_NE(record->arity, 0) << record->name;
        EXPECT_FALSE(record->has(kCommandWrite) && record->has(kCommandReadonly)) << record->name;
        EXPECT_NE(record->has(kCommandFast), (record->acl & kAclSlow) != 0) << record->name;
        EXPECT_EQ(record->first_key != 0, !record->key_specs.empty()) << record->name;
        EXPECT_EQ(record->doc, &generated::kCommandDocs[record->index]);
    }
}

TEST(CommandTable, FactsOfSomeCommands) {
    const CommandRecord& mset = *find_command("MSET");
    EXPECT_EQ(mset.arity, -3);
    EXPECT_EQ(mset.first_key, 1);
    EXPECT_EQ(mset.last_key, -1);
    EXPECT_EQ(mset.key_step, 2);
    EXPECT_EQ(mset.flags, kCommandWrite | kCommandDenyOom);
    EXPECT_TRUE(mset.accepts_arity(3));
    EXPECT_TRUE(mset.accepts_arity(5));
    EXPECT_FALSE(mset.accepts_arity(2));

    const CommandRecord& rename = *find_command("RENAME");
    EXPECT_EQ(rename.key_specs.size(), 2u);
    EXPECT_EQ(rename.last_key, 2);
    EXPECT_TRUE(rename.accepts_arity(3));
    EXPECT_FALSE(rename.accepts_arity(4));

    const CommandRecord& encoding = *find_command_path("OBJECT|ENCODING");
    EXPECT_EQ(encoding.first_key, 2);
    EXPECT_TRUE(find_command("FLUSHALL")->has(kCommandKeyspace));
    EXPECT_TRUE(find_command("SHUTDOWN")->has(kCommandHost));
    EXPECT_EQ(find_command("KEYS")->latency_class, LatencyClass::kLinear);
    EXPECT_EQ(find_command("GET")->latency_class, LatencyClass::kFast);
}

TEST(CommandTable, PublicFlagsAreThoseOfTheInterface) {
    EXPECT_EQ(uint32_t{kCommandWrite}, uint32_t{SYNAP_COMMAND_WRITE});
    EXPECT_EQ(uint32_t{kCommandReadonly}, uint32_t{SYNAP_COMMAND_READONLY});
    EXPECT_EQ(uint32_t{kCommandDenyOom}, uint32_t{SYNAP_COMMAND_DENYOOM});
    EXPECT_EQ(uint32_t{kCommandAdmin}, uint32_t{SYNAP_COMMAND_ADMIN});
    EXPECT_EQ(uint32_t{kCommandFast}, uint32_t{SYNAP_COMMAND_FAST});
    EXPECT_EQ(uint32_t{kCommandBlocking}, uint32_t{SYNAP_COMMAND_BLOCKING});
    EXPECT_EQ(uint32_t{kCommandHost}, uint32_t{SYNAP_COMMAND_HOST});
    EXPECT_EQ(uint32_t{kCommandNoMulti}, uint32_t{SYNAP_COMMAND_NO_MULTI});
    EXPECT_EQ(uint32_t{kCommandLoading}, uint32_t{SYNAP_COMMAND_LOADING});
    EXPECT_EQ(uint32_t{kCommandLinear}, uint32_t{SYNAP_COMMAND_LINEAR});
    EXPECT_EQ(uint32_t{kCommandKeyspace}, uint32_t{SYNAP_COMMAND_KEYSPACE});
    EXPECT_EQ(uint32_t{kCommandSession}, uint32_t{SYNAP_COMMAND_SESSION});
}

}  // namespace
}  // namespace synap
