// The registry of types. A new type adds its ValueType in value.h, its functions and their table in
// a file of its own, and a line below; one that lacks a function does not compile.
#pragma once

#include "core/base/assert.h"
#include "core/types/hash_value.h"
#include "core/types/string_value.h"
#include "core/types/type_ops.h"

namespace synap {

inline constexpr TypeOps kTypes[kValueTypes] = {
    kStringOps,
    kHashOps,
};

static_assert([] {
    for (unsigned i = 0; i < kValueTypes; ++i) {
        if (static_cast<unsigned>(kTypes[i].type) != i + 1 || kTypes[i].name.empty()) return false;
    }
    return true;
}());

constexpr bool is_value_type(uint8_t number) noexcept {
    return number >= 1 && number <= kValueTypes;
}

inline const TypeOps& ops_of(ValueType type) noexcept {
    const auto number = static_cast<uint8_t>(type);
    SYNAP_ASSERT(is_value_type(number));
    return kTypes[number - 1];
}
inline const TypeOps& ops_of(const ValueView& value) noexcept { return ops_of(value.type); }

}  // namespace synap
