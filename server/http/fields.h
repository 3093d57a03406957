// The one reader of what clients send as JSON members and query parameters. It checks everything
// against a table of fields before a handler sees any of it: a handler can not mistake a field of
// a wrong type, or one that it does not know, for an absent one.
#pragma once

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <synap/reply.hpp>

#include "server/http/field.h"

namespace synap::server::http {

using Json = simdjson::dom::element;

// What is wrong with the first field that is wrong: one line that names it, what was expected and
// what was found. Nothing: all is right.
using FieldError = std::optional<std::string>;

enum class Unknown : uint8_t { kRefuse, kIgnore };

// The fields of one request. Views the document, the query and the table it was read from, which
// must outlive it.
class Fields {
public:
    // Fields of one table at most.
    static constexpr size_t kMaxFields = 10;

    Fields() noexcept {}  // NOLINT(modernize-use-equals-default): the slots stay as they are
    Fields(const Fields&) = delete;
    Fields& operator=(const Fields&) = delete;

    // Reads an object. Null has no members. A name that is given twice is an error.
    [[nodiscard]] FieldError read(Json value, FieldSpecs specs, Unknown unknown = Unknown::kRefuse,
                                  std::string_view path = {});
    // Reads the part of a target behind its '?'.
    [[nodiscard]] FieldError read_query(std::string_view query, FieldSpecs specs);

    // Of fields in the table, by their type there; asking for others is a broken invariant.
    // Null counts as absent, except for kAny.
    bool has(std::string_view name) const { return slot(name).present; }
    // Whether the table has it.
    bool knows(std::string_view name) const noexcept { return index_of(name) != specs_.size(); }
    // Appends what a present field holds as words of a command: one, or of a kTexts, kMap or kPairs
    // any number. `texts` keeps what is no view of the document.
    void add_words(std::string_view name, std::vector<Arg>& argv,
                   std::deque<std::string>& texts) const;
    std::string_view text(std::string_view name, std::string_view fallback = {}) const;
    int64_t integer(std::string_view name, int64_t fallback = 0) const;
    bool flag(std::string_view name) const;
    // Of a kAny, kTexts or kPairs that is present.
    Json any(std::string_view name) const;
    simdjson::dom::array array(std::string_view name) const;
    // Of a kObject that is present.
    void object(std::string_view name, Fields& members) const;

private:
    struct Slot {
        bool present = false;
        bool flag = false;
        int64_t integer = 0;
        std::string_view text;
        Json json;
    };

    const Slot& slot(std::string_view name) const;
    // Index in the table; its size when there is none of that name.
    size_t index_of(std::string_view name) const noexcept;
    FieldError unknown(std::string_view what, std::string_view name) const;
    FieldError take(Json value, const FieldSpec& spec, Slot& slot, std::string_view path) const;
    FieldError take_parameter(std::string_view value, const FieldSpec& spec, Slot& slot) const;

    // Takes the table, and begins with all of it absent.
    void begin(FieldSpecs specs);

    FieldSpecs specs_;
    // One for each field of the table; the others are never made, which every request would pay.
    union {
        std::array<Slot, kMaxFields> slots_;
    };
    static_assert(std::is_trivially_destructible_v<Slot>);
    std::string decoded_;  // values of query parameters
};

// One item of a kPairs.
struct Pair {
    std::string_view key;
    Json value;
};
Pair pair_of(Json item);

// Bytes that a JSON value is stored as: a string is its text, all else compact JSON. The view is
// into the document or into `scratch`.
std::string_view encode(Json value, std::string& scratch);

}  // namespace synap::server::http
