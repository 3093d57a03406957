// One option of the server: what it is called everywhere, what it takes and where it goes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "server/config/engine_options.h"
#include "server/config/server_config.h"
#include "server/config/value.h"

namespace synap::server::config {

// Moves a value between the configuration and its member of ServerConfig.
struct Binding {
    void (*store)(ServerConfig&, const Value&) = nullptr;
    Value (*load)(const ServerConfig&) = nullptr;
};

// `scale` is what one of the member's units counts in the value's: 1000 for seconds.
template <int64_t scale, typename T>
void assign(T& member, const Value& value) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        const auto* number = std::get_if<int64_t>(&value);
        member = number ? static_cast<T>(*number / scale) : T{0};  // auto is 0
    } else {
        member = std::get<T>(value);
    }
}

template <int64_t scale, bool zero_is_auto, typename T>
Value read(const T& member) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
        return zero_is_auto && member == 0 ? Value(Auto{})
                                           : Value(static_cast<int64_t>(member) * scale);
    } else {
        return member;
    }
}

// to<&ServerConfig::settings, &Settings::port>()
template <auto... Path>
constexpr Binding to() {
    return {[](ServerConfig& c, const Value& value) { assign<1>((c.*....*Path), value); },
            [](const ServerConfig& c) { return read<1, false>((c.*....*Path)); }};
}

// The same for a member that counts seconds, and for one whose 0 means auto.
template <auto... Path>
constexpr Binding to_seconds() {
    return {[](ServerConfig& c, const Value& value) { assign<1000>((c.*....*Path), value); },
            [](const ServerConfig& c) { return read<1000, false>((c.*....*Path)); }};
}
template <auto... Path>
constexpr Binding to_or_auto() {
    return {[](ServerConfig& c, const Value& value) { assign<1>((c.*....*Path), value); },
            [](const ServerConfig& c) { return read<1, true>((c.*....*Path)); }};
}

// The same for a member that is std::optional, and empty for auto.
template <auto... Path>
constexpr Binding to_optional() {
    using Member = std::remove_reference_t<decltype((std::declval<ServerConfig&>().*....*Path))>;
    using T = typename Member::value_type;
    return {[](ServerConfig& c, const Value& value) {
                if (std::holds_alternative<Auto>(value)) {
                    (c.*....*Path).reset();
                } else {
                    assign<1>((c.*....*Path).emplace(), value);
                }
            },
            [](const ServerConfig& c) {
                const std::optional<T>& member = (c.*....*Path);
                return member ? read<1, false>(*member) : Value(Auto{});
            }};
}

// An option as options.cc declares it. Exactly one of `bind`, `engine` and `same_as` is set.
struct OptionSpec {
    std::string_view key = {};
    Kind kind = Kind::kText;
    int64_t min = 0;
    int64_t max = kIntMax;
    int64_t unit = 1;
    bool allows_auto = false;
    std::string_view choices = {};    // "a|b|c"
    std::string_view flag = {};       // "--port,-p"
    std::string_view env_alias = {};  // beside SYNAP_<KEY>
    std::string_view help = {};       // engine options without one show the engine's
    std::string_view needs = {};      // the feature of a later release that `needs_when` asks for
    std::string_view needs_when = {};
    // The engine option it sets; kind, range and default are the engine's then.
    std::string_view engine = {};
    // Another key for the same thing, in another unit.
    std::string_view same_as = {};
    bool is_secret = false;  // never shown
    Binding bind = {};
};

// An option with everything known that only the linked engine can tell.
struct Option {
    std::string key;
    Shape shape;
    Value default_value;
    std::string range;  // for people
    std::string env;    // "SYNAP_SERVER_PORT"
    std::string env_alias;
    std::string flag;
    std::string help;
    std::string needs;
    std::string needs_when;
    std::string engine;
    std::string same_as;
    bool is_secret = false;
    Binding bind;
};

// Every option, grouped by section. Immutable.
class OptionTable {
public:
    // Throws std::logic_error when the declarations name an engine option that `engine` lacks.
    explicit OptionTable(EngineCatalog engine);

    const std::vector<Option>& options() const { return options_; }
    const EngineCatalog& engine() const { return engine_; }

    // By key, and by environment variable (aliases too); nullptr when unknown.
    const Option* find(std::string_view key) const;
    const Option* find_env(std::string_view variable) const;

    // Is "server" or "server.tls" the beginning of a key?
    bool is_section(std::string_view prefix) const;

    // Every key and every section, for suggestions.
    std::vector<std::string> names() const;

private:
    EngineCatalog engine_;
    std::vector<Option> options_;
};

// SYNAP_ and the key in capitals, with _ for the dots.
std::string env_name(std::string_view key);

}  // namespace synap::server::config
