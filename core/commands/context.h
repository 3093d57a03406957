// What a command handler sees: its arguments, the keyspace, and the one way to change it.
//
// A handler runs on the caller's thread with the locks of its keys' slots held (or the gate alone).
// It plans first: reads, validates, and answers with an error when something is wrong. Then it
// commits: emit() encodes each effect for the log and applies it. Nothing may fail for a reason of
// the handler's own after the first emit(). A handler never waits and never takes a lock.
//
// Emits throw std::bad_alloc, having applied nothing of that effect; the executor turns it into
// NO_MEMORY when it was the first, and stops the store when it was not.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/commands/record.h"
#include "core/commands/reply.h"
#include "core/keyspace/keyspace.h"
#include "core/log/record.h"
#include "core/platform/entropy.h"

namespace synap {

class Session;
class Engine;

// Counted while commands run, added to the shared counters once per batch.
struct RunCounters {
    uint64_t hits = 0;
    uint64_t misses = 0;
    uint64_t expired = 0;
    uint64_t expired_fields = 0;
};

// A long argument of a write command, copied into a blob before any lock was taken.
struct LargeArgument {
    const char* origin;
    BlobRef blob;
};

inline constexpr std::string_view kOutOfMemory =
    "OOM command not allowed when used memory > 'maxmemory'.";

// State of one run: a command, a transaction, or a batch of them. Owned by the session.
struct Run {
    EffectBuffer effects;                          // of the record under way
    bool logging = false;                          // effects are encoded
    size_t applied = 0;                            // effects of the record under way
    int64_t now_ms = 0;                            // 0: not read yet
    unsigned stripe = kSharedStripe;               // of the thread that runs
    bool hide_expired_only = false;                // a follower: never delete by its own clock
    bool count_frequency = false;                  // the eviction policy is LFU
    size_t value_bytes_max = limits::kValueBytes;  // of a string, by configuration
    uint64_t data_bytes_max = UINT64_MAX;          // of all data, by the limit on memory
    bool no_touch = false;  // CLIENT NO-TOUCH: reads are no use of a key, except TOUCH
    // The record is of several commands that may move values: a snapshot under way has captured a
    // slot before the first effect on it, so that it holds no part of a record.
    bool captures_first = false;
    RunCounters counters;
    SmallRandom random{0};
    std::vector<LargeArgument> large_arguments;
    PreparedString prepared;        // of the command under way
    std::vector<StringRoom> rooms;  // of the transaction under way
    std::string body;               // of the effect that a handler gathers; empty between handlers
};

// What a keyed effect begins with.
inline Effect effect_on(const KeyRef& key, EffectKind kind) noexcept {
    Effect effect;
    effect.kind = kind;
    effect.name_space = key.name_space;
    effect.hash = key.hash;
    effect.key = key.key;
    return effect;
}

class CommandContext {
public:
    CommandContext(Engine& engine, Session& session, Run& run, Keyspace& keyspace, Reply& reply,
                   const CommandRecord& command, std::span<const std::string_view> args,
                   unsigned database) noexcept
        : engine_(engine),
          session_(session),
          run_(run),
          keyspace_(keyspace),
          reply_(reply),
          command_(command),
          args_(args),
          database_(database),
          name_space_(keyspace.name_space_of(database)) {}

    const CommandRecord& command() const noexcept { return command_; }
    std::span<const std::string_view> args() const noexcept { return args_; }
    size_t argc() const noexcept { return args_.size(); }
    std::string_view arg(size_t i) const noexcept { return args_[i]; }
    Reply& reply() noexcept { return reply_; }
    Keyspace& keyspace() noexcept { return keyspace_; }
    // For the handlers of core/session; opaque to those of this folder.
    Engine& engine() noexcept { return engine_; }
    Session& session() noexcept { return session_; }
    Run& run() noexcept { return run_; }
    unsigned database() const noexcept { return database_; }
    uint8_t name_space() const noexcept { return name_space_; }

    // Milliseconds of engine time; the same for the whole run.
    int64_t now_ms() noexcept { return run_.now_ms != 0 ? run_.now_ms : read_clock(); }

    // The key in argv[i] (hashed by the executor before) or any other key.
    KeyRef key(size_t i) noexcept {
        if (i == hashed_argument_ && i != 0) return {args_[i], hash_, name_space_};
        return key_named(args_[i]);
    }
    KeyRef key_named(std::string_view name) noexcept { return keyspace_.key(name_space_, name); }
    KeyRef key_in(uint8_t name_space, std::string_view name) noexcept {
        return keyspace_.key(name_space, name);
    }
    // Told by the executor: the hash of argv[i].
    void set_hash(size_t i, uint64_t hash) noexcept {
        hashed_argument_ = i;
        hash_ = hash;
    }

    // The live node or null. A key past its deadline is deleted on the way, and logged; so are
    // fields of a hash, and with the last of them the hash. `read`
    // counts a hit or a miss and marks the access; `look` only counts, `edit` (for commands that go
    // on to change the key) only marks, `peek` does neither.
    Node* read(const KeyRef& key);
    Node* look(const KeyRef& key);
    Node* edit(const KeyRef& key);
    Node* peek(const KeyRef& key);
    // As read and edit, for commands on strings: false, with the error replied, when the key holds
    // a value of another type.
    [[nodiscard]] bool read_string(const KeyRef& key, Node*& node);
    [[nodiscard]] bool edit_string(const KeyRef& key, Node*& node);
    // The same for hashes. Of many fields past their deadline only some are deleted on the way: who
    // reads one compares its deadline with now_ms().
    [[nodiscard]] bool read_hash(const KeyRef& key, Node*& node);
    [[nodiscard]] bool edit_hash(const KeyRef& key, Node*& node);

    // Makes the effect part of the record under way and of memory. Fills in `command`.
    void emit(Effect& effect);

    // The effects that most commands need.
    // Stores bytes, as an integer where they are one; deadline 0 is none.
    void set_string(const KeyRef& key, std::string_view value, int64_t deadline);
    // Text that stays text even where it reads as an integer, which OBJECT ENCODING shows.
    void set_text(const KeyRef& key, std::string_view text, int64_t deadline);
    void set_integer(const KeyRef& key, int64_t value, int64_t deadline);
    void write_range(const KeyRef& key, uint64_t offset, std::string_view bytes);
    void erase(const KeyRef& key, Reason reason = Reason::kUser);
    void set_deadline(const KeyRef& key, int64_t deadline);  // 0: persist

    // Replies with the string in the node: a copy, or a reference to a large one.
    void reply_string(const Node& node);
    // The same for reads, of which a transaction may have many: when the copies on the tape have
    // become large, the string is moved to where it can be shared. `node` follows it.
    void reply_string(const KeyRef& key, Node*& node) {
        if (reply_.size() > limits::kReplyCopyBytes) [[unlikely]]
            return reply_shared(key, node);
        reply_string(*node);
    }

    // Standard errors, worded as Redis words them.
    void error(std::string_view message) { reply_.error(message); }
    void syntax_error() { reply_.error("ERR syntax error"); }
    void not_an_integer() { reply_.error("ERR value is not an integer or out of range"); }
    [[gnu::cold, gnu::noinline]] void wrong_type();
    void wrong_arity();
    void invalid_expire_time();

    // argv[i] equals the (upper-case) word in any case.
    bool is_word(size_t i, std::string_view word) const noexcept;
    // False, with the error replied, when argv[i] is not an integer (in range).
    [[nodiscard]] bool take_integer(size_t i, int64_t& value);

private:
    void reply_shared(const KeyRef& key, Node*& node);
    int64_t read_clock() noexcept;  // defined with the engine, which owns time
    void mark_access(Node& node) noexcept;
    bool take_hash(Node* node);
    [[gnu::cold, gnu::noinline]] Node* without_expired_fields(const KeyRef& key, Node* node);
    [[gnu::cold, gnu::noinline]] void erase_expired(const KeyRef& key);
    void apply(const Effect& effect);
    // Defined with the engine: has a snapshot under way capture the slots of the effect's keys.
    [[gnu::cold, gnu::noinline]] void capture_before(const Effect& effect);
    Blob* large_argument(std::string_view bytes) noexcept;

    Engine& engine_;
    Session& session_;
    Run& run_;
    Keyspace& keyspace_;
    Reply& reply_;
    const CommandRecord& command_;
    const std::span<const std::string_view> args_;
    const unsigned database_;
    const uint8_t name_space_;
    size_t hashed_argument_ = 0;
    uint64_t hash_ = 0;
};

}  // namespace synap
