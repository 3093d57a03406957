// Any text as a configuration file: no crash, bounded messages, and what is accepted survives being
// printed and loaded again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "server/config/config.h"
#include "server/config/print.h"
#include "server/config/yaml_file.h"

namespace {

using namespace synap::server::config;

const OptionTable& table() {
    static const OptionTable built(engine_catalog());
    return built;
}

Loaded load_text(std::string_view text, bool& syntax_ok) {
    std::vector<Setting> settings;
    Problems problems;
    parse_yaml(table(), text, "fuzz.yml", settings, problems);
    if (problems.size() > kYamlProblemsMax + 1) std::abort();
    for (const Problem& problem : problems) {
        if (problem.text().empty()) std::abort();
    }
    syntax_ok = !has_errors(problems);
    return load({table(), "", {}, settings, {}, 1});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    bool syntax_ok = false;
    const Loaded first = load_text(text, syntax_ok);
    if (!syntax_ok || !first.ok()) return 0;
    const Loaded second = load_text(print_config(first), syntax_ok);
    if (!syntax_ok || !second.ok() || first.values.size() != second.values.size()) std::abort();
    for (size_t i = 0; i < first.values.size(); ++i) {
        if (first.values[i].value != second.values[i].value) std::abort();
    }
    return 0;
}
