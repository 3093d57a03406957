#include "server/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <sstream>

namespace synap::server::config {

namespace {

YamlPlace place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Leaves yaml-cpp's parser from inside an event.
struct Stop {
    YamlFailure failure;
};

class TreeBuilder final : public YAML::EventHandler {
public:
    TreeBuilder(YamlNode& root, size_t depth_max) : root_(root), depth_max_(depth_max) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (seen_document_) {
            throw Stop{{place_of(mark), "a configuration is one YAML document; a second begins"}};
        }
        seen_document_ = true;
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
        add(YamlNode::Type::kNull, mark);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        throw Stop{{place_of(mark), "aliases (*name) are not supported; write the value again"}};
    }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  const std::string& value) override {
        add(YamlNode::Type::kScalar, mark, value);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {
        open(YamlNode::Type::kList, mark);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {
        open(YamlNode::Type::kMap, mark);
    }
    void OnMapEnd() override { close(); }

private:
    // A node under construction. Complete children are moved into their parent, so that nothing
    // points into a vector that may grow.
    struct Level {
        YamlNode node;
        bool has_key = false;
        std::string key = {};
        YamlPlace key_place = {};
    };

    void open(YamlNode::Type type, const YAML::Mark& mark) {
        if (expects_key()) throw Stop{{place_of(mark), "a key must be plain text"}};
        if (levels_.size() >= depth_max_) {
            throw Stop{
                {place_of(mark), "nested deeper than " + std::to_string(depth_max_) + " levels"}};
        }
        Level level;
        level.node.type = type;
        level.node.place = place_of(mark);
        levels_.push_back(std::move(level));
    }

    void close() {
        YamlNode done = std::move(levels_.back().node);
        levels_.pop_back();
        attach(std::move(done));
    }

    void add(YamlNode::Type type, const YAML::Mark& mark, const std::string& text = {}) {
        if (expects_key()) {
            if (type != YamlNode::Type::kScalar || text.empty()) {
                throw Stop{{place_of(mark), "a key must be plain text"}};
            }
            Level& map = levels_.back();
            map.has_key = true;
            map.key = text;
            map.key_place = place_of(mark);
            return;
        }
        YamlNode leaf;
        leaf.type = type;
        leaf.place = place_of(mark);
        leaf.text = text;
        attach(std::move(leaf));
    }

    void attach(YamlNode node) {
        if (levels_.empty()) {
            root_ = std::move(node);
            return;
        }
        Level& parent = levels_.back();
        if (parent.node.type == YamlNode::Type::kList) {
            parent.node.items.push_back(std::move(node));
            return;
        }
        parent.node.entries.push_back({std::move(parent.key), parent.key_place, std::move(node)});
        parent.has_key = false;
    }

    bool expects_key() const {
        return !levels_.empty() && levels_.back().node.type == YamlNode::Type::kMap &&
               !levels_.back().has_key;
    }

    YamlNode& root_;
    const size_t depth_max_;
    std::vector<Level> levels_;
    bool seen_document_ = false;
};

}  // namespace

bool parse_yaml_tree(std::string_view text, size_t depth_max, YamlNode& root,
                     YamlFailure& failure) {
    std::istringstream stream{std::string(text)};
    TreeBuilder builder(root, depth_max);
    try {
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        return true;
    } catch (const Stop& stop) {
        failure = stop.failure;
    } catch (const YAML::Exception& e) {
        failure = {e.mark.is_null() ? YamlPlace{} : place_of(e.mark), e.msg};
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& e) {
        failure = {{}, e.what()};
    }
    return false;
}

}  // namespace synap::server::config
