#include "server/config/print.h"

#include <algorithm>

namespace synap::server::config {

namespace {

constexpr std::string_view kIntroduction =
    R"(# Configuration

This page is written by `synap-server --print-config-reference` and checked by the test suite:
change the option table, not the page.

## Where settings come from

In rising precedence: built-in defaults, the configuration file, environment variables, flags.

- **File**: YAML. `--config FILE`, else the variable `SYNAP_CONFIG`, else `./config.yml` where that
  exists. A file that was asked for and is not there is an error. Unknown keys, repeated keys and
  wrong values are errors with file, line and column; nothing is silently ignored.
- **Environment**: every option has a variable, `SYNAP_` and its key in capitals with `_` for the
  dots. An empty value counts as not set. A `SYNAP_` variable that names no option is a warning.
  What Kubernetes derives from the names of Services (`SYNAP_MASTER_PORT=tcp://...`) is passed over.
- **Flags**: the common options have one; `--set KEY=VALUE` sets any.

`synap-server --check-config` prints OK or every error and exits with 0 or 1;
`synap-server --print-config` prints the configuration in force and where each value comes from.

Sizes take units: `kb`, `mb`, `gb`, `tb` (or `Ki`, `KiB` ...) count in 1024, `k`, `m`, `g`, `t` in
1000, as in redis.conf. Durations take `ms`, `s`, `m`, `h`, `d`; without a unit, the one in the
key's name. Lists are YAML sequences, or texts with commas between.

Further variables:

| variable | meaning |
| --- | --- |
| `SYNAP_CONFIG` | the configuration file, as `--config` |
| `SYNAP_ROLE` | `server.role` |
| `SYNAP_MASTER` | `host:port` for `replication.master_host` and `replication.master_port` |
| `SYNAP_LOG` | `logging.level`, `logging.format` or both: `debug`, `json`, `info,json` |
| `RUST_LOG` | a level, or `synap=LEVEL`; used where `SYNAP_LOG` is not set |
| `SYNAP_HEALTH_ADDR` | what `--health-check` asks; default: this machine, the port in force |
| `SYNAP_URL` | the server that `synap-admin` talks to |

TLS for clients comes with a later release. Its options are accepted as long as they are off;
switching it on is an error that says so.
)";

bool is_plain(std::string_view text) {
    return !text.empty() && text != "~" && text != "-" &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '-';
           });
}

// Values have passed the option's checks: printable, on one line.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string yaml_value(const Effective& effective) {
    if (const auto* items = std::get_if<std::vector<std::string>>(&effective.value)) {
        std::string out = "[";
        for (const std::string& item : *items) {
            out += (out.size() > 1 ? ", " : "") + quoted(item);
        }
        return out + "]";
    }
    const std::string text = effective.text();
    if (effective.option->is_secret && !text.empty()) return quoted("(not shown)");
    const bool quote = effective.option->shape.kind == Kind::kText || !is_plain(text);
    return quote ? quoted(text) : text;
}

std::vector<std::string> split_key(const std::string& key) {
    std::vector<std::string> parts;
    size_t from = 0;
    for (auto dot = key.find('.'); dot != std::string::npos; dot = key.find('.', from)) {
        parts.push_back(key.substr(from, dot - from));
        from = dot + 1;
    }
    parts.push_back(key.substr(from));
    return parts;
}

std::string indent(size_t level) { return std::string(2 * level, ' '); }

// In a table cell a bar would end the cell.
std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        out += c == '|' ? "\\|" : std::string(1, c);
    }
    return out;
}

std::string code(std::string_view text) { return text.empty() ? "" : "`" + cell(text) + "`"; }

std::string describe_values(const Option& option) {
    if (option.shape.kind == Kind::kChoice) return code(option.range);
    std::string text(kind_name(option.shape.kind));
    if (option.shape.kind == Kind::kDuration || option.shape.unit != 1) {
        text += option.shape.unit == 1      ? ", in ms"
                : option.shape.unit == 1000 ? ", in s"
                                            : ", in MiB";
    }
    return option.range.empty() ? text : text + ", " + cell(option.range);
}

std::string option_row(const OptionTable& table, const Option& option) {
    const Option& target = option.same_as.empty() ? option : *table.find(option.same_as);
    std::string names = code(option.env);
    if (!option.env_alias.empty()) names += ", " + code(option.env_alias);
    if (!option.flag.empty()) names += ", " + code(option.flag.substr(0, option.flag.find(',')));
    const std::string fallback =
        option.same_as.empty() ? code(format_value(target.shape, target.default_value)) : "";
    return "| " + code(option.key) + " | " + describe_values(option) + " | " + fallback + " | " +
           cell(option.help) + " | " + names + " |\n";
}

}  // namespace

std::string print_config(const Loaded& loaded) {
    std::string out;
    std::vector<std::string> open;  // sections that the last line was in
    for (const Effective& effective : loaded.values) {
        const std::vector<std::string> parts = split_key(effective.option->key);
        const size_t depth = parts.size() - 1;
        size_t shared = 0;
        while (shared < depth && shared < open.size() && open[shared] == parts[shared]) {
            ++shared;
        }
        for (size_t i = shared; i < depth; ++i) {
            out += indent(i) + parts[i] + ":\n";
        }
        open.assign(parts.begin(), parts.end() - 1);
        out += indent(depth) + parts.back() + ": " + yaml_value(effective) + " # " +
               effective.origin.text() +
               (effective.resolved.empty() ? "" : ": " + effective.resolved) + "\n";
    }
    return out;
}

std::string print_reference(const OptionTable& table) {
    std::string out(kIntroduction);
    std::string section;
    for (const Option& option : table.options()) {
        const std::string first = option.key.substr(0, option.key.find('.'));
        if (first != section) {
            section = first;
            out += "\n## " + section +
                   "\n\n| key | values | default | meaning | variable, flag |\n" +
                   "| --- | --- | --- | --- | --- |\n";
        }
        out += option_row(table, option);
    }
    return out;
}

}  // namespace synap::server::config
