// A call that reads one key, which is what a cache is asked all day: what run_chunk() and
// execute_locked() do for it, in one piece, without the steps that exist for batches, writes,
// transactions and slow commands.
#include "core/session/session.h"

namespace synap {

void Session::run_point_read(const Call& call, BatchResult& result) {
    Prepared& prepared = prepared_[0];
    const CommandRecord& command = *prepared.command;
    call_began_ = reply_.mark();
    const uint64_t errors_before = reply_.errors();
    expected_ = {};
    last_command_.store(&command, std::memory_order_relaxed);

    engine_->gate().enter_shared(run_.stripe);
    gate_ = Gate::kShared;
    guard_ = engine_->guard();
    if (guard_ != 0) [[unlikely]] {
        run_.hide_expired_only = run_.hide_expired_only || (guard_ & GuardWord::kFollows) != 0;
        if ((guard_ & GuardWord::kBarsKeys) != 0) {
            reject(command, why_barred());
            engine_->gate().leave_shared(run_.stripe);
            gate_ = Gate::kOut;
            result.done = 1;
            return;
        }
    }
    adopt_keyspace();
    if (!prepared.hashed || prepared.name_space != keyspace_->name_space_of(database_))
        [[unlikely]] {
        prepare(call, prepared);  // SWAPDB was faster, or another keyspace
    }
    locks_.lock_one(*keyspace_, keyspace_->slot_index(prepared.hash));
    call_handler(*keyspace_, command, call.args(), 1, prepared.hash);
    const bool ran = commit();
    rest_on_slots();
    locks_.unlock_one(*keyspace_);
    engine_->gate().leave_shared(run_.stripe);
    gate_ = Gate::kOut;

    engine_->stats().take(run_.stripe, run_.counters);
    if (ran) {
        const uint64_t failed = reply_.errors() - errors_before;
        engine_->stats().add_calls(run_.stripe, command, 1, failed);
        if (failed != 0) [[unlikely]]
            note_errors();
        result.done = 1;
    } else {
        reply_.cut(call_began_);
        result.stop = Stop::kFailed;
    }
}

}  // namespace synap
