#include "server/http/items.h"

#include <array>
#include <cstdlib>

#include "server/http/fields.h"

namespace synap::server::http {

namespace dom = simdjson::dom;

namespace {

constexpr size_t kShownBytes = 40;

constexpr std::array kMemberFields = {
    FieldSpec{.name = "field", .required = true},
    FieldSpec{.name = "value", .type = FieldType::kAny, .required = true},
};
constexpr std::array kPairFields = {
    FieldSpec{.name = "key", .required = true},
    FieldSpec{.name = "value", .type = FieldType::kAny, .required = true},
};

std::string path_of(const FieldSpec& spec, size_t at) {
    return std::string(spec.name) + "[" + std::to_string(at) + "]";
}

FieldError check_members(Json item, FieldSpecs members, const FieldSpec& spec, size_t at) {
    if (!Fields().read(item, members)) return std::nullopt;
    return Fields().read(item, members, Unknown::kRefuse, path_of(spec, at) + ".");
}

FieldError check_pair(Json item, const FieldSpec& spec, size_t at) {
    dom::array couple;
    dom::object object;
    if (item.get(couple) == simdjson::SUCCESS) {
        if (couple.size() == 2 && couple.at(0).is_string()) return std::nullopt;
        return "'" + path_of(spec, at) + "' must be a key, which is a string, and a value";
    }
    if (item.get(object) != simdjson::SUCCESS) {
        return "'" + path_of(spec, at) + "' must be an object or an array, not " + shown(item);
    }
    for (const FieldSpec& field : kPairFields) {
        if (object.at_key(field.name).error() != simdjson::SUCCESS) {
            return "Each pair must have '" + std::string(field.name) + "'";
        }
    }
    return check_members(item, kPairFields, spec, at);
}

FieldError check_item(Json item, const FieldSpec& spec, size_t at) {
    if (spec.type == FieldType::kPairs) return check_pair(item, spec, at);
    if (spec.type == FieldType::kMap) {
        return check_members(item, kMemberFields, spec, at);
    }
    if (item.is_string()) return std::nullopt;
    return "Invalid " + std::string(spec.name) + " array: item " + std::to_string(at) +
           " must be a string, not " + shown(item);
}

// A name and a value: a couple, or an object in which the name is called `name`.
void add_pair(Json item, std::string_view name, Words& words) {
    const bool couple = item.is_array();
    std::string_view text;
    Json value;
    const auto first = couple ? item.at(0) : item.at_key(name);
    const auto second = couple ? item.at(1) : item.at_key("value");
    if (first.get(text) != simdjson::SUCCESS || second.get(value) != simdjson::SUCCESS) {
        std::abort();  // it has been checked
    }
    words.argv.emplace_back(text);
    add_value(value, words);
}

}  // namespace

std::string shown(Json value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "an array";
    std::string text = simdjson::minify(value);
    return value.is_string() && text.size() > kShownBytes + 2 ? "a long string" : text;
}

FieldError check_items(Json value, const FieldSpec& spec) {
    dom::array items;
    if (value.get(items) != simdjson::SUCCESS) return std::nullopt;  // an object of any members
    size_t at = 0;
    for (const Json item : items) {
        if (auto error = check_item(item, spec, at++)) return error;
    }
    return std::nullopt;
}

void add_items(Json value, const FieldSpec& spec, Words& words) {
    if (dom::object object; value.get(object) == simdjson::SUCCESS) {
        for (const dom::key_value_pair member : object) {
            words.argv.emplace_back(member.key);
            add_value(member.value, words);
        }
        return;
    }
    dom::array items;
    if (value.get(items) != simdjson::SUCCESS) std::abort();  // it has been checked
    for (const Json item : items) {
        if (spec.type == FieldType::kTexts) {
            words.argv.emplace_back(item.get_string().value_unsafe());
        } else {
            add_pair(item, spec.type == FieldType::kMap ? "field" : "key", words);
        }
    }
}

void add_value(Json value, Words& words) {
    if (std::string_view text; value.get(text) == simdjson::SUCCESS) {
        words.argv.emplace_back(text);
    } else {
        words.add(simdjson::minify(value));
    }
}

}  // namespace synap::server::http
