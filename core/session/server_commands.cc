// TIME, ROLE, SAVE and friends, SLOWLOG, SHUTDOWN, MEMORY.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/numbers.h"
#include "core/base/text.h"
#include "core/commands/generated/handlers.h"
#include "core/platform/real.h"
#include "core/session/info.h"
#include "core/session/session.h"

namespace synap {

int64_t last_save_seconds(Engine& engine) {
    const int64_t seconds = engine.snapshots().state().last_save_seconds;
    return seconds != 0 ? seconds : engine.started_ms() / 1000;
}

}  // namespace synap

namespace synap::commands {
namespace {

constexpr std::string_view kSaving = "ERR Background save already in progress";
constexpr std::string_view kNothingToSaveTo =
    "ERR this store is in memory only: there is no directory for a snapshot";

// False, with the error replied, when there is nothing to save to.
bool may_save(CommandContext& ctx) {
    if (ctx.engine().log() != nullptr) return true;
    ctx.error(ctx.engine().read_only() ? kReadOnlyText : kNothingToSaveTo);
    return false;
}

// Below this there is nothing to find fault with.
constexpr uint64_t kSmallBytes = 5ull << 20;

std::string mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

std::string diagnosis(Engine& engine) {
    const uint64_t used = engine.used_memory();
    const uint64_t peak = engine.peak_memory();
    const uint64_t resident = resident_bytes();
    const uint64_t limit = engine.options().get(OptionId::kMaxMemory);
    std::string text;
    const auto report = [&text](const std::string& line) { text += "* " + line + "\n"; };
    if (limit != 0 && used >= limit) {
        report("Memory is full: " + mebibytes(used) + " of maxmemory " + mebibytes(limit) +
               " are used. Writes are refused, or keys evicted, by maxmemory-policy " +
               redis_option_text(engine, OptionId::kMaxMemoryPolicy) + ".");
    }
    if (used >= kSmallBytes && peak / 3 > used / 2) {
        report("The peak was " + mebibytes(peak) + ", much more than the " + mebibytes(used) +
               " now: free memory may still belong to the process. MEMORY PURGE gives back what "
               "it can.");
    }
    if (used >= kSmallBytes && resident > used && resident - used > used / 2) {
        report("The process holds " + mebibytes(resident) + " for " + mebibytes(used) +
               " of data: memory is fragmented, or belongs to something beside the data.");
    }
    if (!text.empty()) return "Found in the use of memory:\n" + text;
    if (used < kSmallBytes) return "Little memory is used: there is nothing to judge.\n";
    return "No problem was found in the use of memory.\n";
}

void reply_slow_call(Reply& reply, const SlowCall& call) {
    reply.begin_array(6);
    reply.integer(static_cast<int64_t>(call.id));
    reply.integer(call.at_seconds);
    reply.integer(static_cast<int64_t>(call.duration_us));
    reply.begin_array(call.args.size());
    for (const std::string& arg : call.args) reply.bulk(arg);
    reply.bulk(call.peer);
    reply.bulk(call.client_name);
}

struct MemoryFigure {
    std::string_view name;
    int64_t value;
};

}  // namespace

void cmd_time(CommandContext& ctx) {
    const int64_t now_ms = ctx.engine().clock().wall_ms();
    ctx.reply().begin_array(2);
    ctx.reply().text(std::to_string(now_ms / 1000));
    ctx.reply().text(std::to_string(now_ms % 1000 * 1000));
}

// Runs without the gate: it waits for the disk.
void cmd_save(CommandContext& ctx) {
    if (!may_save(ctx)) return;
    if (ctx.engine().snapshots().running()) return ctx.error(kSaving);
    const Status status = ctx.engine().snapshots().take();
    if (status) return ctx.reply().ok();
    if (status.error().code == Code::kBackpressure) return ctx.error(kSaving);
    ctx.error("ERR " + status.error().message);
}

// SCHEDULE is for a server that rewrites its log in another process; here nothing stands in the
// way of a snapshot but another one.
void cmd_bgsave(CommandContext& ctx) {
    if (ctx.argc() > 2 || (ctx.argc() == 2 && !ctx.is_word(1, "SCHEDULE"))) {
        return ctx.syntax_error();
    }
    if (!may_save(ctx)) return;
    if (!ctx.engine().snapshots().request()) return ctx.error(kSaving);
    ctx.reply().status("Background saving started");
}

void cmd_lastsave(CommandContext& ctx) { ctx.reply().integer(last_save_seconds(ctx.engine())); }

void cmd_shutdown(CommandContext& ctx) { ctx.session().want_host(); }

void cmd_slowlog_get(CommandContext& ctx) {
    int64_t most = 10;
    if (ctx.argc() > 3) {
        return ctx.error("ERR unknown subcommand or wrong number of arguments for '" +
                         std::string(ctx.arg(1)) + "'. Try SLOWLOG HELP.");
    }
    if (ctx.argc() == 3 && (!parse_integer(ctx.arg(2), most) || most < -1)) {
        return ctx.error("ERR count should be greater than or equal to -1");
    }
    const auto calls =
        ctx.engine().slow_log().newest(most == -1 ? SIZE_MAX : static_cast<size_t>(most));
    ctx.reply().begin_array(calls.size());
    for (const SlowCall& call : calls) reply_slow_call(ctx.reply(), call);
}

void cmd_slowlog_len(CommandContext& ctx) {
    ctx.reply().integer(static_cast<int64_t>(ctx.engine().slow_log().size()));
}

void cmd_slowlog_reset(CommandContext& ctx) {
    ctx.engine().slow_log().clear();
    ctx.reply().ok();
}

void cmd_memory_usage(CommandContext& ctx) {
    for (size_t i = 3; i < ctx.argc(); i += 2) {
        if (!ctx.is_word(i, "SAMPLES") || i + 1 == ctx.argc()) return ctx.syntax_error();
        int64_t samples = 0;
        if (!ctx.take_integer(i + 1, samples)) return;
        if (samples < 0) return ctx.syntax_error();
    }
    const Node* node = ctx.peek(ctx.key(2));
    if (node == nullptr) return ctx.reply().null();
    ctx.reply().integer(static_cast<int64_t>(node->memory() + sizeof(Cell)));
}

void cmd_memory_stats(CommandContext& ctx) {
    Engine& engine = ctx.engine();
    const auto used = static_cast<int64_t>(engine.used_memory());
    const auto peak = std::max(static_cast<int64_t>(engine.peak_memory()), used);
    const auto resident = static_cast<int64_t>(resident_bytes());
    const auto slots = static_cast<int64_t>(ctx.keyspace().slots_bytes());
    int64_t keys = 0;
    for (unsigned i = 0; i < limits::kDatabases; ++i) {
        keys += ctx.keyspace().accounts().keys(static_cast<uint8_t>(i));
    }
    const int64_t data = ctx.keyspace().accounts().bytes() - slots;
    const MemoryFigure figures[] = {
        {"peak.allocated", peak},
        {"total.allocated", used},
        {"startup.allocated", slots},
        {"replication.backlog", 0},
        {"aof.buffer",
         engine.log() != nullptr ? static_cast<int64_t>(engine.log()->tail_bytes()) : 0},
        {"overhead.total", used - data},
        {"keys.count", keys},
        {"keys.bytes-per-key", keys == 0 ? 0 : data / keys},
        {"dataset.bytes", data},
        {"allocator.resident", resident},
        {"fragmentation.bytes", resident - used},
    };
    Reply& reply = ctx.reply();
    reply.begin_map(std::size(figures) + 3);
    for (const MemoryFigure& figure : figures) {
        reply.text(figure.name);
        reply.integer(figure.value);
    }
    const auto ratio = [&reply](std::string_view name, double scale, int64_t a, int64_t b) {
        reply.text(name);
        reply.real(b == 0 ? 0 : scale * static_cast<double>(a) / static_cast<double>(b));
    };
    ratio("dataset.percentage", 100, data, used);
    ratio("peak.percentage", 100, used, peak);
    ratio("fragmentation", 1, resident, used);
}

void cmd_memory_doctor(CommandContext& ctx) { ctx.reply().verbatim(diagnosis(ctx.engine())); }

void cmd_memory_purge(CommandContext& ctx) {
    release_free_memory();
    ctx.reply().ok();
}

// With the gate alone: nobody writes meanwhile, and no master's record is applied.
void cmd_synap_digest(CommandContext& ctx) {
    ctx.reply().begin_array(2);
    ctx.reply().integer(static_cast<int64_t>(data_position(ctx.engine())));
    ctx.reply().text(hexadecimal(ctx.keyspace().digest()));
}

void cmd_synap_verify(CommandContext& ctx) {
    const std::string difference = ctx.engine().difference_from_shadow();
    if (!difference.empty()) return ctx.error("ERR " + difference);
    ctx.reply().ok();
}

}  // namespace synap::commands
