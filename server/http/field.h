// What a request may say, as data: the fields of JSON bodies and payloads, and query parameters.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

namespace synap::server::http {

enum class FieldType : uint8_t {
    kText,     // a string
    kPattern,  // a glob; an empty one counts as absent
    kPrefix,   // a literal beginning, which becomes a glob
    kInteger,  // a whole number: 60, 60.0 or "60"
    kFlag,     // true or false
    kAny,      // any JSON value, null too
    kObject,   // an object with fields of its own
    kTexts,    // an array of strings
    kMap,      // {name: any, ...}, or an array of {"field": string, "value": any}
    kPairs     // an array of {"key": string, "value": any} or [key, value]
};

// One field. Tables of these are constants: readers, error texts, suggestions and docs/http.md
// come from them.
struct FieldSpec {
    std::string_view name;
    FieldType type = FieldType::kText;
    // Absent, or null where the type is not kAny, is an error.
    bool required = false;
    // What a kInteger may be.
    int64_t min = std::numeric_limits<int64_t>::min();
    int64_t max = std::numeric_limits<int64_t>::max();
    // What a kText may be: "string|bytes". Empty: anything.
    std::string_view choices = {};
    // What a kObject holds.
    const FieldSpec* members = nullptr;
    size_t members_count = 0;
    // What absence means, for people.
    std::string_view fallback = {};
    // A field that must not be given together with this one.
    std::string_view excludes = {};
    // Of a kMap: the array form may stand for the whole body.
    bool bare = false;
    // A few words for people: unit, meaning.
    std::string_view help = {};
};

using FieldSpecs = std::span<const FieldSpec>;

// "a whole number from 0 to 10": what a value must be.
std::string expected(const FieldSpec& spec);

}  // namespace synap::server::http
