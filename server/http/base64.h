// Base64 (RFC 4648, with padding).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace synap::server::http {

std::string to_base64(std::string_view bytes);

// None when the text is not exactly what to_base64 gives for some bytes.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace synap::server::http
