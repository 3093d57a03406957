// A session: one client's state, and the execution of its commands.
//
// Thread safety: one thread at a time, except kill() and what CLIENT LIST reads.
// Ownership: keeps the engine alive.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/commands/context.h"
#include "core/engine/engine.h"
#include "core/keyspace/slot_locks.h"
#include "core/session/call_counts.h"
#include "core/session/client_identity.h"
#include "core/session/pending_wait.h"
#include "core/session/transaction.h"

namespace synap {

struct Call {
    const std::string_view* argv;
    size_t argc;
    const CommandRecord* command = nullptr;  // that argv names, where the caller knows it
    std::span<const std::string_view> args() const noexcept { return {argv, argc}; }
};

// Why a batch ended where it did.
enum class Stop : uint8_t {
    kDone,     // all calls were answered
    kBudget,   // the replies are large: deliver them and go on
    kPending,  // the next call waits; see pending_wait()
    kHost,     // the next call belongs to the embedding program
    kLong,     // the next call takes long, and the caller wants none that does
    kFailed,   // the next call could not be run; see failure()
};

struct BatchResult {
    size_t done = 0;
    Stop stop = Stop::kDone;
    uint64_t depends_on = 0;  // position that the replies rest on; 0: none
};

// Told when the session is to be closed; from any thread.
class SessionHost {
public:
    virtual ~SessionHost() = default;
    virtual void killed() noexcept = 0;
};

struct SessionOptions {
    unsigned protocol = 0;  // 0 native, 2, 3
    std::string peer;
    std::string transport = "embedded";
    std::shared_ptr<SessionHost> host;
    uint64_t record_bytes = limits::kRecordBytes;
};

class Session {
public:
    // Elements of scratch that an idle session may hold on to, however large its largest call was.
    static constexpr size_t kScratchKept = 16 * 1024;

    Session(std::shared_ptr<Engine> engine, SessionOptions options);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Asks for the memory that the first of these calls will touch, so that it arrives while the
    // caller gets ready to run() them.
    void expect(std::span<const Call> calls) noexcept;  // which are the next to be run
    // Runs calls in order until one stops the batch. Appends one reply each to reply().
    BatchResult run(std::span<const Call> calls);

    // Why the last run() ended with kFailed.
    const Error& failure() const noexcept { return failure_; }

    Reply& reply() noexcept { return reply_; }
    // Of the tape: all of it, or what lies behind the cursor, is let go of. Large values that
    // nobody else has are freed in the background.
    void clear_reply() noexcept {
        if (reply_.holds_trees()) [[unlikely]]
            give_trees();
        reply_.clear();
    }
    void drop_replayed(const Reply::Cursor& cursor) noexcept;
    Engine& engine() noexcept { return *engine_; }
    const std::shared_ptr<Engine>& shared_engine() const noexcept { return engine_; }

    // Level of a write when the call names none; kMemory..kDisk.
    Durability default_level() noexcept;
    void set_default_level(Durability level, bool is_set) noexcept {
        level_ = level;
        level_set_ = is_set;
    }
    bool has_own_level() const noexcept { return level_set_; }
    // Whether the next batch stops before a call that copies more than this.
    static constexpr uint64_t kBriefBytes = 4ull << 20;
    void set_brief(bool brief) noexcept { brief_ = brief; }
    // The level of the calls of the next batch: replies rest on what they read only for kDisk.
    void set_call_level(Durability level) noexcept { call_level_ = level; }

    const PendingWait& pending_wait() const noexcept { return pending_wait_; }
    // Told by handlers (WAIT, WAITAOF, REPLICAOF) that the call must wait.
    void wait_for(PendingWait wait) noexcept {
        pending_wait_ = std::move(wait);
        pending_wait_.id = engine_->waits().new_id();
        wants_wait_ = true;
    }
    void want_host() noexcept { wants_host_ = true; }

    unsigned protocol() const noexcept { return protocol_; }
    void set_protocol(unsigned protocol) noexcept { protocol_ = protocol; }
    unsigned database() const noexcept { return database_; }
    void set_database(unsigned database) noexcept { database_ = database; }
    uint64_t id() const noexcept { return id_; }
    uint64_t last_write() const noexcept { return last_write_; }

    // MULTI and friends, for their handlers.
    Transaction& transaction() noexcept { return transaction_; }
    const Transaction& transaction() const noexcept { return transaction_; }
    void drop_transaction() noexcept;  // also unwatches
    void unwatch() noexcept;
    void reset();

    ClientIdentity& identity() noexcept { return identity_; }
    const ClientIdentity& identity() const noexcept { return identity_; }
    // Of the monotonic clock.
    uint64_t created_us() const noexcept { return created_us_; }
    // Embedded sessions, whose calls are not measured, stay at their birth.
    uint64_t last_active_us() const noexcept { return last_active_us_.load(); }
    std::string_view last_command() const noexcept;
    void kill() noexcept;
    // CLIENT NO-EVICT and NO-TOUCH.
    void set_no_evict(bool on) noexcept { no_evict_ = on; }
    void set_no_touch(bool on) noexcept { no_touch_ = run_.no_touch = on; }
    bool no_evict() const noexcept { return no_evict_; }
    bool no_touch() const noexcept { return no_touch_; }

private:
    struct Prepared {
        const CommandRecord* command = nullptr;    // null: unknown
        const CommandRecord* container = nullptr;  // whose subcommand was asked for
        uint64_t hash = 0;
        uint8_t name_space = 0;
        bool hashed = false;
    };
    enum class Gate : uint8_t { kOut, kShared, kAlone };

    void begin_run() noexcept;
    void run_chunks(std::span<const Call> calls, BatchResult& result);
    void run_chunk(std::span<const Call> calls, BatchResult& result);
    void end_run() noexcept;
    Stop why_stopped() noexcept;
    // A call that was expected, of a command that reads one key.
    bool is_point_read(const Call& call) const noexcept {
        const Prepared& prepared = prepared_[0];
        if ((guard_ & GuardWord::kBarsKeys) != 0) return false;
        return prepared.hashed && prepared.command->reads_one_key() && !timed_each_ &&
               prepared.command->accepts_arity(call.argc) && !transaction_.active();
    }
    void run_point_read(const Call& call, BatchResult& result);
    bool is_expected(std::span<const Call> calls) const noexcept {
        return expected_.data() == calls.data() && expected_.size() == calls.size();
    }
    void prepare(const Call& call, Prepared& prepared) noexcept;
    void prepare_all(std::span<const Call> calls) noexcept;
    void prefetch_nodes(std::span<const Call> calls) noexcept;
    size_t prefetch_elements(std::span<const Call> calls, size_t first) noexcept;
    // Outside of the gate this is the one that was seen last: good enough to ask for memory of.
    // From then on what runs is logged: never in the middle of a run.
    void adopt_keyspace() noexcept {
        if (generation_ != engine_->generation()) [[unlikely]]
            adopt_next_keyspace();
    }
    void adopt_next_keyspace() noexcept;
    void give_trees() noexcept;
    bool may_be_refused(const CommandRecord& command) const noexcept {
        return command.has(kCommandWrite) || is_barred(command);
    }
    bool is_barred(const CommandRecord& command) const noexcept {
        return guard_ != 0 && (guard_ & GuardWord::bars(command)) != 0;
    }
    // Why, where the command is barred.
    std::string why_barred();
    // Enters the gate, where the word is read again. False, with the error replied, where the
    // command is barred by now.
    bool let_in(const CommandRecord& command, Gate wanted) {
        enter(wanted);
        return !is_barred(command) || !reject(command, why_barred());
    }
    // False when the batch must stop before this call.
    bool run_one(const Call& call, const Prepared& prepared);
    bool reject(const CommandRecord& command, std::string_view why);
    bool reject_arity(const CommandRecord& command);
    std::string refusal(const CommandRecord& command, std::span<const std::string_view> args);
    void unknown_command(const Prepared& prepared, std::span<const std::string_view> args);
    bool queue_command(const CommandRecord& command, std::span<const std::string_view> args);
    // These answer false when the call failed: see failure_.
    bool execute(const CommandRecord& command, std::span<const std::string_view> args,
                 const Prepared& prepared);
    bool execute_locked(const CommandRecord& command, std::span<const std::string_view> args,
                        const Prepared& prepared);
    bool execute_transaction(const CommandRecord& exec);
    bool abort_transaction(std::string_view why);
    void collect_transaction_slots();
    bool exceeds(const CommandRecord& command);
    void run_queued();
    void call_handler(const CommandRecord& command, std::span<const std::string_view> args,
                      size_t hashed_argument, uint64_t hash);
    void call_handler(Keyspace& keyspace, const CommandRecord& command,
                      std::span<const std::string_view> args, size_t hashed_argument,
                      uint64_t hash);
    // The failure of a call. Needs no memory: without any the text is left out.
    void fail(Code code, std::string_view why) noexcept;
    void fail_without_memory() noexcept;
    void abandon_call() noexcept;
    bool is_hashed(const Prepared& prepared) const noexcept {
        return prepared.hashed && prepared.name_space == keyspace_->name_space_of(database_);
    }
    // Enters the gate and locks the slots of the keys.
    bool lock_keys(const CommandRecord& command, std::span<const std::string_view> args,
                   const Prepared& prepared);
    // The same for an edit of a string, of which what is large is done before: see large_edit.cc.
    bool lock_for_edit(const CommandRecord& command, std::span<const std::string_view> args,
                       const Prepared& prepared);
    // For the edits of a transaction, before its slots are locked.
    bool make_rooms();  // false: it is left
    // Whether the call is left to a caller that has time for so many bytes to be copied.
    bool is_left(uint64_t bytes) noexcept {
        wants_long_ = brief_ && bytes > kBriefBytes;
        return wants_long_;
    }
    bool find_large_string(unsigned database, std::string_view name, StringRoom& room, bool& owned);
    bool is_prepared(const CommandRecord& command, std::span<const std::string_view> args,
                     std::string& text);
    // Of a write, before any lock is taken: copies, and what is very large in the log's files.
    // False where the log has no place for it, with the error replied.
    bool place_large_arguments(std::span<const std::string_view> args, uint64_t bytes);
    static uint64_t large_bytes_of(std::span<const std::string_view> args) noexcept;
    void copy_large_arguments(std::span<const std::string_view> args);
    bool has_place_for(uint64_t bytes);
    void drop_large_arguments() noexcept;
    // Appends the record of what was applied; tells the slots.
    bool commit();
    void write_large_record() noexcept;
    void collect_slots(const CommandRecord& command, std::span<const std::string_view> args,
                       unsigned database);
    void rest_on_slots() noexcept;
    void rest_on_everything() noexcept;
    bool has_log_room(uint64_t bytes) const noexcept {
        return !run_.logging || engine_->log()->has_room(bytes);
    }
    bool make_log_room(uint64_t bytes);
    void enter(Gate wanted) noexcept {
        if (gate_ != wanted && keyspace_ != nullptr) go_through_gate(wanted);
    }
    void go_through_gate(Gate wanted) noexcept;
    void count(const CommandRecord& command, uint64_t errors_before) noexcept;
    void flush_counts() noexcept;
    void note_errors() noexcept;
    void note_latency(uint64_t began_us, std::span<const Call> calls) noexcept;
    // SLOWLOG: whether a call is timed by itself. Fast ones are only where a threshold below the
    // usual one asks for it: the batch that a call is alone in is timed anyway.
    bool is_timed(const CommandRecord& command) const noexcept {
        return timed_each_ || (measured_ && command.latency_class != LatencyClass::kFast);
    }
    void note_slow(const CommandRecord& command, std::span<const std::string_view> args,
                   uint64_t elapsed_us) noexcept;
    void add_slow_call(const CommandRecord& command, std::span<const std::string_view> args,
                       uint64_t elapsed_us);

    std::shared_ptr<Engine> engine_;
    std::shared_ptr<Keyspace> shared_keyspace_;
    Keyspace* keyspace_ = nullptr;  // null until the store is loaded; the present one in the gate
    uint64_t generation_ = UINT64_MAX;  // of keyspace_
    uint32_t guard_ = 0;                // the engine's word, as it was last read
    const uint64_t record_bytes_;
    const bool measured_;  // latency is counted: not for embedded calls, which it would slow
    bool timed_each_ = false;
    uint64_t slow_us_ = 0;  // from which a call is slow, for this run
    Run run_;
    Reply reply_;
    Reply::Mark call_began_{};
    std::atomic<unsigned> database_{0};
    std::atomic<unsigned> protocol_{0};
    Durability level_ = Durability::kMemory;
    Durability call_level_ = Durability::kMemory;
    bool level_set_ = false;
    uint64_t last_write_ = 0;
    bool owes_writing_ = false;  // of a large record
    std::unique_ptr<WrittenAhead> ahead_;
    uint64_t depends_on_ = 0;
    PendingWait pending_wait_;
    bool wants_wait_ = false;
    bool wants_host_ = false;
    bool wants_long_ = false;
    bool brief_ = false;
    Gate gate_ = Gate::kOut;
    SlotLocks locks_;

    static constexpr size_t kChunk = 64;
    Prepared prepared_[kChunk];
    std::span<const Call> expected_;  // what prepared_ is of
    CallCounts counts_;
    uint64_t errors_noted_ = 0;
    Error failure_{Code::kOk, {}};

    Transaction transaction_;
    std::atomic<bool> no_evict_{false};
    std::atomic<bool> no_touch_{false};

    ClientIdentity identity_;
    std::shared_ptr<SessionHost> host_;
    uint64_t id_ = 0;
    uint64_t created_us_ = 0;
    std::atomic<uint64_t> last_active_us_{0};
    std::atomic<const CommandRecord*> last_command_{nullptr};
};

}  // namespace synap
