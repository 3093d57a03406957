#include "server/http/engine.h"

#include <string>

#include <synap/error.hpp>

#include "server/net/services.h"

namespace synap::server::http {

Value Engine::run(std::span<const Arg> argv) {
    capture_.clear();
    synap_exec_options_t options = SYNAP_EXEC_OPTIONS_INIT;
    options.flags = SYNAP_EXEC_NOWAIT;
    const synap_call_t call{&argv.data()->raw(), argv.size()};
    size_t done = 0;
    synap_token_t token{0, 0};
    synap_error_t* error = nullptr;
    const synap_status_t status =
        synap_exec_many(session_, &call, 1, &options, capture_.sink(), &done, &token, &error);
    token_ = later(token_, token);
    if (done == 0 || capture_.empty()) {
        std::string text = "ERR ";
        text += error != nullptr          ? to_view(synap_error_message(error))
                : status == SYNAP_PENDING ? "the command would have to wait"
                                          : "the command is not available over HTTP";
        capture_.clear();
        static_cast<void>(
            capture_.sink()->error(capture_.sink()->ctx, SYNAP_REPLY_ERR, to_bytes(text)));
    }
    synap_error_free(error);
    return capture_.root();
}

}  // namespace synap::server::http
