// Execution shared by exec, exec_sink, exec_many and submit.
#pragma once

#include <optional>

#include "capi/src/reply.h"

namespace synap::capi {

// Says that a call is inside the session, until its replies are delivered.
class InUse {
public:
    explicit InUse(synap_session& session) noexcept
        : session_(session), entered_(!session.busy.test_and_set(std::memory_order_acquire)) {}
    [[gnu::always_inline]] ~InUse() {
        if (!entered_) return;
        // An idle session does not hold on to what its largest call needed.
        constexpr size_t kKept = Session::kScratchKept;
        if (session_.words.capacity() > kKept) std::vector<std::string_view>().swap(session_.words);
        if (session_.calls.capacity() > kKept) std::vector<Call>().swap(session_.calls);
        if (!session_.owes_replies()) session_.session->clear_reply();
        session_.busy.clear(std::memory_order_release);
    }
    InUse(const InUse&) = delete;
    InUse& operator=(const InUse&) = delete;
    // For a call that runs commands: what is owed of earlier ones comes first.
    Status check() const {
        if (entered_ && !session_.owes_replies()) return {};
        return why_not();
    }
    Status check_resumed() const { return entered_ ? Status{} : why_not(); }

private:
    [[gnu::cold]] Status why_not() const {
        if (entered_) return Error{Code::kMisuse, "a paused reply of the session must be resumed"};
        return Error{Code::kMisuse, "the session is in use by another thread or by a sink"};
    }

    synap_session& session_;
    const bool entered_;
};

// Options of one call, checked.
struct CallOptions {
    bool nowait = false;
    bool pauses = false;
    bool brief = false;
    bool timed = false;  // the caller named a timeout
    uint32_t timeout_ms = 0;
    Durability level = Durability::kMemory;
};

Status read_options(synap_session& session, const synap_exec_options_t* options, CallOptions& read);

// Views of the arguments, numbers as text, in the session's scratch space; valid until the next.
Status read_call(synap_session& session, const synap_arg_t* argv, size_t argc);
Status read_calls(synap_session& session, const synap_call_t* calls, size_t n);

struct Outcome {
    size_t done = 0;
    synap_status_t status = SYNAP_OK;
    uint64_t depends_on = 0;
    // Of the call behind those that are done. Goes to report() as it is: a Result would need
    // memory, and a failure that was replaced by NO_MEMORY would say that nothing was applied.
    std::optional<Error> failure;
};

// Runs the calls that were read until all are done or one stops the run. Calls that wait do
// so here, unless NOWAIT.
Outcome drive(synap_session& handle, const CallOptions& options, bool until_budget);

// Waits for the log on the caller's thread.
Status wait_for_log(Engine& engine, uint64_t position, Durability level, bool timed,
                    uint32_t timeout_ms);

synap_token_t token_of(Engine& engine, uint64_t position) noexcept;

}  // namespace synap::capi
