// What the parts of the server share: one Shared for the process, one Services for each I/O thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include <synap/events.hpp>
#include <synap/store.hpp>

#include "server/config/settings.h"
#include "server/net/client_memory.h"
#include "server/net/counters.h"
#include "server/net/long_calls.h"
#include "server/resp/parser.h"
#include "server/resp/writer.h"

namespace synap::server {

// Facts of the whole server. Set up before the first thread starts; from then on only the atomics
// change.
struct Shared {
    Shared(const Settings& the_settings, Store the_store)
        : settings(the_settings),
          store(std::move(the_store)),
          client_memory(the_settings.limits.client_memory_bytes) {}

    const Settings& settings;
    Store store;
    uint16_t port = 0;
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();

    ClientMemory client_memory;
    std::atomic<uint64_t> connections{0};
    // Restricted connections, which are beyond those: they end after one HTTP request.
    std::atomic<uint64_t> restricted{0};
    std::atomic<uint64_t> accepted{0};
    std::atomic<uint64_t> refused{0};
    std::atomic<bool> draining{false};
    // SHUTDOWN SAVE: take a snapshot before the store is closed.
    std::atomic<bool> save_on_exit{false};
    // Counters of each I/O thread.
    std::vector<const LoopCounters*> loops;
    // Starts an orderly stop. Any thread.
    std::function<void()> request_stop;

    LongCalls long_calls;

    // A connection has ended.
    void left(bool was_restricted) noexcept {
        (was_restricted ? restricted : connections).fetch_sub(1, std::memory_order_relaxed);
    }
};

// What became of bytes that were handed to a protocol.
enum class Verdict : uint8_t {
    kMore,     // wants more bytes
    kYield,    // has more to do, after the output was sent
    kBlocked,  // a submitted command will complete through the event queue
    kPaused,   // the session owes the rest of its replies, after the output was sent
    kLong,     // what comes first of what is left takes too long for an I/O thread
    kClose,    // close once the output was sent
    kAbort     // close now and send nothing: the outcome is unknown or the client is gone
};

// A turn of one connection ends when its replies have grown by so much: others come first then.
inline constexpr size_t kTurnOutputBytes = 1024UL * 1024;
// Replies that one batch adds are delivered in parts beyond this. A batch of small ones, which
// limits.reply_bytes ends, does not come so far.
inline constexpr size_t kPauseBytes = 2 * kTurnOutputBytes;

struct Fed {
    size_t consumed = 0;
    Verdict verdict = Verdict::kMore;
    // What the replies depend on; position 0 when nothing.
    synap_token_t token{0, 0};
    // Why the connection is to be closed, when that is not the client's wish.
    CutReason reason = CutReason::kCount;
    // At least one request was completed.
    bool progressed = false;
    // Bytes received of a request that has begun and is incomplete; 0: there is none.
    size_t pending = 0;
};

// The later of two tokens of one store.
inline synap_token_t later(synap_token_t a, synap_token_t b) noexcept {
    if (a.epoch != b.epoch) return a.epoch > b.epoch ? a : b;
    return a.position > b.position ? a : b;
}

// Scratch memory and facts of one I/O thread, used by whichever connection is being served.
struct Services {
    Services(Shared& the_shared, Events the_events)
        : shared(the_shared), events(std::move(the_events)) {}

    Shared& shared;
    Events events;
    LoopCounters counters;
    resp::Batch batch;
    resp::Writer writer;
};

// One connection as its protocol sees it.
struct PeerContext {
    Services& services;
    synap_session_t* session;
    OutputBuffer& output;
    uint64_t id;  // tag of its events
};

// The size of the output at which the turn that begins now ends.
inline size_t end_of_turn(const PeerContext& context) noexcept {
    return std::min(context.output.pending() + kTurnOutputBytes,
                    context.services.shared.settings.limits.output_soft_bytes);
}

}  // namespace synap::server
