#include "server/http/command.h"

namespace synap::server::http {
namespace {

CommandHandler find_command(std::string_view name) noexcept {
    for (const auto family : {kv_commands(), key_commands()}) {
        for (const DottedCommand& command : family) {
            if (command.name == name) {
                return command.handler;
            }
        }
    }
    return nullptr;
}

}  // namespace

Failure run_envelope(Exchange& exchange, Json envelope, std::string& scratch) {
    const Fields fields = Fields::of(envelope);
    const auto command = fields.text("command");
    const auto request_id = fields.text("request_id");
    const auto payload = fields.any("payload");
    if (!command) {
        return unprocessable("command");
    }
    if (!request_id) {
        return unprocessable("request_id");
    }
    if (!payload) {
        return unprocessable("payload");
    }
    scratch.clear();
    Exchange inner{exchange.shared, exchange.engine, JsonWriter(scratch)};
    const CommandHandler handler = find_command(*command);
    const Failure failure =
        handler != nullptr ? handler(inner, Fields::of(*payload))
                           : Failure(ApiError{400, "Unknown command: " + std::string(*command)});
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("success", !failure);
    json.member("request_id", *request_id);
    json.key("payload");
    json.raw(failure ? std::string_view("null") : std::string_view(scratch));
    json.key("error");
    if (failure) {
        json.text(failure->text);
    } else {
        json.null();
    }
    json.end_object();
    return std::nullopt;
}

}  // namespace synap::server::http
