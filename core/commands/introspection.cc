// COMMAND, COMMAND INFO, COUNT, LIST and GETKEYS: the command table as clients see it.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/glob.h"
#include "core/base/text.h"
#include "core/commands/call_keys.h"
#include "core/commands/context.h"
#include "core/commands/doc.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/generated/ids.h"
#include "core/commands/record.h"

namespace synap::commands {
namespace {

template <class Bit>
struct BitName {
    Bit bit;
    std::string_view name;
};

// In Redis' order; flags that are the engine's own are not shown.
constexpr auto kFlagNames = std::to_array<BitName<CommandFlags>>({
    {kCommandWrite, "write"},
    {kCommandReadonly, "readonly"},
    {kCommandDenyOom, "denyoom"},
    {kCommandAdmin, "admin"},
    {kCommandNoScript, "noscript"},
    {kCommandBlocking, "blocking"},
    {kCommandLoading, "loading"},
    {kCommandStale, "stale"},
    {kCommandSkipSlowlog, "skip_slowlog"},
    {kCommandFast, "fast"},
    {kCommandNoAuth, "no_auth"},
    {kCommandNoAsyncLoading, "no_async_loading"},
    {kCommandNoMulti, "no_multi"},
    {kCommandMovableKeys, "movablekeys"},
    {kCommandAllowBusy, "allow_busy"},
});

constexpr auto kAclNames = std::to_array<BitName<AclCategory>>({
    {kAclKeyspace, "@keyspace"},
    {kAclRead, "@read"},
    {kAclWrite, "@write"},
    {kAclSet, "@set"},
    {kAclSortedSet, "@sortedset"},
    {kAclList, "@list"},
    {kAclHash, "@hash"},
    {kAclString, "@string"},
    {kAclBitmap, "@bitmap"},
    {kAclHyperLogLog, "@hyperloglog"},
    {kAclGeo, "@geo"},
    {kAclStream, "@stream"},
    {kAclPubSub, "@pubsub"},
    {kAclAdmin, "@admin"},
    {kAclFast, "@fast"},
    {kAclSlow, "@slow"},
    {kAclBlocking, "@blocking"},
    {kAclDangerous, "@dangerous"},
    {kAclConnection, "@connection"},
    {kAclTransaction, "@transaction"},
    {kAclScripting, "@scripting"},
});

constexpr auto kKeyFlagNames = std::to_array<BitName<KeySpecFlags>>({
    {kKeyRo, "RO"},
    {kKeyRw, "RW"},
    {kKeyOw, "OW"},
    {kKeyRm, "RM"},
    {kKeyAccess, "access"},
    {kKeyUpdate, "update"},
    {kKeyInsert, "insert"},
    {kKeyDelete, "delete"},
    {kKeyVariableFlags, "variable_flags"},
});

template <class Names>
void reply_bits(Reply& reply, const Names& names, uint32_t bits) {
    const auto is_set = [bits](const auto& entry) { return (bits & entry.bit) != 0; };
    reply.begin_set(static_cast<size_t>(std::count_if(names.begin(), names.end(), is_set)));
    for (const auto& entry : names) {
        if (is_set(entry)) {
            reply.status(entry.name);
        }
    }
}

void reply_field(Reply& reply, std::string_view name, int64_t value) {
    reply.text(name);
    reply.integer(value);
}

// {type, spec}: what follows is the map of `fields` that describes it.
void begin_description(Reply& reply, std::string_view type, size_t fields) {
    reply.begin_map(2);
    reply.text("type");
    reply.text(type);
    reply.text("spec");
    reply.begin_map(fields);
}

void reply_begin_search(Reply& reply, const KeySpec& spec) {
    if (spec.keyword.empty()) {
        begin_description(reply, "index", 1);
        return reply_field(reply, "index", spec.first);
    }
    begin_description(reply, "keyword", 2);
    reply.text("keyword");
    reply.text(spec.keyword);
    reply_field(reply, "startfrom", spec.first);
}

void reply_find_keys(Reply& reply, const KeySpec& spec) {
    if (spec.counted) {
        begin_description(reply, "keynum", 3);
        reply_field(reply, "keynumidx", 0);
        reply_field(reply, "firstkey", 1);
        return reply_field(reply, "keystep", spec.step);
    }
    begin_description(reply, "range", 3);
    reply_field(reply, "lastkey", spec.last);
    reply_field(reply, "keystep", spec.step);
    reply_field(reply, "limit", spec.limit);
}

void reply_key_spec(Reply& reply, const KeySpec& spec) {
    reply.begin_map(3);
    reply.text("flags");
    reply_bits(reply, kKeyFlagNames, spec.flags);
    reply.text("begin_search");
    reply_begin_search(reply, spec);
    reply.text("find_keys");
    reply_find_keys(reply, spec);
}

void reply_info(Reply& reply, const CommandRecord& record) {
    reply.begin_array(10);
    reply.text(to_lower(record.name));
    reply.integer(record.arity);
    reply_bits(reply, kFlagNames, record.flags);
    reply.integer(record.first_key);
    reply.integer(record.last_key);
    reply.integer(record.key_step);
    reply_bits(reply, kAclNames, record.acl);
    reply.begin_set(record.doc->tips.size());
    for (const std::string_view tip : record.doc->tips) {
        reply.text(tip);
    }
    reply.begin_set(record.key_specs.size());
    for (const KeySpec& spec : record.key_specs) {
        reply_key_spec(reply, spec);
    }
    if (record.subcommands.empty()) {
        reply.begin_set(0);
        return;
    }
    reply.begin_array(record.subcommands.size());
    for (const CommandRecord& sub : record.subcommands) {
        reply_info(reply, sub);
    }
}

void reply_all_info(Reply& reply) {
    reply.begin_array(all_commands().size());
    for (const CommandRecord& record : all_commands()) {
        reply_info(reply, record);
    }
}

// Flags of one key of this very call: SET reads its key only with option GET.
uint32_t key_flags(const CommandRecord& record, const KeySpec& spec,
                   std::span<const std::string_view> argv) {
    if (record.id != kIdSet) {
        return spec.flags;
    }
    const bool reads = std::any_of(argv.begin() + 3, argv.end(), [](std::string_view word) {
        return equals_ignoring_case(word, "GET");
    });
    return reads ? uint32_t{kKeyRw | kKeyAccess | kKeyUpdate} : uint32_t{kKeyOw | kKeyUpdate};
}

// The command that `argv` calls, or nullptr after an error reply.
const CommandRecord* called_command(Reply& reply, std::span<const std::string_view> argv) {
    const CommandRecord* record = find_command(argv[0]);
    if (record != nullptr && !record->subcommands.empty() && argv.size() > 1) {
        record = find_subcommand(*record, argv[1]);
    }
    if (record == nullptr) {
        reply.error("ERR Invalid command specified");
        return nullptr;
    }
    if (record->key_specs.empty()) {
        reply.error("ERR The command has no key arguments");
        return nullptr;
    }
    if (!record->accepts_arity(argv.size())) {
        reply.error("ERR Invalid number of arguments specified for command");
        return nullptr;
    }
    return record;
}

void reply_keys(CommandContext& context, bool with_flags) {
    const auto argv = context.args().subspan(2);
    Reply& reply = context.reply();
    const CommandRecord* record = called_command(reply, argv);
    if (record == nullptr) {
        return;
    }
    size_t count = 0;
    each_key(*record, argv, [&](size_t, const KeySpec&) { ++count; });
    if (count == 0) return reply.error("ERR Invalid arguments specified for command");
    reply.begin_array(count);
    each_key(*record, argv, [&](size_t place, const KeySpec& spec) {
        if (with_flags) reply.begin_array(2);
        reply.bulk(argv[place]);
        if (with_flags) reply_bits(reply, kKeyFlagNames, key_flags(*record, spec, argv));
    });
}

// Replies with the names of all commands and subcommands for which keep(record, name) holds.
template <class Keep>
void reply_names(Reply& reply, Keep keep) {
    std::vector<std::string> names;
    const auto add = [&](const CommandRecord& record) {
        std::string name = to_lower(record.name);
        if (keep(record, name)) {
            names.push_back(std::move(name));
        }
    };
    for (const CommandRecord& record : all_commands()) {
        add(record);
        std::for_each(record.subcommands.begin(), record.subcommands.end(), add);
    }
    reply.begin_array(names.size());
    for (const std::string& name : names) {
        reply.text(name);
    }
}

uint32_t acl_bit(std::string_view category) {
    const std::string name = to_lower(category);
    for (const auto& entry : kAclNames) {
        if (entry.name.substr(1) == name) {
            return entry.bit;
        }
    }
    return 0;
}

}  // namespace

void cmd_command(CommandContext& context) { reply_all_info(context.reply()); }

void cmd_command_count(CommandContext& context) {
    context.reply().integer(static_cast<int64_t>(all_commands().size()));
}

void cmd_command_info(CommandContext& context) {
    Reply& reply = context.reply();
    const auto names = context.args().subspan(2);
    if (names.empty()) {
        reply_all_info(reply);
        return;
    }
    reply.begin_array(names.size());
    for (const std::string_view name : names) {
        if (const CommandRecord* record = find_command_path(name)) {
            reply_info(reply, *record);
        } else {
            reply.null();
        }
    }
}

void cmd_command_getkeys(CommandContext& context) { reply_keys(context, false); }

void cmd_command_getkeysandflags(CommandContext& context) { reply_keys(context, true); }

void cmd_command_list(CommandContext& context) {
    Reply& reply = context.reply();
    const auto filter = context.args().subspan(2);
    if (filter.empty()) {
        reply_names(reply, [](const CommandRecord&, std::string_view) { return true; });
        return;
    }
    if (filter.size() != 3 || !equals_ignoring_case(filter[0], "FILTERBY")) {
        reply.error("ERR syntax error");
        return;
    }
    if (equals_ignoring_case(filter[1], "ACLCAT")) {
        const uint32_t bit = acl_bit(filter[2]);
        reply_names(reply, [bit](const CommandRecord& record, std::string_view) {
            return (record.acl & bit) != 0;
        });
    } else if (equals_ignoring_case(filter[1], "PATTERN")) {
        reply_names(reply, [&filter](const CommandRecord&, std::string_view name) {
            return glob_match(filter[2], name, true);
        });
    } else if (equals_ignoring_case(filter[1], "MODULE")) {
        reply_names(reply, [](const CommandRecord&, std::string_view) { return false; });
    } else {
        reply.error("ERR syntax error");
    }
}

}  // namespace synap::commands
