// Reading the members of a JSON object by the rules of the HTTP contract: a member of the wrong
// type, or null, counts as absent.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace synap::server::http {

using Json = simdjson::dom::element;

class Fields {
public:
    /// No members at all: what a payload of null means.
    Fields() = default;
    explicit Fields(simdjson::dom::object object) noexcept : object_(object) {}

    /// The members of `value` when it is an object, else none.
    static Fields of(Json value) noexcept;

    std::optional<std::string_view> text(std::string_view name) const noexcept;
    std::optional<std::int64_t> integer(std::string_view name) const noexcept;
    /// Not negative. What a signed number does not hold is its largest, which is too much for
    /// whoever reads it too.
    std::optional<std::uint64_t> count(std::string_view name) const noexcept;
    bool flag(std::string_view name) const noexcept;
    std::optional<simdjson::dom::array> array(std::string_view name) const noexcept;
    std::optional<Fields> object(std::string_view name) const noexcept;
    /// Present even when null.
    std::optional<Json> any(std::string_view name) const noexcept;

private:
    template <typename T>
    std::optional<T> number(std::string_view name) const noexcept;

    std::optional<simdjson::dom::object> object_;
};

/// Bytes that a JSON value is stored as: a string is its text, all else compact JSON. The view is
/// into the document or into `scratch`.
std::string_view encode(Json value, std::string& scratch);

}  // namespace synap::server::http
