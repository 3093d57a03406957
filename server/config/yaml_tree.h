// A YAML document as a bounded tree with places, built from yaml-cpp's events.
//
// Events rather than YAML::Node: they keep the place of every key and repeated keys, and there is
// no graph that an alias could make endless.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synap::server::config {

struct YamlPlace {
    int line = 0;
    int column = 0;
};

struct YamlNode {
    enum class Type { kNull, kScalar, kList, kMap };

    struct Entry;

    Type type = Type::kNull;
    YamlPlace place;
    std::string text;             // kScalar
    std::vector<YamlNode> items;  // kList
    std::vector<Entry> entries;   // kMap, in the order of the file
};

struct YamlNode::Entry {
    std::string key;
    YamlPlace place;
    YamlNode value;
};

struct YamlFailure {
    YamlPlace place;
    std::string message;
};

// Parses one document into `root`. False, with `failure` filled in, on bad syntax, more than
// `depth_max` levels, aliases, keys that are not text, or a second document.
[[nodiscard]] bool parse_yaml_tree(std::string_view text, size_t depth_max, YamlNode& root,
                                   YamlFailure& failure);

}  // namespace synap::server::config
