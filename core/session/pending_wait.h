// What a command waits for that cannot be answered at once: begun by whoever runs the session
// (capi), on a thread that may wait or as an event, and answered when it ends.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/log/log.h"

namespace synap {

class Engine;
class Reply;

struct PendingWait {
    enum class Kind : uint8_t {
        kReplicas,   // WAIT
        kLocalDisk,  // WAITAOF
        kFollow,     // REPLICAOF host port
        kPromote,    // REPLICAOF NO ONE
    };
    Kind kind = Kind::kReplicas;
    uint64_t id = 0;  // TimedWaits::new_id()
    uint64_t position = 0;
    int64_t wanted_local = 0;
    int64_t wanted_replicas = 0;
    uint64_t timeout_ms = 0;  // 0: for ever
    std::string master;       // of kFollow, host:port
    bool force = false;

    bool changes_role() const noexcept { return kind == Kind::kFollow || kind == Kind::kPromote; }
};

// Completes `waiter` once, when what is waited for is there, or with kTimeout, or as the store
// closes. `owner` is the session that waits. TimedWaits::cancel() takes its id.
void begin_wait(Engine& engine, const PendingWait& wait, uint64_t owner,
                std::unique_ptr<LogWaiter> waiter);
// Whether what it ended with is answered; otherwise it is an error of the call.
bool is_answered(const PendingWait& wait, Code code) noexcept;
// The reply to one that ended so, or does not begin.
void answer_wait(Engine& engine, const PendingWait& wait, Code code, std::string_view why,
                 Reply& reply);

}  // namespace synap
