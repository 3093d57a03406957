// HTTP commands and routes that are data: which fields make up the command's words, and which
// members are made of its reply. The data stands in the records of core/commands/table; here is
// its one interpreter.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "server/http/exchange.h"

namespace synap::server::http {

class Fields;
struct RestRequest;

// Where a member of the answer, or the whole of a bare one, comes from.
enum class Source : uint8_t {
    kTrue,
    kEcho,     // the field or path parameter of the member's name
    kPresent,  // whether the reply is not null
    kInteger,  // null counts as 0
    kBefore,   // the integer that Mapping::before has given
    kBoolean,  // an integer that is not 0
    kNumber,   // a double, or one as text
    kSeconds,  // of an integer of milliseconds; null where it is negative
    kSize,     // an integer as people read sizes: "1.50KB"
    kCount,    // elements of an array, pairs of a map
    kText,     // a stored value: its text, see JsonWriter::stored; null stays null
    kTexts,    // an array of them
    kMap,      // an object of them
    kJson,   // a stored value: the JSON that it is, else its text with U+FFFD for what is no UTF-8
    kJsons,  // an array of them
    kJsonMap,   // an object of them
    kValue,     // a stored value as field `type` wants it: text or an array of octets
    kWritten,   // whether SET with fields `nx`, `xx` and `get` has written
    kStat,      // a number of the engine's statistics
    kCalls,     // how often commands were called
    kRate,      // the first of two numbers of the statistics divided by both
    kKeys,      // how many keys are of a type; asks each, as the next does
    kElements,  // what a command says of them, added up
    kObject,    // the members up to kEnd in an object of their own
    kEnd
};

struct Member {
    std::string_view name = {};  // empty: the answer is this value, bare
    Source source;
    // Of statistics and keys: names, with blanks between them.
    std::string_view of = {};
    bool unless_null = false;  // left out where the reply is null
    // Flags, with blanks between them: left out where none of them is set.
    std::string_view when = {};
};

// Words of one field: all of them where it holds many.
struct WordSpec {
    std::string_view field;
    // Fields that stand in for it where it is absent: the first that is given, or both together.
    std::array<std::string_view, 2> others = {};
    bool together = false;
    // Absent, it gives the fallback, or no word at all; else it is an error.
    bool optional = false;
    std::string_view fallback = {};
    // Stands in front of the field's words, and for a flag. Of an object of `type` and `value` its
    // choice: "seconds=EX milliseconds=PX".
    std::string_view token = {};
    // The words instead where the number is 0.
    std::string_view zero = {};
    // A field that takes this one's place when it is given.
    std::string_view unless = {};
    std::string_view missing = {};  // what is said where it is missing, if it is not the usual
    bool silent = false;            // no word: it is there for the answer
};

// A reply that is an error by contract. In the text "{name}" stands for a field.
struct Refusal {
    std::string_view error = {};  // text of an error reply; empty: of an integer, null being 0
    int64_t integer = 0;
    std::string_view without = {};  // only where the key in this field does not exist
    unsigned status = 400;
    std::string_view text = {};
};

// How a command is asked for an answer of many parts.
enum class Ask : uint8_t {
    kOnce,
    kNothing,  // the answer is made of statistics
    kPages,    // SCAN: with its cursor, until there is no more or field `limit` is reached
    kBatches   // with a part of the words of its last field
};

struct Mapping {
    std::string_view command;
    std::span<const WordSpec> words = {};
    std::span<const Member> reply = {};
    // JSON, instead of the members where the reply is null; where it is an empty string, too.
    std::string_view absent = {};
    bool empty_is_absent = false;
    // JSON that answers where a list that was given is empty; without it, that is an error.
    std::string_view empty = {};
    std::span<const Refusal> refusals = {};
    std::string_view before = {};  // a command that runs first, with the same words
    bool flushes = false;          // the configuration must allow it
    Ask ask = Ask::kOnce;
    int64_t limit = std::numeric_limits<int64_t>::max();  // of elements, without a field `limit`
    // Names of path parameters.
    std::array<std::string_view, 2> params = {};
};

// Runs the command of a payload that has been checked against its fields.
Failure run_mapping(Exchange& exchange, const Mapping& mapping, const Fields& payload);
// The same of a route: fields may stand in the path, the query and the body.
Failure run_mapping(Exchange& exchange, const Mapping& mapping, const RestRequest& request);

}  // namespace synap::server::http
