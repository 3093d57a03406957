// HTTP commands and routes that are data: which fields make up the command's words, and which
// members are made of its reply. The data stands in the records of core/commands/table; here is
// its one interpreter.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "server/http/operations.h"

namespace synap::server::http {

struct RestRequest;

// Where a member of the answer, or the whole of a bare one, comes from.
enum class Source : uint8_t {
    kTrue,
    kEcho,     // the field or path parameter of the member's name
    kPresent,  // whether the reply is not null
    kInteger,
    kBoolean,  // an integer that is not 0
    kNumber,   // a double, or one as text
    kCount,    // elements of an array, pairs of a map
    kText,     // a stored value: its text, see JsonWriter::stored; null stays null
    kTexts,    // an array of them
    kMap       // an object of them
};

struct Member {
    std::string_view name;  // empty: the answer is this value, bare
    Source source;
    bool unless_null = false;  // left out where the reply is null
};

// Words of one field: all of them where it holds many.
struct WordSpec {
    std::string_view field;
    std::string_view other = {};     // stands in for an absent field
    std::string_view fallback = {};  // the word where neither is given
};

struct Mapping {
    std::string_view command;
    std::span<const WordSpec> words;
    std::span<const Member> reply;
    // JSON, instead of the members where the reply is null; where it is an empty string, too.
    std::string_view absent = {};
    bool empty_is_absent = false;
    // Names of path parameters.
    std::array<std::string_view, 2> params = {};
};

// Runs the command of a payload that has been checked against its fields.
Failure run_mapping(Exchange& exchange, const Mapping& mapping, const Fields& payload);
// The same of a route: fields may stand in the path, the query and the body.
Failure run_mapping(Exchange& exchange, const Mapping& mapping, const RestRequest& request);

}  // namespace synap::server::http
