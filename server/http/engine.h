// The engine as HTTP handlers use it: one command at a time, the reply captured.
#pragma once

#include <initializer_list>
#include <span>

#include <synap/synap.h>
#include <synap/reply.hpp>

#include "server/http/capture.h"

namespace synap::server::http {

// Bound to the session of the request being answered. Never waits: what the replies depend on is
// token(), which the connection waits for before it sends the response.
class Engine {
public:
    void begin(synap_session_t* session) noexcept {
        session_ = session;
        token_ = {0, 0};
    }
    // Runs one command. The value, an error among them, is valid until the next run().
    Value run(std::span<const Arg> argv);
    Value run(std::initializer_list<Arg> argv) { return run(std::span(argv.begin(), argv.size())); }

    synap_token_t token() const noexcept { return token_; }
    // Frees what the last reply held.
    void end() noexcept { capture_.clear(); }

private:
    synap_session_t* session_ = nullptr;
    synap_token_t token_{0, 0};
    Capture capture_;
};

}  // namespace synap::server::http
