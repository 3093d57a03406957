// Inline commands: what a person types into a socket.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include <synap/synap.h>

namespace synap::server::resp {

// Splits a line into arguments by the quoting rules of redis-cli and appends them to `args`:
// blanks separate, "..." knows \n \r \t \b \a \xHH and \", '...' knows \'. Arguments view `line`
// unless quotes were in them: those are kept in `unquoted`. False when quotes are unbalanced.
[[nodiscard]] bool split_inline(std::string_view line, std::vector<synap_arg_t>& args,
                                std::deque<std::string>& unquoted);

}  // namespace synap::server::resp
