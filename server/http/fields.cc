#include "server/http/fields.h"

#include <cstdlib>
#include <memory>
#include <vector>

#include "server/config/suggest.h"
#include "server/http/number.h"
#include "server/http/percent.h"

namespace synap::server::http {

namespace dom = simdjson::dom;

namespace {

// Longer texts are not repeated in messages.
constexpr size_t kShownBytes = 40;

[[noreturn]] void broken_invariant() { std::abort(); }

std::string in_quotes(std::string_view name) { return "'" + std::string(name) + "'"; }

std::string wrong(std::string_view path, const FieldSpec& spec, const std::string& found) {
    std::string text = "'" + std::string(path);
    text += spec.name;
    return text + "' must be " + expected(spec) + ", not " + found;
}

bool is_list(const FieldSpec& spec) noexcept {
    return spec.type == FieldType::kTexts || spec.type == FieldType::kMap ||
           spec.type == FieldType::kPairs;
}

bool is_choice(std::string_view value, std::string_view choices) noexcept {
    while (!choices.empty()) {
        const size_t end = choices.find('|');
        if (choices.substr(0, end) == value) return true;
        choices.remove_prefix(end == std::string_view::npos ? choices.size() : end + 1);
    }
    return false;
}

// The glob that matches all that begins with `prefix`.
std::string glob_of(std::string_view prefix) {
    std::string glob;
    for (const char c : prefix) {
        if (std::string_view("*?[]\\^").find(c) != std::string_view::npos) glob.push_back('\\');
        glob.push_back(c);
    }
    return glob + '*';
}

}  // namespace

std::string expected(const FieldSpec& spec) {
    switch (spec.type) {
        case FieldType::kText:
        case FieldType::kPattern:
        case FieldType::kPrefix:
            break;
        case FieldType::kInteger:
            return "a whole number from " + std::to_string(spec.min) + " to " +
                   std::to_string(spec.max);
        case FieldType::kFlag:
            return "true or false";
        case FieldType::kAny:
            return "any JSON value";
        case FieldType::kObject:
            return "an object";
        case FieldType::kTexts:
            return "an array of strings";
        case FieldType::kMap:
            return "an object, or an array of {field, value}";
        case FieldType::kPairs:
            return "an array of pairs";
    }
    if (spec.choices.empty()) return "a string";
    std::string text = "one of ";
    for (const char c : spec.choices) {
        text += c == '|' ? std::string(", ") : std::string(1, c);
    }
    return text;
}

void Fields::begin(FieldSpecs specs) {
    if (specs.size() > kMaxFields) broken_invariant();
    specs_ = specs;
    for (size_t at = 0; at < specs.size(); ++at) {
        std::construct_at(&slots_[at]);
    }
}

size_t Fields::index_of(std::string_view name) const noexcept {
    size_t at = 0;
    while (at < specs_.size() && specs_[at].name != name) {
        ++at;
    }
    return at;
}

FieldError Fields::unknown(std::string_view what, std::string_view name) const {
    std::string text = "Unknown " + std::string(what) + " '";
    text += name.size() > kShownBytes ? std::string(name.substr(0, kShownBytes)) + "..."
                                      : std::string(name);
    text += "'";
    if (specs_.empty()) {
        return text + "; there are none here";
    }
    std::vector<std::string> names;
    std::string known = "; known: ";
    for (const FieldSpec& spec : specs_) {
        names.emplace_back(spec.name);
        known += names.size() == 1 ? "" : ", ";
        known += spec.name;
    }
    const std::string meant = config::did_you_mean(name, names);
    return text + (meant.empty() ? known : meant);
}

FieldError Fields::take(Json value, const FieldSpec& spec, Slot& slot,
                        std::string_view path) const {
    slot.json = value;
    if (value.is_null() && spec.type != FieldType::kAny) return std::nullopt;
    bool right = true;
    switch (spec.type) {
        case FieldType::kText:
        case FieldType::kPattern:
        case FieldType::kPrefix:
            right = value.get(slot.text) == simdjson::SUCCESS &&
                    (spec.choices.empty() || is_choice(slot.text, spec.choices));
            break;
        case FieldType::kInteger:
            right = read_integer(value, slot.integer) && slot.integer >= spec.min &&
                    slot.integer <= spec.max;
            break;
        case FieldType::kFlag:
            right = value.get(slot.flag) == simdjson::SUCCESS;
            break;
        case FieldType::kAny:
            break;
        case FieldType::kObject:
            right = value.is_object();
            break;
        case FieldType::kMap:
            right = value.is_array() || value.is_object();
            break;
        case FieldType::kTexts:
        case FieldType::kPairs:
            right = value.is_array();
            break;
    }
    if (!right) return wrong(path, spec, shown(value));
    slot.present = true;
    if (spec.type == FieldType::kObject) {
        Fields members;
        return members.read(value, {spec.members, spec.members_count}, Unknown::kRefuse,
                            std::string(path) + std::string(spec.name) + ".");
    }
    return is_list(spec) ? check_items(value, spec) : std::nullopt;
}

FieldError Fields::read(Json value, FieldSpecs specs, Unknown unknown_fields,
                        std::string_view path) {
    begin(specs);
    dom::object object;
    const bool is_object = value.get(object) == simdjson::SUCCESS;
    const bool is_bare = specs.size() == 1 && specs[0].bare && value.is_array();
    if (is_bare) {
        if (auto error = take(value, specs_[0], slots_[0], path)) return error;
    } else if (!is_object && !value.is_null()) {
        return "the fields must be in an object, not in " + shown(value);
    }
    std::array<bool, kMaxFields> seen{};
    if (is_object) {
        for (const dom::key_value_pair member : object) {
            const size_t at = index_of(member.key);
            if (at == specs_.size()) {
                if (unknown_fields == Unknown::kIgnore) continue;
                return unknown("field", std::string(path) + std::string(member.key));
            }
            if (seen[at]) {
                return "Field '" + std::string(path) + std::string(member.key) + "' is given twice";
            }
            seen[at] = true;
            if (auto error = take(member.value, specs_[at], slots_[at], path)) return error;
        }
    }
    for (size_t at = 0; at < specs_.size(); ++at) {
        if (specs_[at].required && !slots_[at].present) {
            return "Missing '" + std::string(path) + std::string(specs_[at].name) + "' field";
        }
        const std::string_view other = specs_[at].excludes;
        if (!other.empty() && given(specs_[at].name) && given(other)) {
            return in_quotes(other) + " and " + in_quotes(specs_[at].name) + " exclude each other";
        }
    }
    return std::nullopt;
}

FieldError Fields::take_parameter(std::string_view value, const FieldSpec& spec, Slot& slot) const {
    bool right = true;
    if (spec.type == FieldType::kInteger) {
        right = parse_integer(value, slot.integer) && slot.integer >= spec.min &&
                slot.integer <= spec.max;
    } else if (spec.type == FieldType::kText) {
        slot.text = value;
        right = spec.choices.empty() || is_choice(value, spec.choices);
    } else {
        broken_invariant();  // no other type has a form in a query
    }
    if (!right) {
        return wrong("", spec, value.size() > kShownBytes ? "a long text" : in_quotes(value));
    }
    slot.present = true;
    return std::nullopt;
}

FieldError Fields::read_query(std::string_view query, FieldSpecs specs) {
    begin(specs);
    decoded_.clear();
    decoded_.reserve(query.size());  // values are views of it, and never longer than their escapes
    while (!query.empty()) {
        const size_t end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
        if (pair.empty()) continue;
        const size_t equals = pair.find('=');
        std::string name;
        if (!percent_decode(pair.substr(0, equals), true, name)) {
            return "broken percent-encoding in the name of a parameter";
        }
        const size_t at = index_of(name);
        if (at == specs_.size()) return unknown("parameter", name);
        if (slots_[at].present) return "Parameter " + in_quotes(name) + " is given twice";
        const size_t start = decoded_.size();
        if (equals != std::string_view::npos &&
            !percent_decode(pair.substr(equals + 1), true, decoded_)) {
            return "broken percent-encoding in parameter " + in_quotes(name);
        }
        if (auto error =
                take_parameter(std::string_view(decoded_).substr(start), specs_[at], slots_[at])) {
            return error;
        }
    }
    for (size_t at = 0; at < specs_.size(); ++at) {
        if (specs_[at].required && !slots_[at].present) {
            return std::string(specs_[at].name) + " parameter required";
        }
    }
    return std::nullopt;
}

const Fields::Slot& Fields::slot(std::string_view name) const {
    const size_t at = index_of(name);
    if (at == specs_.size()) broken_invariant();
    return slots_[at];
}

bool Fields::given(std::string_view name) const {
    const size_t at = index_of(name);
    const Slot& found = slot(name);
    if (specs_[at].type == FieldType::kFlag) return found.present && found.flag;
    if (specs_[at].type == FieldType::kPattern) return found.present && !found.text.empty();
    return found.present;
}

std::string_view Fields::text(std::string_view name, std::string_view fallback) const {
    const Slot& found = slot(name);
    return found.present ? found.text : fallback;
}

int64_t Fields::integer(std::string_view name, int64_t fallback) const {
    const Slot& found = slot(name);
    return found.present ? found.integer : fallback;
}

bool Fields::flag(std::string_view name) const {
    const Slot& found = slot(name);
    return found.present && found.flag;
}

Json Fields::any(std::string_view name) const {
    const Slot& found = slot(name);
    if (!found.present) broken_invariant();
    return found.json;
}

void Fields::add_words(std::string_view name, Words& words) const {
    const FieldSpec& spec = specs_[index_of(name)];
    const Slot& found = slot(name);
    switch (spec.type) {
        case FieldType::kText:
        case FieldType::kPattern:
            words.argv.emplace_back(found.text);
            break;
        case FieldType::kPrefix:
            words.add(glob_of(found.text));
            break;
        case FieldType::kInteger:
            words.argv.emplace_back(found.integer);
            break;
        case FieldType::kAny:
            add_value(found.json, words);
            break;
        case FieldType::kTexts:
        case FieldType::kMap:
        case FieldType::kPairs:
            add_items(found.json, spec, words);
            break;
        case FieldType::kFlag:
        case FieldType::kObject:
            break;
    }
}

bool Fields::object(std::string_view name, Fields& members) const {
    const FieldSpec& spec = specs_[index_of(name)];
    if (spec.type != FieldType::kObject || !has(name)) return false;
    if (members.read(any(name), {spec.members, spec.members_count})) {
        broken_invariant();  // it was read before
    }
    return true;
}

}  // namespace synap::server::http
