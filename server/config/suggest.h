// "Did you mean ...?"
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace synap::server::config {

// Edits (insert, delete, replace, swap neighbours) between two short words.
size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` was probably meant to be; empty when none is near. For dotted keys a
// candidate whose last part alone was written ("port" for "server.port") is near as well.
std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

// "; did you mean server.port?", or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace synap::server::config
