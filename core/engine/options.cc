#include "core/engine/options.h"

#include <algorithm>
#include <vector>

#include "core/base/limits.h"
#include "core/base/numbers.h"
#include "core/base/text.h"

namespace synap {
namespace {

constexpr uint64_t kNoLimit = INT64_MAX;
constexpr std::string_view kPolicies =
    "noeviction|lru|lfu|random|ttl|allkeys-lru|allkeys-lfu|allkeys-random|volatile-lru|"
    "volatile-lfu|volatile-random|volatile-ttl";

constexpr std::array<OptionSpec, kOptionCount> kSpecs = {{
    {"max_memory", "bytes", "0", 0, kNoLimit, true, "maxmemory",
     "Most memory that keys, values and their tables may take; 0 is no limit. Beyond it keys are "
     "evicted by max_memory_policy, and writes that find nothing to evict are refused."},
    {"max_memory_policy", kPolicies, "noeviction", 0, 11, true, "maxmemory-policy",
     "Which keys go first when max_memory is reached: none, the least recently used, the least "
     "frequently used, random ones, those that expire soonest. lru, lfu and random mean every key, "
     "as allkeys-* do; ttl and volatile-* only keys with a deadline."},
    {"max_memory_samples", "int", "5", 1, 64, true, "maxmemory-samples",
     "Keys looked at to choose one victim; more is closer to exact and costs more."},
    {"persistence.fsync", "always|everysec|never", "everysec", 0, 2, true, "appendfsync",
     "When the log is made durable: before every reply, once a second, or when the system likes."},
    {"persistence.ack", "memory|os", "memory", 0, 1, true, "",
     "What a write has reached when it is answered under everysec and never: memory, handed to the "
     "kernel within 5 ms; or the kernel, so that the death of the process loses nothing."},
    {"log.segment_bytes", "bytes", "64mb", 4096, uint64_t{1} << 40, false, "",
     "Size at which the log starts a new file."},
    {"log.retain_bytes", "bytes", "0", 0, kNoLimit, true, "",
     "Log kept although snapshots cover it, for followers that come back."},
    {"snapshot.interval_ms", "ms", "3600000", 0, kNoLimit, true, "",
     "Time after which a snapshot is taken when there were snapshot.min_operations; 0 is never."},
    {"snapshot.min_operations", "int", "1", 1, kNoLimit, true, "",
     "Records since the last snapshot below which time alone triggers none."},
    {"snapshot.log_growth_bytes", "bytes", "512mb", 0, kNoLimit, true, "",
     "Growth of the log that triggers a snapshot; 0 is never."},
    {"snapshot.keep", "int", "1", 1, 64, true, "",
     "Snapshots kept; the log is kept for the oldest."},
    {"open.wait", "bool", "true", 0, 1, false, "",
     "Whether opening returns only when all data is loaded. Otherwise commands answer LOADING."},
    {"open.read_only", "bool", "false", 0, 1, false, "",
     "Whether nothing is created or written in the directory: what is there is loaded, and writes "
     "are refused. The directory must hold a store, and may be a read-only one. Any number of "
     "processes may read at a time, while none writes."},
    {"slots", "int", "0", 0, uint64_t{1} << limits::kSlotBitsMax, false, "",
     "Parts of the keyspace, each with a lock of its own, a power of two from 1024; 0 chooses by "
     "the data's size."},
    {"limits.key_bytes", "bytes", "512mb", 1, limits::kKeyBytes, true, "", "Longest key."},
    {"limits.value_bytes", "bytes", "512mb", 1, limits::kValueBytes, true, "proto-max-bulk-len",
     "Longest string value."},
    {"limits.transaction_commands", "int", "65536", 1, limits::kTransactionCommands, true, "",
     "Commands that MULTI may queue."},
    {"limits.reply_bytes", "bytes", "1mb", 4096, uint64_t{1} << 32, true, "",
     "Reply bytes after which a pipeline is answered in parts."},
    {"slowlog.threshold_us", "int", "10000", 0, kNoLimit, true, "slowlog-log-slower-than",
     "Microseconds from which a command stands in SLOWLOG; 0 is every command. At the default and "
     "above, fast commands of a pipeline are not timed one by one, and calls of an embedding "
     "program not at all."},
    {"slowlog.entries", "int", "128", 0, 65536, true, "slowlog-max-len", "Entries SLOWLOG keeps."},
    {"latency.tracking", "bool", "true", 0, 1, true, "latency-tracking",
     "Whether durations of calls are counted, by command, for INFO latencystats and the metrics. "
     "Calls of an embedding program are not timed."},
    {"debug.shadow", "bool", "false", 0, 1, false, "",
     "For tests: a second copy of the data follows the log's records, to be compared with the "
     "first. Takes twice the memory."},
}};

std::vector<std::string_view> choices(std::string_view type) {
    std::vector<std::string_view> list;
    while (!type.empty()) {
        const size_t bar = std::min(type.find('|'), type.size());
        list.push_back(type.substr(0, bar));
        type.remove_prefix(std::min(type.size(), bar + 1));
    }
    return list;
}

bool is_choice(const OptionSpec& spec) noexcept {
    return spec.type.find('|') != std::string_view::npos;
}

size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<size_t> row(b.size() + 1);
    for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1])});
            diagonal = above;
        }
    }
    return row[b.size()];
}

bool parse_value(const OptionSpec& spec, std::string_view text, uint64_t& value) {
    if (spec.type == "bool") {
        value = text == "true" || text == "yes" || text == "1" ? 1 : 0;
        return value == 1 || text == "false" || text == "no" || text == "0";
    }
    if (is_choice(spec)) {
        const auto list = choices(spec.type);
        const auto it = std::find(list.begin(), list.end(), to_lower(text));
        value = static_cast<uint64_t>(it - list.begin());
        return it != list.end();
    }
    if (spec.type == "bytes") return parse_bytes(text, value);
    int64_t number = 0;
    if (!parse_integer(text, number) || number < 0) return false;
    value = static_cast<uint64_t>(number);
    return true;
}

}  // namespace

std::string OptionSpec::range() const {
    if (type == "bool") return "true or false";
    if (is_choice(*this)) return "one of " + std::string(type);
    std::string text = std::to_string(least) + " to ";
    return text + (most == kNoLimit ? "2^63-1" : std::to_string(most));
}

const std::array<OptionSpec, kOptionCount>& option_specs() noexcept { return kSpecs; }

const OptionSpec* find_option(std::string_view name, OptionId& id) noexcept {
    for (size_t i = 0; i < kOptionCount; ++i) {
        if (kSpecs[i].name != name) continue;
        id = static_cast<OptionId>(i);
        return &kSpecs[i];
    }
    return nullptr;
}

Error unknown_option(std::string_view name) {
    const OptionSpec* nearest = &kSpecs[0];
    for (const OptionSpec& spec : kSpecs) {
        if (edit_distance(name, spec.name) < edit_distance(name, nearest->name)) nearest = &spec;
    }
    std::string message = "unknown option '" + std::string(name.substr(0, 128)) + "'";
    if (name.size() < 128 && edit_distance(name, nearest->name) <= nearest->name.size() / 3) {
        message += "; did you mean '" + std::string(nearest->name) + "'?";
    }
    return {Code::kInvalidArgument, message};
}

Options::Options() {
    for (size_t i = 0; i < kOptionCount; ++i) {
        uint64_t value = 0;
        SYNAP_ASSERT(parse_value(kSpecs[i], kSpecs[i].default_text, value));
        values_[i].store(value, std::memory_order_relaxed);
    }
}

Options::Options(const Options& other) noexcept {
    for (size_t i = 0; i < kOptionCount; ++i) values_[i].store(other.values_[i].load());
}

Status Options::set(OptionId id, std::string_view text) {
    const OptionSpec& spec = kSpecs[static_cast<size_t>(id)];
    uint64_t value = 0;
    bool valid = parse_value(spec, text, value) && value >= spec.least && value <= spec.most;
    if (id == OptionId::kSlots && value != 0) {
        valid = valid && (value & (value - 1)) == 0 && value >= 1u << limits::kSlotBitsMin;
    }
    if (!valid) {
        return Error{Code::kInvalidArgument, std::string(spec.name) + ": '" +
                                                 std::string(text.substr(0, 128)) +
                                                 "' is not valid; expected " + spec.range()};
    }
    set_number(id, value);
    return {};
}

std::string Options::text(OptionId id) const {
    const OptionSpec& spec = kSpecs[static_cast<size_t>(id)];
    const uint64_t value = get(id);
    if (spec.type == "bool") return value != 0 ? "true" : "false";
    if (is_choice(spec)) return std::string(choices(spec.type)[value]);
    return std::to_string(value);
}

bool parse_bytes(std::string_view text, uint64_t& value) noexcept {
    size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') ++digits;
    int64_t number = 0;
    if (!parse_integer(text.substr(0, digits), number)) return false;
    static constexpr struct {
        std::string_view unit;
        uint64_t factor;
    } kUnits[] = {
        {"", 1},
        {"B", 1},
        {"K", 1000},
        {"KB", 1024},
        {"KIB", 1024},
        {"M", 1000000},
        {"MB", 1u << 20},
        {"MIB", 1u << 20},
        {"G", 1000000000},
        {"GB", 1u << 30},
        {"GIB", 1u << 30},
        {"TB", uint64_t{1} << 40},
        {"TIB", uint64_t{1} << 40},
    };
    for (const auto& unit : kUnits) {
        if (!equals_ignoring_case(text.substr(digits), unit.unit)) continue;
        return !__builtin_mul_overflow(static_cast<uint64_t>(number), unit.factor, &value);
    }
    return false;
}

}  // namespace synap
