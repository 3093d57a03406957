// The texts in which servers tell facts: lines of INFO, and facts of one line as in CLIENT LIST.
#pragma once

#include <string_view>

namespace synap::server {

// Calls body(line) for each line of `text`, line ends removed.
template <typename Body>
void each_line(std::string_view text, Body&& body) {
    while (!text.empty()) {
        const size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        body(line);
    }
}

// Calls body(name, value) for each "name=value" of a line with `separator` between them.
template <typename Body>
void each_fact(std::string_view line, char separator, Body&& body) {
    while (!line.empty()) {
        const size_t end = line.find(separator);
        const std::string_view fact = line.substr(0, end);
        line.remove_prefix(end == std::string_view::npos ? line.size() : end + 1);
        const size_t equals = fact.find('=');
        if (equals != std::string_view::npos) body(fact.substr(0, equals), fact.substr(equals + 1));
    }
}

}  // namespace synap::server
