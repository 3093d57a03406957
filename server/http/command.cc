#include "server/http/command.h"

#include <algorithm>

namespace synap::server::http {
namespace {

constexpr std::array kEnvelopeFields = {
    FieldSpec{.name = "command", .required = true, .help = "one of the names below"},
    FieldSpec{.name = "request_id", .required = true, .help = "comes back in the response"},
    FieldSpec{.name = "payload",
              .type = FieldType::kAny,
              .required = true,
              .help = "an object with the command's fields; null has none"},
};

const DottedCommand* find_command(std::string_view name) noexcept {
    const auto mapped = mapped_commands();
    const auto found = std::ranges::lower_bound(mapped, name, {}, &DottedCommand::name);
    if (found != mapped.end() && found->name == name) return &*found;
    for (const DottedCommand& command : report_commands()) {
        if (command.name == name) return &command;
    }
    return nullptr;
}

Failure run(Exchange& exchange, std::string_view name, Json payload) {
    const DottedCommand* const command = find_command(name);
    if (command == nullptr) return ApiError{400, "Unknown command: " + std::string(name)};
    Fields fields;
    if (const FieldError error = fields.read(payload, command->fields)) {
        return invalid_request(*error);
    }
    if (command->mapping != nullptr) return run_mapping(exchange, *command->mapping, fields);
    return command->handler(exchange, fields);
}

}  // namespace

FieldSpecs envelope_fields() noexcept { return kEnvelopeFields; }

void run_envelope(Exchange& exchange, const Fields& envelope, std::string& scratch) {
    scratch.clear();
    Exchange inner{exchange.shared, exchange.engine, JsonWriter(scratch)};
    const Failure failure = run(inner, envelope.text("command"), envelope.any("payload"));
    JsonWriter& json = exchange.json;
    json.begin_object();
    json.member("success", !failure);
    json.member("request_id", envelope.text("request_id"));
    json.key("payload");
    json.raw(failure ? std::string_view("null") : std::string_view(scratch));
    json.key("error");
    if (failure) {
        json.text(failure->text);
    } else {
        json.null();
    }
    json.end_object();
}

}  // namespace synap::server::http
