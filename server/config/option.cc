#include "server/config/option.h"

#include <algorithm>
#include <stdexcept>

#include "server/config/options.h"

namespace synap::server::config {

namespace {

std::vector<std::string> split(std::string_view text, char between) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const auto at = text.find(between);
        parts.emplace_back(text.substr(0, at));
        text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
    }
    return parts;
}

Kind kind_of_engine_type(std::string_view type) {
    if (type == "bool") return Kind::kBool;
    if (type == "int") return Kind::kInt;
    if (type == "bytes") return Kind::kBytes;
    if (type == "ms") return Kind::kDuration;
    return type.find('|') == std::string_view::npos ? Kind::kText : Kind::kChoice;
}

Option from_spec(const OptionSpec& spec) {
    Option option;
    option.key = spec.key;
    option.shape = {spec.kind, spec.min,         spec.max,
                    spec.unit, spec.allows_auto, split(spec.choices, '|')};
    option.env = env_name(spec.key);
    option.env_alias = spec.env_alias;
    option.flag = spec.flag;
    option.help = spec.help;
    option.is_secret = spec.is_secret;
    option.needs = spec.needs;
    option.needs_when = spec.needs_when;
    option.engine = spec.engine;
    option.same_as = spec.same_as;
    option.bind = spec.bind;
    return option;
}

// Kind, range and default are the engine's; it is the engine, too, that checks the range.
void adopt_engine(Option& option, const EngineOption& engine) {
    Shape& shape = option.shape;
    shape.kind = kind_of_engine_type(engine.type);
    shape.min = shape.kind == Kind::kInt ? std::numeric_limits<int64_t>::min() : 0;
    shape.max = kIntMax;
    if (shape.kind == Kind::kChoice) shape.choices = split(engine.type, '|');
    // The engine states its range in its own units.
    option.range = shape.kind == Kind::kChoice ? engine.type : shape.unit == 1 ? engine.range : "";
    if (option.help.empty()) option.help = engine.help;
    if (shape.allows_auto) {
        option.default_value = Auto{};
        option.range += option.range.empty() ? "or auto" : ", or auto";
        return;
    }
    Shape plain = shape;
    plain.unit = 1;  // the engine counts bytes and milliseconds
    std::string expected;
    if (!parse_value(plain, engine.default_value, option.default_value, expected)) {
        throw std::logic_error("engine option " + engine.name + " has the default '" +
                               engine.default_value + "', which is not " + expected);
    }
}

Option pass_through(const EngineOption& engine) {
    Option option;
    option.key = "engine." + engine.name;
    option.env = env_name(option.key);
    option.engine = engine.name;
    adopt_engine(option, engine);
    return option;
}

bool is_managed(std::string_view engine_name) {
    const auto managed = managed_engine_options();
    return std::any_of(managed.begin(), managed.end(),
                       [&](const auto& option) { return option.first == engine_name; });
}

bool starts_section(std::string_view key, std::string_view prefix) {
    return key.size() > prefix.size() && key.starts_with(prefix) && key[prefix.size()] == '.';
}

}  // namespace

std::string env_name(std::string_view key) {
    std::string name = "SYNAP_";
    for (const char c : key) {
        if (c == '.') {
            name += '_';
        } else {
            name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        }
    }
    return name;
}

OptionTable::OptionTable(EngineCatalog engine) : engine_(std::move(engine)) {
    const ServerConfig defaults;
    std::vector<std::string_view> mapped;
    for (const OptionSpec& spec : option_specs()) {
        Option option = from_spec(spec);
        if (!spec.engine.empty()) {
            const EngineOption* known = engine_.find(spec.engine);
            if (!known) {
                throw std::logic_error("this libsynap has no option " + std::string(spec.engine) +
                                       ", which " + option.key + " sets");
            }
            mapped.push_back(spec.engine);
            adopt_engine(option, *known);
        } else if (!spec.same_as.empty()) {
            option.shape = find(spec.same_as)->shape;
            option.shape.unit = spec.unit;
        } else {
            option.default_value = spec.bind.load(defaults);
            option.range = describe_range(option.shape);
        }
        options_.push_back(std::move(option));
    }
    for (const EngineOption& known : engine_.options) {
        if (!is_managed(known.name) &&
            std::find(mapped.begin(), mapped.end(), known.name) == mapped.end()) {
            options_.push_back(pass_through(known));
        }
    }
}

const Option* OptionTable::find(std::string_view key) const {
    const auto found = std::find_if(options_.begin(), options_.end(),
                                    [&](const Option& option) { return option.key == key; });
    return found == options_.end() ? nullptr : &*found;
}

const Option* OptionTable::find_env(std::string_view variable) const {
    const auto found = std::find_if(options_.begin(), options_.end(), [&](const Option& option) {
        return option.env == variable || (option.env_alias == variable && !variable.empty());
    });
    return found == options_.end() ? nullptr : &*found;
}

bool OptionTable::is_section(std::string_view prefix) const {
    return std::any_of(options_.begin(), options_.end(),
                       [&](const Option& option) { return starts_section(option.key, prefix); });
}

std::vector<std::string> OptionTable::names() const {
    std::vector<std::string> all;
    for (const Option& option : options_) {
        for (auto dot = option.key.find('.'); dot != std::string::npos;
             dot = option.key.find('.', dot + 1)) {
            std::string section = option.key.substr(0, dot);
            if (std::find(all.begin(), all.end(), section) == all.end()) {
                all.push_back(std::move(section));
            }
        }
        all.push_back(option.key);
    }
    return all;
}

}  // namespace synap::server::config
