// COMMAND DOCS, and HELP of every command with subcommands: the texts of the command table.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "core/base/text.h"
#include "core/commands/context.h"
#include "core/commands/doc.h"
#include "core/commands/generated/handlers.h"
#include "core/commands/record.h"

namespace synap::commands {
namespace {

std::string_view type_name(ArgType type) {
    switch (type) {
        case ArgType::kString:
            return "string";
        case ArgType::kInteger:
            return "integer";
        case ArgType::kDouble:
            return "double";
        case ArgType::kKey:
            return "key";
        case ArgType::kPattern:
            return "pattern";
        case ArgType::kUnixTime:
            return "unix-time";
        case ArgType::kPureToken:
            return "pure-token";
        case ArgType::kOneOf:
            return "oneof";
        case ArgType::kBlock:
            return "block";
    }
    return {};
}

void reply_text(Reply& reply, std::string_view name, std::string_view text) {
    if (!text.empty()) {
        reply.text(name);
        reply.text(text);
    }
}

void reply_arguments(Reply& reply, std::span<const ArgDoc> arguments);

void reply_argument(Reply& reply, const ArgDoc& arg) {
    const bool has_flags = arg.optional || arg.multiple || arg.multiple_token;
    const std::array present = {true,  // name
                                true,  // type
                                !arg.display_text.empty(),
                                arg.key_spec >= 0,
                                !arg.token.empty(),
                                !arg.since.empty(),
                                has_flags,
                                !arg.arguments.empty()};
    reply.begin_map(static_cast<size_t>(std::count(present.begin(), present.end(), true)));
    reply_text(reply, "name", arg.name);
    reply_text(reply, "type", type_name(arg.type));
    reply_text(reply, "display_text", arg.display_text);
    if (arg.key_spec >= 0) {
        reply.text("key_spec_index");
        reply.integer(arg.key_spec);
    }
    reply_text(reply, "token", arg.token);
    reply_text(reply, "since", arg.since);
    if (has_flags) {
        reply.text("flags");
        reply.begin_set(static_cast<size_t>(arg.optional) + static_cast<size_t>(arg.multiple) +
                        static_cast<size_t>(arg.multiple_token));
        if (arg.optional) {
            reply.status("optional");
        }
        if (arg.multiple) {
            reply.status("multiple");
        }
        if (arg.multiple_token) {
            reply.status("multiple_token");
        }
    }
    reply_arguments(reply, arg.arguments);
}

void reply_arguments(Reply& reply, std::span<const ArgDoc> arguments) {
    if (arguments.empty()) {
        return;
    }
    reply.text("arguments");
    reply.begin_array(arguments.size());
    for (const ArgDoc& arg : arguments) {
        reply_argument(reply, arg);
    }
}

void reply_docs(Reply& reply, const CommandRecord& record) {
    const CommandDoc& doc = *record.doc;
    const bool is_deprecated = !doc.deprecated_since.empty();
    reply.text(to_lower(record.name));
    reply.begin_map(size_t{4} + (is_deprecated ? 3 : 0) + (doc.arguments.empty() ? 0 : 1) +
                    (record.subcommands.empty() ? 0 : 1));
    reply_text(reply, "summary", doc.summary);
    reply_text(reply, "since", doc.since);
    reply_text(reply, "group", doc.group);
    reply_text(reply, "complexity", doc.complexity);
    if (is_deprecated) {
        reply.text("doc_flags");
        reply.begin_set(1);
        reply.status("deprecated");
        reply_text(reply, "deprecated_since", doc.deprecated_since);
        reply_text(reply, "replaced_by", doc.replaced_by);
    }
    reply_arguments(reply, doc.arguments);
    if (!record.subcommands.empty()) {
        reply.text("subcommands");
        reply.begin_map(record.subcommands.size());
        for (const CommandRecord& sub : record.subcommands) {
            reply_docs(reply, sub);
        }
    }
}

// Two lines for each subcommand: how to call it, and what it does.
void reply_help(CommandContext& context) {
    const std::string_view name = context.command().name;
    const CommandRecord& parent = *find_command(name.substr(0, name.find('|')));
    Reply& reply = context.reply();
    reply.begin_array(1 + 2 * parent.subcommands.size());
    reply.status(std::string(parent.name) +
                 " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const CommandRecord& sub : parent.subcommands) {
        std::string call(sub.name.substr(parent.name.size() + 1));
        if (!sub.doc->syntax.empty()) {
            call.append(" ").append(sub.doc->syntax);
        }
        reply.status(call);
        reply.status("    " + std::string(sub.doc->summary));
    }
}

}  // namespace

void cmd_command_docs(CommandContext& context) {
    Reply& reply = context.reply();
    const auto names = context.args().subspan(2);
    if (names.empty()) {
        reply.begin_map(all_commands().size());
        for (const CommandRecord& record : all_commands()) {
            reply_docs(reply, record);
        }
        return;
    }
    const auto is_known = [](std::string_view name) { return find_command_path(name) != nullptr; };
    reply.begin_map(static_cast<size_t>(std::count_if(names.begin(), names.end(), is_known)));
    for (const std::string_view name : names) {
        if (const CommandRecord* record = find_command_path(name)) {
            reply_docs(reply, *record);
        }
    }
}

void cmd_client_help(CommandContext& context) { reply_help(context); }

void cmd_command_help(CommandContext& context) { reply_help(context); }

void cmd_config_help(CommandContext& context) { reply_help(context); }

void cmd_memory_help(CommandContext& context) { reply_help(context); }

void cmd_object_help(CommandContext& context) { reply_help(context); }

void cmd_slowlog_help(CommandContext& context) { reply_help(context); }

}  // namespace synap::commands
