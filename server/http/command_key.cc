// The key.* commands of the command endpoint, and those that look at the server.
#include <array>
#include <string>

#include "server/http/command.h"

namespace synap::server::http {
namespace {

ApiError missing(const char* field) {
    return invalid_request("Missing '" + std::string(field) + "' field");
}

Failure type(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    return key ? key_type(exchange, *key) : missing("key");
}

Failure exists(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    return key ? key_exists(exchange, *key) : missing("key");
}

Failure move(Exchange& exchange, const Fields& payload, bool only_new) {
    const auto source = payload.text("source");
    const auto destination = payload.text("destination");
    if (!source || !destination) {
        return missing(source ? "destination" : "source");
    }
    return rename_key(exchange, *source, *destination, only_new);
}

Failure rename(Exchange& exchange, const Fields& payload) { return move(exchange, payload, false); }

Failure renamenx(Exchange& exchange, const Fields& payload) {
    return move(exchange, payload, true);
}

Failure copy(Exchange& exchange, const Fields& payload) {
    const auto source = payload.text("source");
    const auto destination = payload.text("destination");
    if (!source || !destination) {
        return missing(source ? "destination" : "source");
    }
    CopyOutcome outcome{};
    if (auto failure =
            copy_key(exchange, *source, *destination, payload.flag("replace"), outcome)) {
        return failure;
    }
    switch (outcome) {
        case CopyOutcome::kNoSource:
            return key_not_found(*source);
        case CopyOutcome::kTargetExists:
            return invalid_request("Destination key already exists and replace=false");
        case CopyOutcome::kCopied:
            break;
    }
    write_moved(exchange.json, true, *source, *destination);
    return std::nullopt;
}

Failure randomkey(Exchange& exchange, const Fields& /*payload*/) { return random_key(exchange); }

Failure server_info(Exchange& exchange, const Fields& payload) {
    return info(exchange, payload.text("section").value_or(""));
}

Failure usage(Exchange& exchange, const Fields& payload) {
    const auto key = payload.text("key");
    return key ? memory_usage(exchange, *key, false) : missing("key");
}

Failure clients(Exchange& exchange, const Fields& /*payload*/) { return client_list(exchange); }

constexpr std::array kCommands = {
    DottedCommand{"key.type", type},       DottedCommand{"key.exists", exists},
    DottedCommand{"key.rename", rename},   DottedCommand{"key.renamenx", renamenx},
    DottedCommand{"key.copy", copy},       DottedCommand{"key.randomkey", randomkey},
    DottedCommand{"info", server_info},    DottedCommand{"memory.usage", usage},
    DottedCommand{"client.list", clients},
};

}  // namespace

std::span<const DottedCommand> key_commands() noexcept { return kCommands; }

}  // namespace synap::server::http
