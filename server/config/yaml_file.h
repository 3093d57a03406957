// YAML text to settings: every key and value with its place, nothing interpreted beyond shape.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/config/option.h"
#include "server/config/origin.h"

namespace synap::server::config {

inline constexpr size_t kYamlBytesMax = 1024 * 1024;
inline constexpr size_t kYamlDepthMax = 16;
inline constexpr size_t kYamlProblemsMax = 100;

// Appends to `settings` what `text` sets and to `problems` what is wrong with it: bad syntax,
// unknown and repeated keys, a section where a value belongs and the reverse. `name` is how
// messages call the file. Throws nothing but std::bad_alloc, whatever the text.
void parse_yaml(const OptionTable& table, std::string_view text, const std::string& name,
                std::vector<Setting>& settings, Problems& problems);

// The same for a file. False, with one problem more, when it cannot be read or is too large.
bool load_yaml(const OptionTable& table, const std::string& path, std::vector<Setting>& settings,
               Problems& problems);

}  // namespace synap::server::config
