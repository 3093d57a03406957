// PING, ECHO, HELLO, SELECT, RESET, QUIT, AUTH.
#include <string>
#include <string_view>

#include "core/base/numbers.h"
#include "core/commands/generated/handlers.h"
#include "core/engine/version.h"
#include "core/session/client_text.h"
#include "core/session/session.h"

namespace synap::commands {
namespace {

constexpr std::string_view kWrongPass =
    "WRONGPASS invalid username-password pair or user is disabled.";

// There is one user, "default", and it has no password: any password is right for it.
bool is_user(std::string_view name) noexcept { return name == "default"; }

struct HelloOptions {
    bool authenticates = false;
    std::string_view user;
    bool names = false;
    std::string_view name;
};

// False when an error was replied.
bool take_hello_options(CommandContext& ctx, HelloOptions& options) {
    for (size_t i = 2; i < ctx.argc(); ++i) {
        const size_t more = ctx.argc() - 1 - i;
        if (ctx.is_word(i, "AUTH") && more >= 2) {
            options.authenticates = true;
            options.user = ctx.arg(i + 1);
            i += 2;
        } else if (ctx.is_word(i, "SETNAME") && more >= 1) {
            options.names = true;
            options.name = ctx.arg(++i);
            if (!check_client_name(ctx, options.name)) return false;
        } else {
            ctx.error("ERR Syntax error in HELLO option '" + std::string(ctx.arg(i)) + "'");
            return false;
        }
    }
    return true;
}

void reply_hello(CommandContext& ctx) {
    const unsigned protocol = ctx.session().protocol();
    Reply& reply = ctx.reply();
    reply.begin_map(8);
    reply.text("server");
    reply.text("redis");
    reply.text("version");
    reply.text(kRedisVersion);
    reply.text("synap_version");
    reply.text(kSynapVersion);
    reply.text("proto");
    reply.integer(protocol != 0 ? protocol : 3);  // native replies have the types of RESP3
    reply.text("id");
    reply.integer(static_cast<int64_t>(ctx.session().id()));
    reply.text("mode");
    reply.text("standalone");
    reply.text("role");
    reply.text("master");
    reply.text("modules");
    reply.begin_array(0);
}

}  // namespace

void cmd_ping(CommandContext& ctx) {
    if (ctx.argc() > 2) return ctx.wrong_arity();
    if (ctx.argc() == 2) {
        ctx.reply().bulk(ctx.arg(1));
    } else {
        ctx.reply().status("PONG");
    }
}

void cmd_echo(CommandContext& ctx) { ctx.reply().bulk(ctx.arg(1)); }

void cmd_hello(CommandContext& ctx) {
    int64_t version = 0;
    if (ctx.argc() > 1) {
        if (!parse_integer(ctx.arg(1), version)) {
            return ctx.error("ERR Protocol version is not an integer or out of range");
        }
        if (version < 2 || version > 3) {
            return ctx.error("NOPROTO unsupported protocol version");
        }
    }
    HelloOptions options;
    if (!take_hello_options(ctx, options)) return;
    if (options.authenticates && !is_user(options.user)) return ctx.error(kWrongPass);
    if (options.names) ctx.session().identity().set(&ClientIdentity::Facts::name, options.name);
    if (version != 0) ctx.session().set_protocol(static_cast<unsigned>(version));
    reply_hello(ctx);
}

void cmd_select(CommandContext& ctx) {
    int64_t index = 0;
    if (!ctx.take_integer(1, index)) return;
    if (index < INT32_MIN || index > INT32_MAX) {
        return ctx.error(
            "ERR value is out of range, value must between -2147483648 and 2147483647");
    }
    if (index < 0 || index >= int64_t{limits::kDatabases}) {
        return ctx.error("ERR DB index is out of range");
    }
    ctx.session().set_database(static_cast<unsigned>(index));
    ctx.reply().ok();
}

void cmd_reset(CommandContext& ctx) {
    ctx.session().reset();
    ctx.reply().status("RESET");
}

// The embedding program closes the connection behind the reply.
void cmd_quit(CommandContext& ctx) { ctx.reply().ok(); }

void cmd_auth(CommandContext& ctx) {
    if (ctx.argc() > 3) return ctx.syntax_error();
    if (ctx.argc() == 2) {
        return ctx.error(
            "ERR AUTH <password> called without any password configured for the default user. "
            "Are you sure your configuration is correct?");
    }
    if (!is_user(ctx.arg(1))) return ctx.error(kWrongPass);
    ctx.reply().ok();
}

}  // namespace synap::commands
