#define SYNAP_UNSTABLE_API
#include "server/resp/peer.h"

#include <synap/synap_unstable.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace synap::server::resp {
namespace {

// Commands that the server itself must see: those that change how replies are written, and the
// one that ends the connection.
enum class Special : uint8_t { kNone, kAlone, kQuit };

std::string_view argument(const synap_call_t& call, size_t i) noexcept {
    return to_view(call.argv[i].as.b);
}

bool equals(std::string_view text, std::string_view lower) noexcept {
    if (text.size() != lower.size()) return false;
    for (size_t i = 0; i < text.size(); ++i) {
        if ((text[i] | 0x20) != lower[i]) return false;
    }
    return true;
}

Special classify(const synap_call_t& call) noexcept {
    const std::string_view name = argument(call, 0);
    if (name.size() == 5) {
        return equals(name, "hello") || equals(name, "reset") ? Special::kAlone : Special::kNone;
    }
    return name.size() == 4 && equals(name, "quit") ? Special::kQuit : Special::kNone;
}

synap_exec_options_t nowait() noexcept {
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.flags = SYNAP_EXEC_NOWAIT;
    return options;
}

// Writes a whole reply. A reply that was cut short has ruined the stream.
Verdict write_reply(Writer& writer, const Reply& reply) noexcept {
    const synap_status_t status = synap_reply_walk(reply.raw(), writer.sink(), nullptr);
    return status == SYNAP_OK ? Verdict::kMore : Verdict::kAbort;
}

// Writes what the engine says about a call that it could not run.
void write_failure(Writer& writer, const synap_error_t* error) {
    std::string text = "ERR ";
    text += error != nullptr ? to_view(synap_error_message(error)) : "out of memory";
    writer.error(text);
}

}  // namespace

Fed Peer::feed(const PeerContext& context, const char* data, size_t size) {
    Services& services = context.services;
    Batch& batch = services.batch;
    const Limits& limits = services.shared.settings.limits;
    const size_t turn_end = end_of_turn(context);
    services.writer.bind(context.output, synap_session_protocol(context.session),
                         std::max(turn_end, context.output.pending()) + kPauseBytes);
    Fed total;
    for (;;) {
        const Parsed parsed = parser_.parse(data + total.consumed, size - total.consumed, batch);
        const Fed part = run(context, batch, turn_end);
        total.consumed += part.consumed;
        total.token = later(total.token, part.token);
        total.verdict = part.verdict;
        total.progressed = total.progressed || part.consumed != 0;
        if (part.consumed != batch.consumed) parser_.reset();
        if (services.writer.failed()) {
            total.verdict = Verdict::kAbort;
            total.reason = CutReason::kOutputLimit;
        }
        // What takes long comes when all before it is answered.
        if (total.verdict == Verdict::kLong && total.consumed != 0) total.verdict = Verdict::kYield;
        if (total.verdict != Verdict::kMore) return total;
        if (parsed == Parsed::kError) {
            services.writer.error("ERR " + parser_.error());
            total.verdict = Verdict::kClose;
            total.reason = CutReason::kProtocolError;
            return total;
        }
        if (parsed == Parsed::kNeedMore) {
            total.pending = size - total.consumed;
            if (total.pending > limits.resp_query_bytes) {
                total.verdict = Verdict::kAbort;
                total.reason = CutReason::kQueryLimit;
            }
            return total;
        }
        if (context.output.pending() > turn_end) {
            total.verdict = Verdict::kYield;
            return total;
        }
    }
}

// Runs a batch until its end or until a call that ends or blocks the connection.
Fed Peer::run(const PeerContext& context, const Batch& batch, size_t turn_end) {
    Services& services = context.services;
    synap_exec_options_t options = nowait();
    options.flags |= uint32_t{SYNAP_EXEC_PAUSES} | uint32_t{SYNAP_EXEC_BRIEF};
    const size_t n = batch.calls.size();
    Fed fed;
    size_t i = 0;
    services.counters.resp_batches.add();
    while (i < n && fed.verdict == Verdict::kMore) {
        const Special special = classify(batch.calls[i]);
        if (special != Special::kNone) {
            if (special == Special::kQuit) {
                services.writer.status("OK");
                fed.verdict = Verdict::kClose;
            } else {
                fed.verdict = run_alone(context, batch.calls[i]);
            }
            ++i;
            continue;
        }
        size_t end = i + 1;
        while (end < n && classify(batch.calls[end]) == Special::kNone) {
            ++end;
        }
        size_t done = 0;
        synap_token_t token{0, 0};
        synap_error_t* error = nullptr;
        const synap_status_t status =
            synap_exec_many(context.session, &batch.calls[i], end - i, &options,
                            services.writer.sink(), &done, &token, &error);
        fed.token = later(fed.token, token);
        i += done;
        if (status == SYNAP_PAUSED) {
            paused_ = services.writer.suspend();
            fed.verdict = Verdict::kPaused;
        } else if (status == SYNAP_LONG) {
            fed.verdict = Verdict::kLong;
        } else if (status != SYNAP_OK) {
            if (i == end) {
                synap_error_free(error);
                fed.verdict = Verdict::kAbort;
                break;
            }
            fed.verdict = stop_at(context, status, batch.calls[i], error);
            ++i;
        } else if (i < end && context.output.pending() > turn_end) {
            fed.verdict = Verdict::kYield;
        }
        services.writer.set_protocol(synap_session_protocol(context.session));
    }
    services.counters.resp_commands.add(i);
    fed.consumed = i == n ? batch.consumed : i == 0 ? 0 : batch.ends[i - 1];
    return fed;
}

Fed Peer::resume(const PeerContext& context) {
    Writer& writer = context.services.writer;
    writer.bind(context.output, synap_session_protocol(context.session),
                context.output.pending() + kTurnOutputBytes);
    writer.restore(std::exchange(paused_, {}));
    const synap_status_t status = synap_exec_resume(context.session, writer.sink(), nullptr);
    Fed fed;
    if (status == SYNAP_PAUSED) {
        paused_ = writer.suspend();
        fed.verdict = Verdict::kPaused;
    } else if (status != SYNAP_OK) {
        fed.verdict = Verdict::kAbort;
        fed.reason = writer.failed() ? CutReason::kOutputLimit : CutReason::kNoMemory;
    }
    return fed;
}

// HELLO and RESET change the protocol of their own reply, so they are run without a sink and
// written once the new protocol is known.
Verdict Peer::run_alone(const PeerContext& context, const synap_call_t& call) {
    Writer& writer = context.services.writer;
    synap_exec_options_t options = nowait();
    options.durability = SYNAP_DURABILITY_MEMORY;
    synap_reply_t* raw = nullptr;
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_exec(context.session, call.argv, call.argc, &options, &raw, &error);
    if (status != SYNAP_OK) return stop_at(context, status, call, error);
    const Reply reply(raw);
    writer.set_protocol(synap_session_protocol(context.session));
    return write_reply(writer, reply);
}

// The engine stopped before `call`. Says how the connection goes on behind it.
Verdict Peer::stop_at(const PeerContext& context, synap_status_t status, const synap_call_t& call,
                      synap_error_t* error) {
    switch (status) {
        case SYNAP_PENDING:
            return submit(context, call);
        case SYNAP_HOST:
            return run_for_host(context, call);
        case SYNAP_E_SINK:
        case SYNAP_E_SHUTDOWN:
        case SYNAP_E_INVALID_HANDLE:
            synap_error_free(error);
            return Verdict::kAbort;
        default:
            write_failure(context.services.writer, error);
            synap_error_free(error);
            return Verdict::kMore;
    }
}

Verdict Peer::submit(const PeerContext& context, const synap_call_t& call) {
    Writer& writer = context.services.writer;
    synap_reply_t* raw = nullptr;
    synap_error_t* error = nullptr;
    uint64_t op = 0;
    const synap_status_t status =
        synap_submit(context.session, call.argv, call.argc, nullptr, context.services.events.raw(),
                     context.id, &raw, &op, &error);
    if (status == SYNAP_PENDING) return Verdict::kBlocked;
    if (status == SYNAP_HOST) return run_for_host(context, call);
    if (status != SYNAP_OK) {
        write_failure(writer, error);
        synap_error_free(error);
        return status == SYNAP_E_SHUTDOWN ? Verdict::kAbort : Verdict::kMore;
    }
    const Reply reply(raw);
    return write_reply(writer, reply);
}

bool Peer::complete(const PeerContext& context, const Reply& reply, const synap_error_t* error) {
    Writer& writer = context.services.writer;
    writer.bind(context.output, synap_session_protocol(context.session));
    if (reply) return write_reply(writer, reply) == Verdict::kMore;
    write_failure(writer, error);
    return !writer.failed();
}

Verdict Peer::finish(const PeerContext& context, const LongCall& call) {
    Writer& writer = context.services.writer;
    writer.bind(context.output, synap_session_protocol(context.session));
    context.services.counters.resp_commands.add();
    if (call.bytes == 0 || call.status == SYNAP_E_SHUTDOWN) return Verdict::kAbort;
    if (call.status == SYNAP_OK) return write_reply(writer, call.reply);
    write_failure(writer, call.error);
    return writer.failed() ? Verdict::kAbort : Verdict::kMore;
}

// SHUTDOWN [NOSAVE | SAVE] [NOW] [FORCE] [ABORT]: no reply when it is obeyed.
Verdict Peer::run_for_host(const PeerContext& context, const synap_call_t& call) {
    Writer& writer = context.services.writer;
    Shared& shared = context.services.shared;
    if (!equals(argument(call, 0), "shutdown")) {
        writer.error("ERR " + std::string(argument(call, 0)) + " is not available here");
        return Verdict::kMore;
    }
    bool save = false;
    bool nosave = false;
    bool abort = false;
    for (size_t i = 1; i < call.argc; ++i) {
        const std::string_view option = argument(call, i);
        if (equals(option, "save")) {
            save = true;
        } else if (equals(option, "nosave")) {
            nosave = true;
        } else if (equals(option, "abort")) {
            abort = true;
        } else if (!equals(option, "now") && !equals(option, "force")) {
            writer.error("ERR syntax error");
            return Verdict::kMore;
        }
    }
    if ((save && nosave) || (abort && call.argc > 2)) {
        writer.error("ERR syntax error");
        return Verdict::kMore;
    }
    if (abort) {
        writer.error("ERR No shutdown in progress.");
        return Verdict::kMore;
    }
    if (save) shared.save_on_exit.store(true, std::memory_order_relaxed);
    shared.request_stop();
    return Verdict::kClose;
}

}  // namespace synap::server::resp
