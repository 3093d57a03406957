// MULTI to EXEC: commands are queued, then run together under the locks of all their keys, as one
// record of the log.
#include "core/base/numbers.h"
#include "core/commands/generated/ids.h"
#include "core/session/session.h"

namespace synap {

bool Session::queue_command(const CommandRecord& command, std::span<const std::string_view> args) {
    if (command.has(kCommandNoMulti)) {
        break_transaction();
        reply_.error("ERR Command not allowed inside a transaction");
        return true;
    }
    size_t bytes = sizeof(Queued);
    for (const std::string_view arg : args) bytes += arg.size() + sizeof(std::string);
    if (queued_.size() >= engine_->options().get(OptionId::kTransactionCommands) ||
        queued_bytes_ + bytes > limits::kTransactionBytes) {
        break_transaction();
        reply_.error("ERR the transaction is too large; see limits.transaction_commands");
        return true;
    }
    Queued queued{&command, {args.begin(), args.end()}, {}};
    queued.args.assign(queued.words.begin(), queued.words.end());
    queued_.push_back(std::move(queued));  // the words stay where they are
    queued_count_ = queued_.size();
    queued_bytes_ += bytes;
    reply_.status("QUEUED");
    return true;
}

bool Session::execute_transaction(const CommandRecord&) {
    if (transaction_broken_) {
        drop_transaction();
        reply_.error("EXECABORT Transaction discarded because of previous errors.");
        return true;
    }
    bool alone = false;
    bool moves = false;
    uint64_t bytes = 0;
    uint32_t bars = 0;
    for (const Queued& queued : queued_) {
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
    if (!has_log_room(queued_bytes_) && !make_log_room(queued_bytes_)) {
        run_.large_arguments.clear();
        drop_transaction();
        return true;
    }
    enter(alone ? Gate::kAlone : Gate::kShared);
    if ((guard_ & bars) != 0) [[unlikely]]
        return abort_transaction(why_barred());
    slots_.clear();
    if (!alone) collect_transaction_slots();
    lock_slots();
    bool ran = true;
    if (watched_key_changed()) {
        reply_.null_array();
    } else {
        run_.captures_first = moves;
        run_queued();
        ran = commit();
        run_.captures_first = false;
    }
    rest_on_slots();
    unlock_slots();
    if (alone) enter(Gate::kOut);
    run_.large_arguments.clear();
    drop_transaction();
    return ran;
}

bool Session::abort_transaction(std::string_view why) {
    if (gate_ == Gate::kAlone) enter(Gate::kOut);
    run_.large_arguments.clear();
    drop_transaction();
    reply_.error("EXECABORT Transaction discarded because of: " + std::string(why));
    return true;
}

// Inside the gate: outside of it SWAPDB may change what databases stand for.
void Session::collect_transaction_slots() {
    unsigned database = database_;
    for (const Queued& queued : queued_) {
        int64_t selected = 0;
        if (queued.command->id == kIdSelect && parse_integer(queued.args[1], selected) &&
            selected >= 0 && selected < limits::kDatabases) {
            database = static_cast<unsigned>(selected);
        }
        collect_slots(*queued.command, queued.args, database);
    }
    for (const auto& [hash, watch] : watches_) {
        slots_.push_back(keyspace_->slot_index(watch->hash));
    }
    sort_slots();
}

bool Session::watched_key_changed() {
    if (watches_.empty()) return false;
    if (watched_changed_.load(std::memory_order_relaxed)) return true;
    if (run_.now_ms == 0) run_.now_ms = engine_->now_ms();
    for (const auto& [hash, watch] : watches_) {
        const std::string_view name{watch->key.data(), watch->key.size()};
        const Node* node = keyspace_->find({name, watch->hash, watch->name_space});
        if (node != nullptr && node->expired(run_.now_ms) && !watch->expired_when_watched) {
            return true;
        }
    }
    return false;
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
    executing_ = true;
    in_transaction_ = false;
    reply_.begin_array(queued_.size());
    for (const Queued& queued : queued_) {
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
            finish_wait(pending_wait_, engine_->log(), reply_);
        }
        if (wants_host_) {
            wants_host_ = false;
            reply_.error("ERR Command not allowed inside a transaction");
        }
        count(*queued.command, errors_before);
    }
    executing_ = false;
}

}  // namespace synap
