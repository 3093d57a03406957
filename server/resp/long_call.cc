#include "server/resp/long_call.h"

#include <new>

#include "server/resp/parser.h"

namespace synap::server::resp {

void LongCall::run(synap_session_t* session, const Limits& limits, const char* data,
                   size_t size) noexcept {
    try {
        Parser parser(limits);
        Batch batch;
        static_cast<void>(parser.parse(data, size, batch));
        const synap_call_t& call = batch.calls.at(0);
        bytes = batch.ends.at(0);
        synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
        options.flags = SYNAP_EXEC_NOWAIT;
        synap_reply_t* raw = nullptr;
        status = synap_exec(session, call.argv, call.argc, &options, &raw, &error);
        reply = Reply(raw);
    } catch (const std::exception&) {
        status = SYNAP_E_NO_MEMORY;
    }
}

}  // namespace synap::server::resp
