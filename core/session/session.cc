#include "core/session/session.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/base/exhaustion.h"
#include "core/commands/generated/ids.h"

namespace synap {
namespace {

constexpr uint64_t kSlowUsual = 10'000;  // the default of slowlog.threshold_us

}  // namespace

Session::Session(std::shared_ptr<Engine> engine, SessionOptions options)
    : engine_(std::move(engine)),
      record_bytes_(options.record_bytes),
      measured_(options.protocol != 0),
      protocol_(options.protocol),
      counts_(engine_->stats(), measured_),
      identity_(std::move(options.peer), std::move(options.transport)),
      host_(std::move(options.host)) {
    created_us_ = engine_->clock().monotonic_us();
    last_active_us_ = created_us_;
    run_.random = SmallRandom(engine_->random());
    id_ = engine_->sessions().new_id();
    engine_->sessions().add(id_, *this);  // seen by others from here on
}

Session::~Session() {
    engine_->sessions().remove(id_);
    unwatch();
    clear_reply();
}

void Session::give_trees() noexcept { reply_.give_trees(engine_->shared_keyspace()->garbage()); }

void Session::drop_replayed(const Reply::Cursor& cursor) noexcept {
    reply_.drop_replayed(cursor);
    if (!reply_.has_trees_behind(cursor)) return;
    reply_.give_trees(cursor, engine_->shared_keyspace()->garbage());
}

BatchResult Session::run(std::span<const Call> calls) {
    BatchResult result;
    guard_ = engine_->guard();
    if ((guard_ & GuardWord::kClosed) != 0) {
        result.stop = Stop::kFailed;
        fail(Code::kShutdown, "the store is closed");
        return result;
    }
    begin_run();
    const uint64_t began_us = measured_ ? engine_->clock().monotonic_us() : 0;
    // The boundary of a session: whatever of a call had no memory comes here.
    try {
        if (calls.size() == 1 && is_expected(calls) && is_point_read(calls[0])) {
            run_point_read(calls[0], result);
        } else {
            run_chunks(calls, result);
            end_run();
        }
    } catch (const std::bad_alloc&) {
        abandon_call();
        end_run();
        result.stop = Stop::kFailed;
    }
    if (measured_) note_latency(began_us, calls.first(result.done));
    result.depends_on = depends_on_;
    return result;
}

void Session::begin_run() noexcept {
    adopt_keyspace();
    run_.stripe = engine_->stripe_owners().mine();
    run_.now_ms = 0;
    run_.logging = keyspace_ != nullptr && engine_->log() != nullptr;
    run_.hide_expired_only = !engine_->accepts_writes();
    run_.count_frequency = engine_->evicts_by_frequency();
    slow_us_ = engine_->options().get(OptionId::kSlowlogThreshold);
    timed_each_ = slow_us_ < kSlowUsual;
    run_.value_bytes_max = engine_->options().get(OptionId::kValueBytes);
    depends_on_ = 0;
}

void Session::run_chunks(std::span<const Call> calls, BatchResult& result) {
    while (result.done < calls.size() && result.stop == Stop::kDone) {
        const size_t n = std::min(kChunk, calls.size() - result.done);
        run_chunk(calls.subspan(result.done, n), result);
    }
}

void Session::end_run() noexcept {
    enter(Gate::kOut);
    if (std::exchange(owes_writing_, false)) write_large_record();
    locks_.shrink(kScratchKept);
    flush_counts();
}

// What it fails of, the log says to whoever comes next.
void Session::write_large_record() noexcept {
    attempt([this] { engine_->log()->write(last_write_).ignore(); });
}

void Session::note_latency(uint64_t began_us, std::span<const Call> done) noexcept {
    if (done.empty()) return counts_.forget_time();
    const uint64_t now_us = engine_->clock().monotonic_us();
    const uint64_t elapsed = now_us - began_us;
    last_active_us_.store(now_us, std::memory_order_relaxed);
    const CommandRecord* command = last_command_.load(std::memory_order_relaxed);
    if (command == nullptr) return;
    if (elapsed >= slow_us_ && done.size() == 1 && !is_timed(*command)) [[unlikely]] {
        note_slow(*command, done[0].args(), elapsed);
    }
    const bool tracked = engine_->options().get(OptionId::kLatencyTracking) != 0;
    if (counts_.share_time(elapsed, tracked, run_.stripe)) return;
    counts_.time_one(*command, elapsed, tracked, run_.stripe);
}

Stop Session::why_stopped() noexcept {
    const Stop why = wants_wait_   ? Stop::kPending
                     : wants_host_ ? Stop::kHost
                     : wants_long_ ? Stop::kLong
                                   : Stop::kFailed;
    wants_wait_ = wants_host_ = wants_long_ = false;
    return why;
}

void Session::run_chunk(std::span<const Call> calls, BatchResult& result) {
    if (!is_expected(calls)) prepare_all(calls);
    expected_ = {};
    if (calls.size() > 1) prefetch_nodes(calls);
    const uint64_t budget = engine_->options().get(OptionId::kReplyBytes);
    for (size_t i = 0; i < calls.size(); ++i) {
        call_began_ = reply_.mark();
        if (!run_one(calls[i], prepared_[i])) {
            reply_.cut(call_began_);
            result.stop = why_stopped();
            return;
        }
        ++result.done;
        if (reply_.weight() > budget) {
            result.stop = Stop::kBudget;
            return;
        }
    }
}

// Looks the command up, and the place of its first key.
void Session::prepare(const Call& call, Prepared& prepared) noexcept {
    prepared = {};
    if (call.argc == 0) return;
    const CommandRecord* command = call.command;
    if (command == nullptr) command = find_command(call.argv[0]);
    if (command != nullptr && !command->subcommands.empty() && call.argc > 1) {
        prepared.container = command;
        command = find_subcommand(*command, call.argv[1]);
    }
    prepared.command = command;
    const auto first = command == nullptr ? 0 : static_cast<size_t>(command->first_key);
    if (keyspace_ == nullptr || first == 0 || first >= call.argc) return;
    const KeyRef key = keyspace_->key(keyspace_->name_space_of(database_), call.argv[first]);
    prepared.hash = key.hash;
    prepared.name_space = key.name_space;
    prepared.hashed = true;
    keyspace_->prefetch_slot(key.hash);
}

// The cache misses of a pipeline overlap, those of a single call overlap what surrounds it.
void Session::expect(std::span<const Call> calls) noexcept {
    adopt_keyspace();
    if (calls.size() != 1) return prepare_all(calls);
    expected_ = calls;  // as prepare_all() would, without its loops
    prepare(calls[0], prepared_[0]);
    if (prepared_[0].hashed) keyspace_->prefetch_table(prepared_[0].hash);
}

// With another one, what was hashed is void.
void Session::adopt_next_keyspace() noexcept {
    if ((engine_->guard() & GuardWord::kBarsKeys) != 0) return;
    shared_keyspace_ = engine_->shared_keyspace(generation_);
    keyspace_ = shared_keyspace_.get();
    for (Prepared& prepared : prepared_) prepared.hashed = false;
}

void Session::prepare_all(std::span<const Call> calls) noexcept {
    expected_ = calls.first(std::min(kChunk, calls.size()));
    for (size_t i = 0; i < expected_.size(); ++i) prepare(expected_[i], prepared_[i]);
    for (size_t i = 0; i < expected_.size(); ++i) {
        if (prepared_[i].hashed) keyspace_->prefetch_table(prepared_[i].hash);
    }
}

void Session::prefetch_nodes(std::span<const Call> calls) noexcept {
    if (keyspace_ == nullptr) return;
    enter(Gate::kShared);
    for (size_t i = 0; i < calls.size(); ++i) {
        if (!prepared_[i].hashed) continue;
        const bool of_elements = (prepared_[i].command->acl & kAclHash) != 0;
        const size_t together = of_elements ? prefetch_elements(calls, i) : 0;
        if (together == 0) keyspace_->prefetch_node(prepared_[i].hash);
        if (together > 1) i += together - 1;
    }
}

// Calls from the first on that may ask one collection for an element each, behind its key: how
// many, 0 where they are too few.
size_t Session::prefetch_elements(std::span<const Call> calls, size_t first) noexcept {
    constexpr size_t kMost = 16;
    const Prepared& one = prepared_[first];
    std::string_view elements[kMost];
    size_t found = 0;
    for (size_t i = first; i < calls.size() && found < kMost; ++i, ++found) {
        const Prepared& other = prepared_[i];
        const bool same = other.hashed && other.hash == one.hash &&
                          other.name_space == one.name_space &&
                          (other.command->acl & kAclHash) != 0;
        const size_t at = same ? static_cast<size_t>(other.command->first_key) + 1 : 0;
        if (!same || at >= calls[i].argc) break;
        elements[found] = calls[i].argv[at];
    }
    if (found < 2) return 0;
    const std::string_view key = calls[first].argv[one.command->first_key];
    keyspace_->prefetch_elements({key, one.hash, one.name_space}, {elements, found});
    return found;
}

void Session::go_through_gate(Gate wanted) noexcept {
    auto& gate = engine_->gate();
    if (gate_ == Gate::kShared) gate.leave_shared(run_.stripe);
    if (gate_ == Gate::kAlone) gate.leave_exclusive();
    if (wanted == Gate::kShared) gate.enter_shared(run_.stripe);
    if (wanted == Gate::kAlone) gate.enter_exclusive();
    gate_ = wanted;
    if (wanted == Gate::kOut) return;
    guard_ = engine_->guard();
    if ((guard_ & GuardWord::kFollows) != 0) run_.hide_expired_only = true;  // by now
    adopt_keyspace();
}

void Session::count(const CommandRecord& command, uint64_t errors_before) noexcept {
    const bool failed = reply_.errors() != errors_before;
    counts_.add(command, failed, run_.stripe);
    if (failed) note_errors();
}

// Those of a transaction were noted one by one before EXEC is.
[[gnu::cold]] void Session::note_errors() noexcept {
    const uint64_t number = reply_.errors() - errors_noted_;
    if (number != 0) engine_->stats().errors().add(reply_.last_error_code(), number);
    errors_noted_ = reply_.errors();
}

void Session::flush_counts() noexcept {
    counts_.tell(run_.stripe);
    engine_->stats().take(run_.stripe, run_.counters);
}

Durability Session::default_level() noexcept {
    return level_set_ ? level_ : engine_->default_level();
}

void Session::drop_transaction() noexcept {
    transaction_.drop_commands();
    run_.rooms.clear();
    unwatch();
}

void Session::unwatch() noexcept {
    if (transaction_.executing() || !transaction_.watches()) return;  // EXEC does when it is done
    std::optional<SharedGate> inside;
    if (gate_ == Gate::kOut) inside.emplace(engine_->gate(), engine_->stripe_owners().mine());
    adopt_keyspace();
    transaction_.unwatch(*keyspace_);
}

void Session::reset() {
    drop_transaction();
    database_ = 0;
    protocol_ = measured_ ? 2 : 0;
    level_set_ = false;
    set_no_evict(false);
    set_no_touch(false);
    identity_.set(&ClientIdentity::Facts::name, {});
}

std::string_view Session::last_command() const noexcept {
    const CommandRecord* command = last_command_.load(std::memory_order_relaxed);
    return command == nullptr ? std::string_view("NULL") : command->name;
}

void Session::kill() noexcept {
    if (host_ != nullptr) host_->killed();
}

}  // namespace synap
