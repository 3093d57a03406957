// POST /api/v1/command: dotted commands in a JSON envelope.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "server/http/fields.h"
#include "server/http/mapping.h"

namespace synap::server::http {

// Writes the command's result payload, or returns why there is none. The payload has been checked
// against the command's fields.
using CommandHandler = Failure (*)(Exchange& exchange, const Fields& payload);

// One command as data: the endpoint, the reader of fields and docs/http.md work from it.
struct DottedCommand {
    std::string_view name;
    CommandHandler handler;
    FieldSpecs fields;
    // For people.
    std::string_view summary;
    std::string_view reply;
    std::string_view errors = {};
    // Instead of a handler: the command is data.
    const Mapping* mapping = nullptr;
};

// Those that are data in the command table (generated/mappings.cc), by name.
std::span<const DottedCommand> mapped_commands() noexcept;
// Those that make an object out of a text for people.
std::span<const DottedCommand> report_commands() noexcept;
inline std::array<std::span<const DottedCommand>, 2> all_commands() noexcept {
    return {mapped_commands(), report_commands()};
}

// Members of an envelope. Others are passed over (Unknown::kIgnore): the contract says so, and as
// all three are required, none can be lost by a misspelt name.
FieldSpecs envelope_fields() noexcept;

// Answers an envelope: writes the four members of the response.
void run_envelope(Exchange& exchange, const Fields& envelope, std::string& scratch);

}  // namespace synap::server::http
