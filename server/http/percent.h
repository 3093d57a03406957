// Percent-encoding of paths and queries.
#pragma once

#include <string>
#include <string_view>

namespace synap::server::http {

// Replaces %XX (and, in queries, +) and appends to `out`; false when an escape is broken.
[[nodiscard]] bool percent_decode(std::string_view text, bool plus_is_blank, std::string& out);

}  // namespace synap::server::http
