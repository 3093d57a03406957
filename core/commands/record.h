// The command table as the engine sees it: one static record per command and subcommand. The data
// is core/commands/table/*.yaml; core/commands/generate.py turns it into the tables behind these
// functions. Everything here is constant data without initialisation order, safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace synap {

class CommandContext;
struct CommandDoc;

// A handler is synap::commands::cmd_<name in lower case, other characters as _>; all of them are
// declared in core/commands/generated/handlers.h.
using CommandHandler = void (*)(CommandContext&);

// The first sixteen bits are SYNAP_COMMAND_* of synap.h, value for value, and cross the C ABI;
// those above are the engine's own.
enum CommandFlags : uint32_t {
    kCommandWrite = 1,
    kCommandReadonly = 2,
    kCommandDenyOom = 4,
    kCommandAdmin = 8,
    kCommandFast = 16,
    kCommandBlocking = 32,    // may wait for another party
    kCommandHost = 64,        // performed by the embedding program
    kCommandNoMulti = 128,    // refused inside MULTI
    kCommandLoading = 256,    // answered while the store loads
    kCommandLinear = 512,     // time grows with a value or the keyspace
    kCommandKeyspace = 1024,  // concerns a database as a whole, not the keys in its arguments
    kCommandSession = 2048,   // changes state of the session only
    kCommandNoScript = 1u << 16,
    kCommandStale = 1u << 17,           // answered by a follower that has lost its master
    kCommandAllowBusy = 1u << 18,       // answered while a script runs too long
    kCommandNoAuth = 1u << 19,          // answered before authentication
    kCommandNoAsyncLoading = 1u << 20,  // refused while a full sync loads beside the old data
    kCommandSkipSlowlog = 1u << 21,
    kCommandMovableKeys = 1u << 22,  // first_key, last_key, key_step do not name all of its keys
};

// Mask bits in the order in which Redis lists its categories.
enum AclCategory : uint32_t {
    kAclKeyspace = 1u << 0,
    kAclRead = 1u << 1,
    kAclWrite = 1u << 2,
    kAclSet = 1u << 3,
    kAclSortedSet = 1u << 4,
    kAclList = 1u << 5,
    kAclHash = 1u << 6,
    kAclString = 1u << 7,
    kAclBitmap = 1u << 8,
    kAclHyperLogLog = 1u << 9,
    kAclGeo = 1u << 10,
    kAclStream = 1u << 11,
    kAclPubSub = 1u << 12,
    kAclAdmin = 1u << 13,
    kAclFast = 1u << 14,
    kAclSlow = 1u << 15,
    kAclBlocking = 1u << 16,
    kAclDangerous = 1u << 17,
    kAclConnection = 1u << 18,
    kAclTransaction = 1u << 19,
    kAclScripting = 1u << 20,
};

// What a command does with the keys of one KeySpec. Exactly one of RO, RW, OW and RM is set.
enum KeySpecFlags : uint16_t {
    kKeyRo = 1u << 0,
    kKeyRw = 1u << 1,
    kKeyOw = 1u << 2,
    kKeyRm = 1u << 3,
    kKeyAccess = 1u << 4,  // the value is returned or copied
    kKeyUpdate = 1u << 5,
    kKeyInsert = 1u << 6,
    kKeyDelete = 1u << 7,
    kKeyVariableFlags = 1u << 8,  // RW only with some options
};

// Where keys stand in a call, as Redis describes it; call_keys.h finds them.
// They begin at argv[first], or, with a keyword, behind that word, which is looked for from
// argv[first] on; with a negative `first`, from so many before the end backwards.
// From there they go, every `step`, up to the one that is `last` words behind the first, a negative
// `last` counting from the end of argv (-1: the last argument), of which `limit` 2 takes the first
// half, 3 the first third. Or, where they are `counted`, the word there says how many follow it.
struct KeySpec {
    uint16_t flags;
    int8_t first;
    int8_t last;
    int8_t step;
    int8_t limit = 0;
    bool counted = false;
    std::string_view keyword = {};
};

// Which latency histogram a command is counted in.
enum class LatencyClass : uint8_t { kFast, kSlow, kLinear, kBlocking };

struct CommandRecord {
    std::string_view name;   // upper case: "SET", "CONFIG|GET"
    CommandHandler handler;  // nullptr: only the subcommands can be called
    std::span<const CommandRecord> subcommands;
    std::span<const KeySpec> key_specs;
    const CommandDoc* doc;  // never nullptr
    uint32_t flags;         // CommandFlags
    uint32_t acl;           // AclCategory
    uint16_t id;            // permanent, never 0
    uint16_t index;  // dense, 0 to kCommandCount - 1, subcommands included; changes by version
    int16_t arity;   // arguments with the name; negative: at least that many
    // Keys are argv[first_key], every key_step, up to last_key, negative counting from the end.
    // 0, 0, 0 without keys in the arguments. Counted from the whole argv, of subcommands too.
    int8_t first_key;
    int8_t last_key;
    int8_t key_step;
    LatencyClass latency_class;
    // Calls of so many words or more have the gate alone: they concern more slots than those of
    // their keys. 0: none has.
    uint8_t alone_from;

    bool has(uint32_t any_of_these_flags) const noexcept {
        return (flags & any_of_these_flags) != 0;
    }
    bool accepts_arity(size_t argc) const noexcept {
        const auto words = static_cast<int64_t>(argc);
        return arity >= 0 ? words == arity : words >= -arity;
    }
    bool needs_gate_alone(size_t argc) const noexcept {
        return alone_from != 0 && argc >= alone_from;
    }
    // argv[first_key] is its only key.
    bool has_one_key() const noexcept {
        return first_key != 0 && first_key == last_key && !has(kCommandMovableKeys);
    }
    // Reads the key in argv[1] and does nothing else, in a bounded time.
    bool reads_one_key() const noexcept {
        return has(kCommandReadonly) && first_key == 1 && has_one_key() &&
               latency_class == LatencyClass::kFast;
    }
    // Of those that write: what it takes from one key it may put into another.
    bool may_move_values() const noexcept { return key_specs.size() > 1 || alone_from != 0; }
};

// Longest name of a command or subcommand, without its parent's.
inline constexpr size_t kMaxCommandName = 32;

// Top-level command by name in any case; nullptr when there is none. "CONFIG|GET" is not a name.
const CommandRecord* find_command(std::string_view name) noexcept;

// Subcommand by its own name ("get" of CONFIG) in any case; nullptr when there is none.
const CommandRecord* find_subcommand(const CommandRecord& parent, std::string_view name) noexcept;

// As find_command, and "config|get" finds a subcommand: for introspection and ACL rules, never for
// the first argument of a client.
const CommandRecord* find_command_path(std::string_view path) noexcept;

// By permanent id, subcommands included; nullptr when there is none.
const CommandRecord* command_by_id(uint16_t id) noexcept;

// Top-level commands; each leads to its subcommands.
std::span<const CommandRecord> all_commands() noexcept;

// Whether it is one of all_commands(), not a subcommand of one.
bool is_top_level(const CommandRecord& command) noexcept;

}  // namespace synap
