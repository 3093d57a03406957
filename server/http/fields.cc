#include "server/http/fields.h"

#include <algorithm>
#include <limits>

namespace synap::server::http {

namespace dom = simdjson::dom;

Fields Fields::of(Json value) noexcept {
    dom::object object;
    return value.get(object) == simdjson::SUCCESS ? Fields(object) : Fields();
}

std::optional<Json> Fields::any(std::string_view name) const noexcept {
    Json value;
    if (!object_ || object_->at_key(name).get(value) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::string_view> Fields::text(std::string_view name) const noexcept {
    std::string_view value;
    const auto found = any(name);
    if (!found || found->get(value) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return value;
}

template <typename T>
std::optional<T> Fields::number(std::string_view name) const noexcept {
    T value = 0;
    const auto found = any(name);
    // is_double() holds for every number; the type tells which were written as integers.
    if (!found || found->type() == dom::element_type::DOUBLE ||
        found->get(value) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> Fields::integer(std::string_view name) const noexcept {
    return number<std::int64_t>(name);
}

std::optional<std::uint64_t> Fields::count(std::string_view name) const noexcept {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    const auto value = number<std::uint64_t>(name);
    return value ? std::optional(std::min(*value, kMost)) : std::nullopt;
}

bool Fields::flag(std::string_view name) const noexcept {
    bool value = false;
    const auto found = any(name);
    return found && found->get(value) == simdjson::SUCCESS && value;
}

std::optional<dom::array> Fields::array(std::string_view name) const noexcept {
    dom::array value;
    const auto found = any(name);
    if (!found || found->get(value) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return value;
}

std::optional<Fields> Fields::object(std::string_view name) const noexcept {
    dom::object value;
    const auto found = any(name);
    if (!found || found->get(value) != simdjson::SUCCESS) {
        return std::nullopt;
    }
    return Fields(value);
}

std::string_view encode(Json value, std::string& scratch) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) {
        return text;
    }
    scratch = simdjson::minify(value);
    return scratch;
}

}  // namespace synap::server::http
