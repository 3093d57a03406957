// The RESP side of one connection: bytes in, commands run as batches, replies out.
#pragma once

#include <cstddef>

#include <synap/reply.hpp>

#include "server/net/services.h"
#include "server/resp/long_call.h"
#include "server/resp/parser.h"

namespace synap::server::resp {

class Peer {
public:
    explicit Peer(const Limits& limits) noexcept : parser_(limits) {}

    // Runs the complete commands at the front of data[0, size) and appends their replies to the
    // output, in order. Bytes that were not consumed must be offered again, with more behind
    // them or, after any verdict but kMore, as they are.
    Fed feed(const PeerContext& context, const char* data, size_t size);

    // Goes on with the replies that the session owes, after kPaused: which may come again.
    Fed resume(const PeerContext& context);

    // The command that blocked this connection has completed. `error` is NULL for a success.
    // False when the output is full and the connection must be cut.
    [[nodiscard]] bool complete(const PeerContext& context, const Reply& reply,
                                const synap_error_t* error);

    // The call that took long has ended.
    Verdict finish(const PeerContext& context, const LongCall& call);

private:
    Fed run(const PeerContext& context, const Batch& batch, size_t turn_end);
    Verdict run_alone(const PeerContext& context, const synap_call_t& call);
    Verdict submit(const PeerContext& context, const synap_call_t& call);
    Verdict run_for_host(const PeerContext& context, const synap_call_t& call);
    Verdict stop_at(const PeerContext& context, synap_status_t status, const synap_call_t& call,
                    synap_error_t* error);

    Parser parser_;
    Writer::Levels paused_;  // where the reply that is owed stands
};

}  // namespace synap::server::resp
