// The key.* commands of the command endpoint, and those that look at the server.
#include <array>
#include <string>

#include "server/http/command.h"

namespace synap::server::http {
namespace {

Failure rename(Exchange& exchange, const Fields& payload) {
    return rename_key(exchange, payload.text("source"), payload.text("destination"), false);
}

Failure renamenx(Exchange& exchange, const Fields& payload) {
    return rename_key(exchange, payload.text("source"), payload.text("destination"), true);
}

Failure copy(Exchange& exchange, const Fields& payload) {
    const std::string_view source = payload.text("source");
    const std::string_view destination = payload.text("destination");
    CopyOutcome outcome{};
    if (auto failure = copy_key(exchange, source, destination, payload.flag("replace"), outcome)) {
        return failure;
    }
    switch (outcome) {
        case CopyOutcome::kNoSource:
            return key_not_found(source);
        case CopyOutcome::kTargetExists:
            return invalid_request("Destination key already exists and replace=false");
        case CopyOutcome::kCopied:
            break;
    }
    write_moved(exchange.json, true, source, destination);
    return std::nullopt;
}

Failure server_info(Exchange& exchange, const Fields& payload) {
    return info(exchange, payload.text("section"));
}

Failure usage(Exchange& exchange, const Fields& payload) {
    return memory_usage(exchange, payload.text("key"), false);
}

Failure clients(Exchange& exchange, const Fields& /*payload*/) { return client_list(exchange); }

constexpr FieldSpec kSource{.name = "source", .required = true};
constexpr FieldSpec kDestination{.name = "destination", .required = true};

constexpr std::array kNothing = {kClientId};
constexpr std::array kOneKey = {kKeyField, kClientId};
constexpr std::array kMove = {kSource, kDestination, kClientId};
constexpr std::array kCopy = {kSource, kDestination,
                              FieldSpec{.name = "replace",
                                        .type = FieldType::kFlag,
                                        .fallback = "false",
                                        .help = "overwrite the destination"},
                              kClientId};
constexpr std::array kInfo = {kSectionField, kClientId};

constexpr auto kCommands = std::to_array<DottedCommand>({
    {"key.rename", rename, kMove, "Renames a key, over what has the new name.",
     R"({"success": true, "source":..., "destination":...})", "Key not found"},
    {"key.renamenx", renamenx, kMove, "Renames a key unless the new name is taken.",
     R"({"success": true, "source":..., "destination":...})",
     "Key not found; Destination key already exists"},
    {"key.copy", copy, kCopy, "Copies a key with its deadline.",
     R"({"success": true, "source":..., "destination":...})",
     "Key not found; Destination key already exists"},
    {"info", server_info, kInfo, "Facts of the server, as INFO.",
     R"({"server": {...}, "memory": {...}, ...})"},
    {"memory.usage", usage, kOneKey, "Memory of a key and its value.",
     R"({"key":..., "bytes": 72, "human": "72B"})", "Key not found"},
    {"client.list", clients, kNothing, "Connected clients.", R"({"clients": [{...}], "count": 1})"},
});

}  // namespace

std::span<const DottedCommand> key_commands() noexcept { return kCommands; }

}  // namespace synap::server::http
