#include "server/config/origin.h"

#include <algorithm>

namespace synap::server::config {

std::string Origin::text() const {
    switch (layer) {
        case Layer::kDefault:
            return "default";
        case Layer::kFile:
            if (line == 0) return name;
            return name + ":" + std::to_string(line) + ":" + std::to_string(column);
        case Layer::kEnvironment:
            return "environment variable " + name;
        case Layer::kFlag:
            return "flag " + name;
    }
    return name;
}

std::string Problem::text() const {
    std::string text = fatal ? "" : "warning: ";
    text += origin.layer == Layer::kDefault ? message : origin.text() + ": " + message;
    // Messages quote what files and variables contain; a terminal must not obey it.
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        c = byte < 0x20 || byte == 0x7f ? '?' : c;
    }
    return text;
}

bool has_errors(const Problems& problems) {
    return std::any_of(problems.begin(), problems.end(), [](const Problem& p) { return p.fatal; });
}

}  // namespace synap::server::config
