// What the commands on fields with deadlines share: FIELDS numfields field ..., deadlines, and the
// plan of a call that may name a field twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/commands/context.h"
#include "core/commands/fields_ahead.h"
#include "core/commands/string_options.h"
#include "core/types/hash_value.h"

namespace synap::commands {

// The latest deadline of a field, in Unix milliseconds, as in Redis.
inline constexpr int64_t kFieldDeadlineMax = (int64_t{1} << 46) - 1;

inline constexpr std::string_view kNoFieldCount = "ERR Number of fields must be a positive integer";

// The fields of a call: argv[first], and all behind it.
struct FieldArguments {
    size_t first = 0;
    size_t count = 0;
};

// Takes FIELDS at argv[at], the number behind it and the fields, to the end. False, with the error
// replied, where they do not stand so; `bad_count` where the number is none.
[[nodiscard]] bool take_fields(CommandContext& ctx, size_t at, std::string_view bad_count,
                               FieldArguments& fields);

// The deadline of a field, from argv[at]: written in the unit and sense of `kind`, which has a
// time. One that has passed already is a deadline, too. False with the error replied.
[[nodiscard]] bool take_field_deadline(CommandContext& ctx, ExpiryOption::Kind kind, size_t at,
                                       int64_t& deadline);

// What becomes of the fields of a call, planned before anything is changed: a field named twice is
// found the second time as the first left it. Views are those of the hash.
class FieldPlan {
public:
    struct Field {
        bool there = false;
        int64_t deadline = 0;
        std::string_view value;
        Blob* blob = nullptr;  // as of FieldView
    };

    FieldPlan(CommandContext& ctx, const Node* node, const FieldArguments& fields);

    // The field in argv[first + i]. In order: each i once, before what is planned for it.
    Field& at(size_t i);

private:
    CommandContext& ctx_;
    const HashRef hash_;
    FieldsAhead ahead_;
    const size_t first_;
    std::vector<Field> fields_;
    std::unordered_map<std::string_view, size_t> latest_;  // of many fields
    bool many_ = false;
};

}  // namespace synap::commands
