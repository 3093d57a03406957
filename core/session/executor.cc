// How a session executes commands: refusals, the gate, locks, handlers, the record at the end.
#include <algorithm>
#include <optional>

#include "core/base/exhaustion.h"
#include "core/base/text.h"
#include "core/commands/call_keys.h"
#include "core/commands/generated/ids.h"
#include "core/session/session.h"

namespace synap {
namespace {

// Run at once inside MULTI instead of being queued.
bool controls_transaction(const CommandRecord& command) noexcept {
    switch (command.id) {
        case kIdMulti:
        case kIdExec:
        case kIdDiscard:
        case kIdWatch:
        case kIdQuit:
        case kIdReset:
            return true;
        default:
            return false;
    }
}

constexpr uint64_t kNeverSlow = INT64_MAX;  // -1 of CONFIG SET

std::string misconf(const Status& why) {
    if (why) return "MISCONF writes are refused: the store is stopping";
    return std::string("MISCONF writes are refused") +
           (why.error().may_pass() ? " until this is over: " : ": ") + why.error().message;
}

// Text as C would print it with a precision: up to a NUL.
std::string_view printable(std::string_view text, size_t most) noexcept {
    return text.substr(0, std::min(text.find('\0'), most));
}

// AUTH [user] password; HELLO version AUTH user password.
bool is_secret(const CommandRecord& command, std::span<const std::string_view> args, size_t i) {
    if (command.id == kIdAuth) return i > 0;
    if (command.id != kIdHello) return false;
    for (size_t before = 1; before <= 2 && before < i; ++before) {
        if (equals_ignoring_case(args[i - before], "AUTH")) return true;
    }
    return false;
}

}  // namespace

void Session::unknown_command(const Prepared& prepared, std::span<const std::string_view> args) {
    constexpr size_t kShown = 128;
    transaction_.spoil();
    engine_->stats().add(run_.stripe, &StatsStripe::unknown_commands, 1);
    if (prepared.container != nullptr) {
        reply_.error("ERR unknown subcommand '" + std::string(printable(args[1], kShown)) +
                     "'. Try " + std::string(prepared.container->name) + " HELP.");
        return note_errors();
    }
    std::string shown;
    for (size_t i = 1; i < args.size() && shown.size() < kShown; ++i) {
        shown += "'" + std::string(printable(args[i], kShown - shown.size())) + "' ";
    }
    const std::string_view name = args.empty() ? std::string_view() : args[0];
    reply_.error("ERR unknown command '" + std::string(printable(name, kShown)) +
                 "', with args beginning with: " + shown);
    note_errors();
}

bool Session::run_one(const Call& call, const Prepared& prepared) {
    const auto args = call.args();
    if (prepared.command == nullptr) {
        unknown_command(prepared, args);
        return true;
    }
    const CommandRecord& command = *prepared.command;
    if (!command.accepts_arity(args.size()) || command.handler == nullptr) {
        return reject_arity(command);
    }
    if (may_be_refused(command)) {
        const std::string why = refusal(command, args);
        if (!why.empty()) return reject(command, why);
    }
    if (transaction_.active() && !controls_transaction(command))
        return queue_command(command, args);
    const uint64_t errors_before = reply_.errors();
    if (!counts_.is_of(command)) {
        flush_counts();  // before, as the command may show or reset them
        last_command_.store(&command, std::memory_order_relaxed);
    }
    const bool timed = is_timed(command);
    const uint64_t began_us = timed ? engine_->clock().monotonic_us() : 0;
    const bool ran = execute(command, args, prepared);
    if (timed && ran) note_slow(command, args, engine_->clock().monotonic_us() - began_us);
    if (ran) count(command, errors_before);
    return ran;
}

// Answers a call that is not run; always true.
[[gnu::cold]] bool Session::reject(const CommandRecord& command, std::string_view why) {
    transaction_.spoil();
    reply_.error(why);
    engine_->stats().add_rejected(run_.stripe, command);
    note_errors();
    return true;
}

[[gnu::cold]] bool Session::reject_arity(const CommandRecord& command) {
    const std::string why =
        "wrong number of arguments for '" + to_lower(command.name) + "' command";
    if (command.id != kIdExec) return reject(command, "ERR " + why);
    reject(command, "EXECABORT Transaction discarded because of: " + why);
    drop_transaction();
    return true;
}

std::string Session::why_barred() {
    if ((guard_ & GuardWord::kFailed) != 0) {
        return "ERR the store could not be opened: " + engine_->failure().error().message;
    }
    if ((guard_ & GuardWord::kLoading) != 0)
        return "LOADING Synap is loading the dataset in memory";
    if ((guard_ & GuardWord::kReadOnly) != 0) return std::string(kReadOnlyText);
    if ((guard_ & GuardWord::kFollows) != 0) return std::string(kFollowsText);
    return misconf(engine_->failure());
}

// Why the command may not run now; empty when it may.
std::string Session::refusal(const CommandRecord& command, std::span<const std::string_view> args) {
    if (is_barred(command)) return why_barred();
    if (!command.has(kCommandWrite)) return {};
    const uint64_t value_bytes = engine_->options().get(OptionId::kValueBytes);
    uint64_t bytes = 0;
    for (const std::string_view arg : args) {
        if (arg.size() > value_bytes) {
            return "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
        }
        bytes += arg.size();
    }
    if (!engine_->accepts_writes()) return misconf(engine_->failure());
    if (command.has(kCommandDenyOom)) {
        run_.data_bytes_max = engine_->data_bytes_max(*keyspace_);
        if (bytes > run_.data_bytes_max) return std::string(kOutOfMemory);  // before any eviction
        if (engine_->over_memory(*keyspace_)) {
            enter(Gate::kShared);
            if (!engine_->make_room(run_)) return std::string(kOutOfMemory);
        }
    }
    return {};
}

bool Session::execute(const CommandRecord& command, std::span<const std::string_view> args,
                      const Prepared& prepared) {
    if (command.id == kIdExec && transaction_.active()) return execute_transaction(command);
    if (command.has(kCommandWrite) && !has_log_room(0) && !make_log_room(0)) return true;
    if (command.needs_gate_alone(args.size())) {
        if (!let_in(command, Gate::kAlone)) {
            enter(Gate::kOut);
            return true;
        }
        locks_.clear();
        call_handler(command, args, 0, 0);
        const bool ran = commit();
        rest_on_slots();
        enter(Gate::kOut);
        return ran;
    }
    if (!command.key_specs.empty()) return execute_locked(command, args, prepared);
    if (command.has(kCommandKeyspace)) {
        if (!let_in(command, Gate::kShared)) return true;
    } else if (command.has(kCommandAdmin)) {
        enter(Gate::kOut);  // may wait for the disk
    }
    locks_.clear();
    call_handler(command, args, 0, 0);
    const bool ran = commit();
    if (command.has(kCommandKeyspace)) rest_on_everything();
    return ran && !wants_wait_ && !wants_host_;
}

// What is accepted must have its place: in the tail, which is written by whoever would add to a
// full one, and on the disk. Outside the gate. False, with the error replied, when there is none.
[[gnu::cold]] bool Session::make_log_room(uint64_t bytes) {
    enter(Gate::kOut);
    const Status status = engine_->log()->make_room(bytes);
    if (!status) reply_.error(misconf(status));
    return static_cast<bool>(status);
}

// False, with the error replied, where the command is barred by now.
bool Session::lock_keys(const CommandRecord& command, std::span<const std::string_view> args,
                        const Prepared& prepared) {
    if (!let_in(command, Gate::kShared)) return false;
    locks_.clear();
    if (is_hashed(prepared) && command.has_one_key()) {
        locks_.add(keyspace_->slot_index(prepared.hash));
    } else {
        collect_slots(command, args, database_);
        locks_.sort();
    }
    locks_.lock(keyspace_);
    return true;
}

bool Session::execute_locked(const CommandRecord& command, std::span<const std::string_view> args,
                             const Prepared& prepared) {
    const bool write = command.has(kCommandWrite);
    if (const uint64_t large = write ? large_bytes_of(args) : 0; large != 0) {
        if (is_left(large)) return false;
        if (!place_large_arguments(args, large)) return true;
    }
    const bool edits = command.id == kIdAppend || command.id == kIdSetrange;
    const bool entered =
        edits ? lock_for_edit(command, args, prepared) : lock_keys(command, args, prepared);
    if (!entered) {
        drop_large_arguments();
        return !wants_long_;
    }
    const size_t hashed = is_hashed(prepared) ? static_cast<size_t>(command.first_key) : 0;
    call_handler(command, args, hashed, prepared.hash);
    const bool ran = commit();
    rest_on_slots();
    locks_.unlock(keyspace_);
    if (write) drop_large_arguments();
    if (edits) run_.prepared = {};
    return ran && !wants_wait_ && !wants_host_;
}

void Session::call_handler(const CommandRecord& command, std::span<const std::string_view> args,
                           size_t hashed_argument, uint64_t hash) {
    if (keyspace_ == nullptr) [[unlikely]] {
        const auto empty = engine_->shared_keyspace();  // until the store is loaded
        return call_handler(*empty, command, args, hashed_argument, hash);
    }
    call_handler(*keyspace_, command, args, hashed_argument, hash);
}

void Session::call_handler(Keyspace& keyspace, const CommandRecord& command,
                           std::span<const std::string_view> args, size_t hashed_argument,
                           uint64_t hash) {
    CommandContext context(*engine_, *this, run_, keyspace, reply_, command, args, database_);
    context.set_hash(hashed_argument, hash);
    // One that concerns a database as a whole locks the slots that it walks over by itself.
    std::optional<OnlySlots> only;
    if (kChecksLocks && gate_ != Gate::kAlone && !command.has(kCommandKeyspace)) {
        only.emplace(locks_.slots());
    }
    command.handler(context);
}

void Session::fail(Code code, std::string_view why) noexcept {
    failure_.code = code;
    say(failure_.message, why);
}

void Session::fail_without_memory() noexcept {
    if (run_.applied == 0) return fail(Code::kNoMemory, "memory is exhausted; nothing was applied");
    // Part of a record is in memory and the rest can not follow: neither going on nor going back
    // would be true.
    run_.applied = 0;
    run_.effects.clear();
    fail(Code::kInternal, "memory was exhausted in the middle of a write");
    engine_->stop_writes();
}

// Leaves the session as after any other call that failed. Where writes must stop they do before
// anybody sees what is half done.
void Session::abandon_call() noexcept {
    fail_without_memory();
    if (locks_.locked()) locks_.unlock(keyspace_);
    reply_.cut(call_began_);
    run_.captures_first = false;
    drop_large_arguments();
    run_.prepared = {};
    wants_wait_ = wants_host_ = wants_long_ = false;
    if (transaction_.end_execution()) {
        drop_transaction();
    } else {
        transaction_.spoil();  // without the command that could not be queued
    }
}

// Where it throws, what is applied is in no record.
bool Session::commit() {
    if (run_.applied == 0) return true;
    if (run_.logging) {
        owes_writing_ = owes_writing_ || run_.effects.total_bytes() > limits::kLargeRecordBytes;
        last_write_ = engine_->log()->append(run_.effects, run_.now_ms, &ahead_);
    }
    run_.applied = 0;
    if (!run_.logging) return true;
    if (last_write_ == 0) {
        run_.effects.clear();
        fail(Code::kShutdown, "the store is closed");
        return false;
    }
    for (const uint32_t slot : locks_.slots()) keyspace_->last_position(slot) = last_write_;
    if (gate_ == Gate::kAlone) engine_->alone_position().store(last_write_);
    depends_on_ = std::max(depends_on_, last_write_);
    return true;
}

// Under `always` a reply, of a read too, waits until what it shows is durable.
void Session::rest_on_slots() noexcept {
    if (gate_ == Gate::kAlone) return rest_on_everything();
    if (call_level_ != Durability::kDisk || !run_.logging) return;
    depends_on_ = std::max(depends_on_, engine_->alone_position().load());
    for (const uint32_t slot : locks_.slots()) {
        depends_on_ = std::max(depends_on_, keyspace_->last_position(slot));
    }
}

// For replies that show more than the slots of keys.
void Session::rest_on_everything() noexcept {
    if (call_level_ != Durability::kDisk || !run_.logging) return;
    depends_on_ = std::max(depends_on_, engine_->log()->appended());
}

void Session::collect_slots(const CommandRecord& command, std::span<const std::string_view> args,
                            unsigned database) {
    if (command.key_specs.empty()) return;
    const uint8_t name_space = keyspace_->name_space_of(database);
    each_key(command, args, [&](size_t place, const KeySpec&) {
        const KeyRef key = keyspace_->key(name_space, args[place]);
        locks_.add(keyspace_->slot_index(key.hash));
    });
}

// EXEC stands there as what it ran.
void Session::note_slow(const CommandRecord& command, std::span<const std::string_view> args,
                        uint64_t elapsed_us) noexcept {
    if (elapsed_us < slow_us_ || slow_us_ == kNeverSlow || command.id == kIdExec) return;
    // The command is done: without memory an entry of SLOWLOG is missing.
    attempt([&] { add_slow_call(command, args, elapsed_us); });
}

void Session::add_slow_call(const CommandRecord& command, std::span<const std::string_view> args,
                            uint64_t elapsed_us) {
    constexpr size_t kArgsShown = 32;  // the last of more says how many there are
    constexpr size_t kBytesShown = 128;
    SlowCall call{0, engine_->clock().wall_ms() / 1000, elapsed_us, {}, {}, {}};
    const size_t shown = args.size() > kArgsShown ? kArgsShown - 1 : args.size();
    for (size_t i = 0; i < shown; ++i) {
        const std::string_view arg =
            is_secret(command, args, i) ? std::string_view("(redacted)") : args[i];
        std::string& text = call.args.emplace_back(arg.substr(0, kBytesShown));
        if (arg.size() <= kBytesShown) continue;
        text += "... (" + std::to_string(arg.size() - kBytesShown) + " more bytes)";
    }
    if (shown < args.size()) {
        const std::string more = std::to_string(args.size() - shown);
        call.args.emplace_back("... (" + more + " more arguments)");
    }
    const ClientIdentity::Facts identity = identity_.facts();
    call.peer = identity.peer;
    call.client_name = identity.name;
    engine_->slow_log().add(std::move(call), engine_->options().get(OptionId::kSlowlogEntries));
}

}  // namespace synap
