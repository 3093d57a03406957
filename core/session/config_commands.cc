// CONFIG: the engine's options under Redis' names and words and under their own, and read-only
// facts that clients ask for.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/glob.h"
#include "core/base/limits.h"
#include "core/base/numbers.h"
#include "core/base/text.h"
#include "core/commands/generated/handlers.h"
#include "core/session/info.h"
#include "core/session/session.h"

namespace synap {
namespace {

struct Word {
    OptionId id;
    std::string_view own;
    std::string_view redis;
};

// Where Redis has another word for the same value. The first of several own words is what Redis'
// word is taken for.
constexpr Word kWords[] = {
    {OptionId::kFsync, "never", "no"},
    {OptionId::kMaxMemoryPolicy, "lru", "allkeys-lru"},
    {OptionId::kMaxMemoryPolicy, "lfu", "allkeys-lfu"},
    {OptionId::kMaxMemoryPolicy, "random", "allkeys-random"},
    {OptionId::kMaxMemoryPolicy, "ttl", "volatile-ttl"},
    {OptionId::kSlowlogThreshold, "9223372036854775807", "-1"},
    {OptionId::kLatencyTracking, "true", "yes"},
    {OptionId::kLatencyTracking, "false", "no"},
};

std::string redis_word(OptionId id, std::string own) {
    for (const Word& word : kWords) {
        if (word.id == id && word.own == own) return std::string(word.redis);
    }
    return own;
}

}  // namespace

std::string redis_option_text(Engine& engine, OptionId id) {
    return redis_word(id, engine.options().text(id));
}

namespace commands {
namespace {

std::string own_word(OptionId id, std::string_view redis) {
    for (const Word& word : kWords) {
        if (word.id == id && word.redis == redis) return std::string(word.own);
    }
    return std::string(redis);
}

struct Parameter {
    std::string name;
    std::string value;
};

// What Redis makes options and here follows from something else, or cannot be otherwise.
void add_facts(Engine& engine, std::vector<Parameter>& all) {
    const bool persistent = engine.log() != nullptr;
    const uint64_t interval = engine.options().get(OptionId::kSnapshotInterval) / 1000;
    const uint64_t operations = engine.options().get(OptionId::kSnapshotMinOperations);
    const bool by_time = persistent && interval != 0;
    all.push_back({"save", by_time ? std::to_string(interval) + " " + std::to_string(operations)
                                   : std::string()});
    all.push_back({"appendonly", persistent ? "yes" : "no"});
    all.push_back({"databases", std::to_string(limits::kDatabases)});
    all.push_back({"cluster-enabled", "no"});
    all.push_back({"notify-keyspace-events", ""});
    all.push_back({"requirepass", ""});
    all.push_back({"latency-tracking-info-percentiles", "50 99 99.9"});
    for (auto& [name, value] : engine.host_facts().of("config")) {
        all.push_back({std::move(name), std::move(value)});
    }
}

std::vector<Parameter> parameters(Engine& engine) {
    std::vector<Parameter> all;
    const auto& specs = option_specs();
    for (size_t i = 0; i < specs.size(); ++i) {
        const auto id = static_cast<OptionId>(i);
        if (!specs[i].redis_name.empty()) {
            all.push_back({std::string(specs[i].redis_name), redis_option_text(engine, id)});
        }
        all.push_back({std::string(specs[i].name), engine.options().text(id)});
    }
    add_facts(engine, all);
    return all;
}

const OptionSpec* find_by_any_name(std::string_view name, OptionId& id, bool& is_redis_name) {
    const std::string lower = to_lower(name);
    const auto& specs = option_specs();
    for (size_t i = 0; i < specs.size(); ++i) {
        is_redis_name = specs[i].redis_name == lower;
        if (!is_redis_name && specs[i].name != lower) continue;
        id = static_cast<OptionId>(i);
        return &specs[i];
    }
    return nullptr;
}

std::string choices_text(OptionId id, std::string_view type, bool redis_words) {
    std::vector<std::string> words;
    while (!type.empty()) {
        const size_t bar = std::min(type.find('|'), type.size());
        std::string word(type.substr(0, bar));
        if (redis_words) word = redis_word(id, std::move(word));
        if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
        type.remove_prefix(std::min(type.size(), bar + 1));
    }
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

// Why a value was refused, in Redis' words.
std::string refusal(OptionId id, const OptionSpec& spec, std::string_view value, bool redis_words) {
    if (spec.type.find('|') != std::string_view::npos) {
        return "argument(s) must be one of the following: " +
               choices_text(id, spec.type, redis_words);
    }
    if (spec.type == "bool") return "argument must be 'yes' or 'no'";
    int64_t number = 0;
    uint64_t bytes = 0;
    if (spec.type == "bytes" ? !parse_bytes(value, bytes) : !parse_integer(value, number)) {
        return spec.type == "bytes" ? "argument must be a memory value"
                                    : "argument couldn't be parsed into an integer";
    }
    return "argument must be between " + std::to_string(spec.least) + " and " +
           std::to_string(spec.most) + " inclusive";
}

struct Change {
    OptionId id;
    std::string_view name;  // as the client's argument means it
    std::string value;
    std::string before;
};

void reply_failure(CommandContext& ctx, std::string_view name, const std::string& why) {
    ctx.error("ERR CONFIG SET failed (possibly related to argument '" + std::string(name) +
              "') - " + why);
}

bool is_read_only(CommandContext& ctx, std::string_view name) {
    std::vector<Parameter> facts;
    add_facts(ctx.engine(), facts);
    const std::string lower = to_lower(name);
    return std::any_of(facts.begin(), facts.end(),
                       [&lower](const Parameter& fact) { return fact.name == lower; });
}

// Checks one pair without changing anything. False when an error was replied.
bool take_change(CommandContext& ctx, size_t i, std::vector<Change>& changes) {
    const std::string_view name = ctx.arg(i);
    const std::string_view value = ctx.arg(i + 1);
    OptionId id{};
    bool redis_words = false;
    const OptionSpec* spec = find_by_any_name(name, id, redis_words);
    if (spec == nullptr && !is_read_only(ctx, name)) {
        ctx.error("ERR Unknown option or number of arguments for CONFIG SET - '" +
                  std::string(name) + "'");
        return false;
    }
    if (spec == nullptr || !spec->is_mutable) {
        reply_failure(ctx, name, "can't set immutable config");
        return false;
    }
    const std::string_view shown = redis_words ? spec->redis_name : spec->name;
    for (const Change& earlier : changes) {
        if (earlier.id != id) continue;
        reply_failure(ctx, shown, "duplicate parameter");
        return false;
    }
    Change change{id, shown, redis_words ? own_word(id, to_lower(value)) : std::string(value),
                  ctx.engine().options().text(id)};
    Options scratch(ctx.engine().options());
    if (!scratch.set(id, change.value)) {
        reply_failure(ctx, shown, refusal(id, *spec, change.value, redis_words));
        return false;
    }
    changes.push_back(std::move(change));
    return true;
}

}  // namespace

void cmd_config_get(CommandContext& ctx) {
    const std::vector<Parameter> all = parameters(ctx.engine());
    std::vector<Parameter> found;
    const auto add = [&found](std::string_view name, const std::string& value) {
        const bool known = std::any_of(found.begin(), found.end(),
                                       [name](const Parameter& p) { return p.name == name; });
        if (!known) found.push_back({std::string(name), value});
    };
    for (const std::string_view pattern : ctx.args().subspan(2)) {
        // A plain name is answered under the name that was asked for, whatever its case.
        const bool is_pattern = pattern.find_first_of("[*?") != std::string_view::npos;
        const std::string lower = to_lower(pattern);
        for (const Parameter& parameter : all) {
            if (is_pattern && glob_match(pattern, parameter.name, true)) {
                add(parameter.name, parameter.value);
            } else if (!is_pattern && parameter.name == lower) {
                add(pattern, parameter.value);
            }
        }
    }
    ctx.reply().begin_map(found.size());
    for (const Parameter& parameter : found) {
        ctx.reply().text(parameter.name);
        ctx.reply().text(parameter.value);
    }
}

void cmd_config_set(CommandContext& ctx) {
    if (ctx.argc() % 2 != 0) return ctx.syntax_error();
    std::vector<Change> changes;
    for (size_t i = 2; i < ctx.argc(); i += 2) {
        if (!take_change(ctx, i, changes)) return;
    }
    for (size_t i = 0; i < changes.size(); ++i) {
        const std::string_view own = option_specs()[static_cast<size_t>(changes[i].id)].name;
        const Status status = ctx.engine().set_option(own, changes[i].value);
        if (status) continue;
        for (size_t done = 0; done < i; ++done) {
            const auto index = static_cast<size_t>(changes[done].id);
            // It was in force a moment ago, so it can be again.
            ctx.engine().set_option(option_specs()[index].name, changes[done].before).ignore();
        }
        return reply_failure(ctx, changes[i].name, status.error().message);
    }
    ctx.reply().ok();
}

void cmd_config_resetstat(CommandContext& ctx) {
    ctx.engine().stats().reset();
    ctx.reply().ok();
}

}  // namespace commands
}  // namespace synap
