// CLIENT: sessions see, name and close themselves and each other.
#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "core/base/limits.h"
#include "core/base/numbers.h"
#include "core/base/text.h"
#include "core/commands/generated/handlers.h"
#include "core/session/client_text.h"
#include "core/session/session.h"

namespace synap {
namespace {

// "N" when nothing else is to be said, as Redis has it.
std::string flags_of(const Session& session) {
    std::string flags;
    if (session.transaction().active()) flags += 'x';
    if (session.transaction().touched()) flags += 'd';
    if (session.no_evict()) flags += 'e';
    if (session.no_touch()) flags += 'T';
    return flags.empty() ? "N" : flags;
}

}  // namespace

std::string describe_client(const Session& session, Clock& clock) {
    const ClientIdentity::Facts identity = session.identity().facts();
    const unsigned protocol = session.protocol();
    std::string line = "id=" + std::to_string(session.id());
    const auto add = [&line](std::string_view name, std::string_view value) {
        line.append(" ").append(name).append("=").append(value);
    };
    const uint64_t now_us = clock.monotonic_us();
    // Another thread's session may have been active since then.
    const auto seconds_since = [now_us](uint64_t then_us) {
        return std::to_string((now_us - std::min(now_us, then_us)) / 1'000'000);
    };
    const auto zeros = [&add](std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names) add(name, "0");
    };
    add("addr", identity.peer);
    add("laddr", "");  // sockets and their buffers are the server's: it does not tell
    add("fd", "-1");
    add("name", identity.name);
    add("age", seconds_since(session.created_us()));
    add("idle", seconds_since(session.last_active_us()));
    add("flags", flags_of(session));
    add("db", std::to_string(session.database()));
    zeros({"sub", "psub", "ssub"});
    add("multi",
        session.transaction().active() ? std::to_string(session.transaction().size()) : "-1");
    add("watch", std::to_string(session.transaction().watched()));
    zeros({"qbuf", "qbuf-free", "argv-mem", "multi-mem", "rbs", "rbp", "obl", "oll", "omem",
           "tot-mem"});
    add("events", "r");
    add("cmd", to_lower(session.last_command()));
    add("user", "default");
    add("redir", "-1");
    add("resp", std::to_string(protocol != 0 ? protocol : 3));
    add("lib-name", identity.library);
    add("lib-ver", identity.library_version);
    add("transport", identity.transport);
    return line;
}

bool is_client_attribute(std::string_view text) noexcept {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '!' && c <= '~'; });
}

bool check_client_name(CommandContext& ctx, std::string_view name) {
    if (!is_client_attribute(name)) {
        ctx.error("ERR Client names cannot contain spaces, newlines or special characters.");
        return false;
    }
    if (name.size() > limits::kClientNameBytes) {
        ctx.error("ERR Client names have at most " + std::to_string(limits::kClientNameBytes) +
                  " bytes");
        return false;
    }
    return true;
}

}  // namespace synap

namespace synap::commands {
namespace {

enum class ClientType : uint8_t { kAny, kNormal, kOther };

// False, with the error replied, when there is no such type. Every session is a normal one.
bool take_type(CommandContext& ctx, size_t i, ClientType& type) {
    if (ctx.is_word(i, "NORMAL")) {
        type = ClientType::kNormal;
        return true;
    }
    for (const std::string_view other : {"MASTER", "REPLICA", "SLAVE", "PUBSUB"}) {
        if (!ctx.is_word(i, other)) continue;
        type = ClientType::kOther;
        return true;
    }
    ctx.error("ERR Unknown client type '" + std::string(ctx.arg(i)) + "'");
    return false;
}

bool take_switch(CommandContext& ctx, size_t i, std::string_view on, std::string_view off,
                 bool& value) {
    value = ctx.is_word(i, on);
    if (value || ctx.is_word(i, off)) return true;
    ctx.syntax_error();
    return false;
}

struct KillFilter {
    int64_t id = 0;  // 0: any
    ClientType type = ClientType::kAny;
    bool by_address = false;
    std::string_view address;
    bool skip_me = true;

    bool matches(const Session& session, const Session& me) const {
        if (id != 0 && session.id() != static_cast<uint64_t>(id)) return false;
        if (type == ClientType::kOther) return false;
        if (by_address && session.identity().facts().peer != address) return false;
        return !skip_me || &session != &me;
    }
};

bool take_kill_filter(CommandContext& ctx, size_t i, KillFilter& filter) {
    if (ctx.is_word(i, "ID")) {
        if (parse_integer(ctx.arg(i + 1), filter.id) && filter.id > 0) return true;
        ctx.error("ERR client-id should be greater than 0");
        return false;
    }
    if (ctx.is_word(i, "TYPE")) return take_type(ctx, i + 1, filter.type);
    if (ctx.is_word(i, "ADDR")) {
        filter.by_address = true;
        filter.address = ctx.arg(i + 1);
        return true;
    }
    if (ctx.is_word(i, "USER")) {
        if (ctx.arg(i + 1) == "default") return true;
        ctx.error("ERR No such user '" + std::string(ctx.arg(i + 1)) + "'");
        return false;
    }
    if (ctx.is_word(i, "SKIPME")) return take_switch(ctx, i + 1, "YES", "NO", filter.skip_me);
    ctx.syntax_error();
    return false;
}

int64_t kill_sessions(CommandContext& ctx, const KillFilter& filter) {
    int64_t killed = 0;
    ctx.engine().sessions().each([&](Session& session) {
        if (!filter.matches(session, ctx.session())) return;
        session.kill();
        ++killed;
    });
    return killed;
}

void list_by_id(CommandContext& ctx, Clock& clock) {
    std::map<uint64_t, std::string> lines;
    for (size_t i = 3; i < ctx.argc(); ++i) {
        int64_t id = 0;
        if (!parse_integer(ctx.arg(i), id)) return ctx.error("ERR Invalid client ID");
        lines[static_cast<uint64_t>(id)];
    }
    ctx.engine().sessions().each([&](const Session& session) {
        const auto wanted = lines.find(session.id());
        if (wanted != lines.end()) wanted->second = describe_client(session, clock) + "\n";
    });
    std::string text;
    for (size_t i = 3; i < ctx.argc(); ++i) {
        int64_t id = 0;
        if (parse_integer(ctx.arg(i), id)) text += lines[static_cast<uint64_t>(id)];
    }
    ctx.reply().verbatim(text);
}

}  // namespace

void cmd_client_id(CommandContext& ctx) {
    ctx.reply().integer(static_cast<int64_t>(ctx.session().id()));
}

void cmd_client_setname(CommandContext& ctx) {
    if (!check_client_name(ctx, ctx.arg(2))) return;
    ctx.session().identity().set(&ClientIdentity::Facts::name, ctx.arg(2));
    ctx.reply().ok();
}

void cmd_client_getname(CommandContext& ctx) {
    const ClientIdentity::Facts identity = ctx.session().identity().facts();
    if (identity.name.empty()) {
        ctx.reply().null();
    } else {
        ctx.reply().bulk(identity.name);
    }
}

void cmd_client_setinfo(CommandContext& ctx) {
    const bool is_name = ctx.is_word(2, "LIB-NAME");
    const std::string option(ctx.arg(2));
    const std::string_view value = ctx.arg(3);
    if (!is_name && !ctx.is_word(2, "LIB-VER")) {
        return ctx.error("ERR Unrecognized option '" + option + "'");
    }
    if (!is_client_attribute(value)) {
        return ctx.error("ERR " + option +
                         " cannot contain spaces, newlines or special characters.");
    }
    if (value.size() > limits::kClientNameBytes) {
        return ctx.error("ERR " + option + " has at most " +
                         std::to_string(limits::kClientNameBytes) + " bytes");
    }
    if (is_name) {
        ctx.session().identity().set(&ClientIdentity::Facts::library, value);
    } else {
        ctx.session().identity().set(&ClientIdentity::Facts::library_version, value);
    }
    ctx.reply().ok();
}

void cmd_client_info(CommandContext& ctx) {
    ctx.reply().verbatim(describe_client(ctx.session(), ctx.engine().clock()) + "\n");
}

void cmd_client_list(CommandContext& ctx) {
    Clock& clock = ctx.engine().clock();
    ClientType type = ClientType::kAny;
    if (ctx.argc() == 4 && ctx.is_word(2, "TYPE")) {
        if (!take_type(ctx, 3, type)) return;
    } else if (ctx.argc() > 3 && ctx.is_word(2, "ID")) {
        return list_by_id(ctx, clock);
    } else if (ctx.argc() != 2) {
        return ctx.syntax_error();
    }
    std::string text;
    if (type != ClientType::kOther) {
        ctx.engine().sessions().each([&text, &clock](const Session& session) {
            text += describe_client(session, clock) + "\n";
        });
    }
    ctx.reply().verbatim(text);
}

void cmd_client_kill(CommandContext& ctx) {
    KillFilter filter;
    if (ctx.argc() == 3) {  // the old form: an address, possibly one's own
        filter.by_address = true;
        filter.address = ctx.arg(2);
        filter.skip_me = false;
        if (kill_sessions(ctx, filter) == 0) return ctx.error("ERR No such client");
        return ctx.reply().ok();
    }
    for (size_t i = 2; i < ctx.argc(); i += 2) {
        if (i + 1 == ctx.argc()) return ctx.syntax_error();
        if (!take_kill_filter(ctx, i, filter)) return;
    }
    ctx.reply().integer(kill_sessions(ctx, filter));
}

void cmd_client_no_evict(CommandContext& ctx) {
    bool on = false;
    if (!take_switch(ctx, 2, "ON", "OFF", on)) return;
    ctx.session().set_no_evict(on);
    ctx.reply().ok();
}

void cmd_client_no_touch(CommandContext& ctx) {
    bool on = false;
    if (!take_switch(ctx, 2, "ON", "OFF", on)) return;
    ctx.session().set_no_touch(on);
    ctx.reply().ok();
}

}  // namespace synap::commands
