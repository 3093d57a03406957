// The call at the front of what a client sent, run at a place that has the time for it.
#pragma once

#include <cstddef>

#include <synap/reply.hpp>

#include "server/config/settings.h"

namespace synap::server::resp {

struct LongCall {
    LongCall() = default;
    LongCall(const LongCall&) = delete;
    LongCall& operator=(const LongCall&) = delete;
    ~LongCall() { synap_error_free(error); }

    // data[0, size) begins with a whole call, which session and data outlive. On any thread, which
    // has the session to itself.
    void run(synap_session_t* session, const Limits& limits, const char* data,
             size_t size) noexcept;

    synap_status_t status = SYNAP_E_NO_MEMORY;
    Reply reply;
    synap_error_t* error = nullptr;
    size_t bytes = 0;  // of the call; 0 where there was no memory to read it
};

}  // namespace synap::server::resp
