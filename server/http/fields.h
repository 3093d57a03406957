// The one reader of what clients send as JSON members and query parameters. It checks everything
// against a table of fields before a handler sees any of it: a handler can not mistake a field of
// a wrong type, or one that it does not know, for an absent one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "server/http/field.h"
#include "server/http/items.h"

namespace synap::server::http {

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
    // Whether it says anything: a flag that is false and an empty kPattern do not.
    bool given(std::string_view name) const;
    // Whether the table has it.
    bool knows(std::string_view name) const noexcept { return index_of(name) != specs_.size(); }
    // Appends what a present field holds as words of a command: one, or of a kTexts, kMap or kPairs
    // any number, of a kFlag and a kObject none.
    void add_words(std::string_view name, Words& words) const;
    std::string_view text(std::string_view name, std::string_view fallback = {}) const;
    int64_t integer(std::string_view name, int64_t fallback = 0) const;
    bool flag(std::string_view name) const;
    // Of any field that is present, as it stands in the document.
    Json any(std::string_view name) const;
    // The members of a kObject; false: it is none, or absent.
    bool object(std::string_view name, Fields& members) const;

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

}  // namespace synap::server::http
