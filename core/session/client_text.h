// How CLIENT shows a session, and what its names may consist of.
#pragma once

#include <string>
#include <string_view>

namespace synap {

class CommandContext;
class Clock;
class Session;

// One line of CLIENT LIST without the line break. From any thread while the session exists.
std::string describe_client(const Session& session, Clock& clock);

// Printable ASCII without blanks, so that a line of CLIENT LIST can be taken apart again.
bool is_client_attribute(std::string_view text) noexcept;

// False, with the error replied, when a session cannot have this name.
bool check_client_name(CommandContext& ctx, std::string_view name);

}  // namespace synap
