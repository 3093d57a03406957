#include "server/config/yaml_file.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

#include "server/config/suggest.h"
#include "server/config/yaml_tree.h"

namespace synap::server::config {

namespace {

// Walks the tree of one file beside the option table.
class Walk {
public:
    Walk(const OptionTable& table, const std::string& file, std::vector<Setting>& settings,
         Problems& problems)
        : table_(table),
          names_(table.names()),
          file_(file),
          settings_(settings),
          problems_(problems) {}

    void section(const YamlNode& node, const std::string& prefix) {
        for (const YamlNode::Entry& entry : node.entries) {
            if (problems_.size() >= kYamlProblemsMax) return;
            const std::string key = prefix.empty() ? entry.key : prefix + "." + entry.key;
            if (const Option* option = table_.find(key)) {
                value(*option, entry);
            } else if (table_.is_section(key)) {
                subsection(key, entry);
            } else {
                problem(entry.place, shown(key) + ": unknown key" + did_you_mean(key, names_));
            }
        }
    }

    void problem(YamlPlace place, std::string message) {
        problems_.push_back({true, origin(place), std::move(message)});
    }

private:
    Origin origin(YamlPlace place) const { return {Layer::kFile, file_, place.line, place.column}; }

    void subsection(const std::string& key, const YamlNode::Entry& entry) {
        if (entry.value.type == YamlNode::Type::kNull) {
            return;  // a heading whose lines are all commented out
        }
        if (entry.value.type != YamlNode::Type::kMap) {
            problem(entry.value.place, key + ": is a section; expected keys below it");
            return;
        }
        if (first_use(key, entry.place)) section(entry.value, key);
    }

    void value(const Option& option, const YamlNode::Entry& entry) {
        if (!first_use(option.key, entry.place)) return;
        Setting setting{option.key, {}, false, origin(entry.value.place)};
        switch (entry.value.type) {
            case YamlNode::Type::kScalar:
                setting.items.push_back(entry.value.text);
                break;
            case YamlNode::Type::kList:
                setting.is_list = true;
                for (const YamlNode& item : entry.value.items) {
                    if (item.type != YamlNode::Type::kScalar) {
                        problem(item.place, option.key + ": expected a list of plain values");
                        return;
                    }
                    setting.items.push_back(item.text);
                }
                break;
            case YamlNode::Type::kNull:
                problem(entry.place, option.key + ": has no value");
                return;
            case YamlNode::Type::kMap:
                problem(entry.value.place, option.key + ": expected a value, not a section");
                return;
        }
        settings_.push_back(std::move(setting));
    }

    bool first_use(const std::string& key, YamlPlace place) {
        const auto [seen, inserted] = lines_.emplace(key, place.line);
        if (!inserted) {
            problem(place, key + ": given twice; first in line " + std::to_string(seen->second));
        }
        return inserted;
    }

    // Keys come from the file: show no more of one than a person can use.
    static std::string shown(const std::string& key) {
        constexpr size_t kShownMax = 80;
        return key.size() <= kShownMax ? key : key.substr(0, kShownMax) + "...";
    }

    const OptionTable& table_;
    const std::vector<std::string> names_;
    const std::string& file_;
    std::vector<Setting>& settings_;
    Problems& problems_;
    std::map<std::string, int> lines_;
};

bool read_file(const std::string& path, std::string& text, std::string& problem) {
    std::error_code code;
    if (std::filesystem::is_directory(path, code)) {
        problem = "is a directory";
        return false;
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        problem = "cannot be opened: " + std::generic_category().message(errno);
        return false;
    }
    // One byte more than allowed tells a file that is too large, whatever its size claims to be.
    text.resize(kYamlBytesMax + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<size_t>(file.gcount()));
    if (file.bad()) {
        problem = "cannot be read";
        return false;
    }
    if (text.size() > kYamlBytesMax) {
        problem = "is larger than " + format_bytes(kYamlBytesMax);
        return false;
    }
    return true;
}

}  // namespace

void parse_yaml(const OptionTable& table, std::string_view text, const std::string& name,
                std::vector<Setting>& settings, Problems& problems) {
    Walk walk(table, name, settings, problems);
    YamlNode root;
    YamlFailure failure;
    if (!parse_yaml_tree(text, kYamlDepthMax, root, failure)) {
        walk.problem(failure.place, failure.message);
        return;
    }
    switch (root.type) {
        case YamlNode::Type::kNull:
            return;  // an empty file, or nothing but comments
        case YamlNode::Type::kMap:
            walk.section(root, "");
            return;
        default:
            walk.problem(root.place, "expected sections such as 'server:' with keys below them");
    }
}

bool load_yaml(const OptionTable& table, const std::string& path, std::vector<Setting>& settings,
               Problems& problems) {
    std::string text;
    std::string problem;
    if (!read_file(path, text, problem)) {
        problems.push_back({true, {Layer::kFile, path}, problem});
        return false;
    }
    parse_yaml(table, text, path, settings, problems);
    return true;
}

}  // namespace synap::server::config
