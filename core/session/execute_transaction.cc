// MULTI to EXEC: commands are queued, then run together under the locks of all their keys, as one
// record of the log.
#include "core/session/session.h"

namespace synap {

bool Session::queue_command(const CommandRecord& command, std::span<const std::string_view> args) {
    if (command.has(kCommandNoMulti)) {
        transaction_.spoil();
        reply_.error("ERR Command not allowed inside a transaction");
        return true;
    }
    uint64_t bytes = 0;
    for (const std::string_view arg : args) bytes += arg.size();
    if (is_left(bytes)) return false;
    if (!transaction_.queue(command, args,
                            engine_->options().get(OptionId::kTransactionCommands))) {
        transaction_.spoil();
        reply_.error("ERR the transaction is too large; see limits.transaction_commands");
        return true;
    }
    reply_.status("QUEUED");
    return true;
}

bool Session::execute_transaction(const CommandRecord&) {
    if (transaction_.spoiled()) {
        drop_transaction();
        reply_.error("EXECABORT Transaction discarded because of previous errors.");
        return true;
    }
    if (is_left(transaction_.bytes())) return false;
    bool alone = false;
    bool moves = false;
    uint64_t bytes = 0;
    uint32_t bars = 0;
    for (const Transaction::Queued& queued : transaction_.queued()) {
        bars |= GuardWord::bars(*queued.command);
        alone = alone || queued.command->needs_gate_alone(queued.args.size()) ||
                queued.command->has(kCommandKeyspace);
        if (queued.command->has(kCommandWrite)) {
            moves = moves || queued.command->may_move_values();
            std::string why = refusal(*queued.command, queued.args);
            if (queued.command->has(kCommandDenyOom)) {
                for (const std::string_view arg : queued.args) bytes += arg.size();
                if (bytes > run_.data_bytes_max) why = kOutOfMemory;
            }
            if (!why.empty()) return abort_transaction(why);
            copy_large_arguments(queued.args);
        }
    }
    if (!has_place_for(transaction_.bytes())) {
        drop_large_arguments();
        drop_transaction();
        return true;
    }
    if (!make_rooms()) {
        drop_large_arguments();
        return false;
    }
    enter(alone ? Gate::kAlone : Gate::kShared);
    if ((guard_ & bars) != 0) [[unlikely]]
        return abort_transaction(why_barred());
    locks_.clear();
    if (!alone) collect_transaction_slots();
    locks_.lock(keyspace_);
    bool ran = true;
    if (transaction_.watches() && run_.now_ms == 0) run_.now_ms = engine_->now_ms();
    if (transaction_.watches() && transaction_.any_changed(*keyspace_, run_.now_ms)) {
        reply_.null_array();
    } else {
        run_.captures_first = moves;
        run_queued();
        ran = commit();
        run_.captures_first = false;
    }
    rest_on_slots();
    locks_.unlock(keyspace_);
    if (alone) enter(Gate::kOut);
    drop_large_arguments();
    drop_transaction();
    return ran;
}

bool Session::abort_transaction(std::string_view why) {
    if (gate_ == Gate::kAlone) enter(Gate::kOut);
    drop_large_arguments();
    drop_transaction();
    reply_.error("EXECABORT Transaction discarded because of: " + std::string(why));
    return true;
}

// Inside the gate: outside of it SWAPDB may change what databases stand for.
void Session::collect_transaction_slots() {
    unsigned database = database_;
    for (const Transaction::Queued& queued : transaction_.queued()) {
        queued.note_database(database);
        collect_slots(*queued.command, queued.args, database);
    }
    transaction_.each_watch(
        [&](const Watch& watch) { locks_.add(keyspace_->slot_index(watch.hash)); });
    locks_.sort();
}

// A transaction has written, or read, all that one may. Then that is the reply.
bool Session::exceeds(const CommandRecord& command) {
    if (command.has(kCommandWrite)) {
        if (run_.effects.total_bytes() < record_bytes_) return false;
        reply_.error("ERR the transaction has written " + std::to_string(record_bytes_) +
                     " bytes, and may write no more");
        return true;
    }
    if (reply_.size() <= limits::kTransactionReplyBytes) return false;
    reply_.error("ERR the transaction has read " + std::to_string(limits::kTransactionReplyBytes) +
                 " bytes, and may read no more");
    return true;
}

void Session::run_queued() {
    transaction_.begin_execution();
    reply_.begin_array(transaction_.size());
    for (const Transaction::Queued& queued : transaction_.queued()) {
        const uint64_t errors_before = reply_.errors();
        if (exceeds(*queued.command)) {
            count(*queued.command, errors_before);
            continue;
        }
        if (!counts_.is_of(*queued.command)) flush_counts();
        const bool timed = is_timed(*queued.command);
        const uint64_t began_us = timed ? engine_->clock().monotonic_us() : 0;
        call_handler(*queued.command, queued.args, 0, 0);
        if (timed) {
            note_slow(*queued.command, queued.args, engine_->clock().monotonic_us() - began_us);
        }
        if (wants_wait_) {  // inside EXEC nothing waits
            wants_wait_ = false;
            answer_wait(*engine_, pending_wait_, Code::kOk, {}, reply_);
        }
        if (wants_host_) {
            wants_host_ = false;
            reply_.error("ERR Command not allowed inside a transaction");
        }
        count(*queued.command, errors_before);
    }
    transaction_.end_execution();
}

}  // namespace synap
