// POST /api/v1/command: dotted commands in a JSON envelope.
#pragma once

#include <span>
#include <string_view>

#include "server/http/operations.h"

namespace synap::server::http {

/// Writes the command's result payload, or returns why there is none.
using CommandHandler = Failure (*)(Exchange& exchange, const Fields& payload);

struct DottedCommand {
    std::string_view name;
    CommandHandler handler;
};

/// The commands of each family.
std::span<const DottedCommand> kv_commands() noexcept;
std::span<const DottedCommand> key_commands() noexcept;

/// Answers an envelope: writes the four members of the response. Returns a plain failure when the
/// envelope itself is not one (422).
Failure run_envelope(Exchange& exchange, Json envelope, std::string& scratch);

}  // namespace synap::server::http
