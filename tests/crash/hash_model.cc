// Commands on hashes, as functions on the model.
#include <algorithm>

#include "core/base/assert.h"
#include "core/base/numbers.h"
#include "tests/crash/model.h"

namespace synap::crash {
namespace {

size_t place_of(const Command& command, const std::string& word) {
    return static_cast<size_t>(std::find(command.begin(), command.end(), word) - command.begin());
}

// The names behind FIELDS n.
std::vector<std::string> names_in(const Command& command) {
    const size_t first = place_of(command, "FIELDS") + 2;
    return {command.begin() + static_cast<ptrdiff_t>(first), command.end()};
}

void set_fields(Fields& fields, const Command& command, size_t first, int64_t deadline) {
    for (size_t i = first; i + 1 < command.size(); i += 2) {
        fields[command[i]] = {command[i + 1], deadline};
    }
}

// HSETEX key [FNX] [PXAT ms | KEEPTTL] FIELDS n field value ...
void set_with_deadlines(Fields& fields, const Command& command) {
    const size_t first = place_of(command, "FIELDS") + 2;
    const size_t deadline_at = place_of(command, "PXAT") + 1;
    const bool keeps = place_of(command, "KEEPTTL") < command.size();
    for (size_t i = first; i < command.size() && command[2] == "FNX"; i += 2) {
        if (fields.contains(command[i])) return;
    }
    const int64_t deadline = deadline_at < command.size() ? std::stoll(command[deadline_at]) : 0;
    for (size_t i = first; i < command.size(); i += 2) {
        Field& field = fields[command[i]];
        field.value = command[i + 1];
        if (!keeps) field.deadline = deadline;
    }
}

// HPEXPIREAT key ms FIELDS n field ..., HGETEX key PXAT ms FIELDS n field ...
void set_deadlines(Fields& fields, const Command& command, int64_t deadline, int64_t now) {
    for (const std::string& name : names_in(command)) {
        const auto found = fields.find(name);
        if (found == fields.end()) continue;
        if (deadline != 0 && deadline <= now) {
            fields.erase(found);
        } else {
            found->second.deadline = deadline;
        }
    }
}

void add_to_field(Fields& fields, const Command& command) {
    const auto found = fields.find(command[2]);
    int64_t number = 0;
    if (found != fields.end() && !parse_integer(found->second.value, number)) return;  // an error
    if (__builtin_add_overflow(number, std::stoll(command[3]), &number)) return;
    fields[command[2]].value = std::to_string(number);
}

}  // namespace

void State::change(Fields& fields, const Command& command, int64_t now) {
    const std::string& name = command[0];
    if (name == "HSET") return set_fields(fields, command, 2, 0);
    if (name == "HSETNX") {
        if (!fields.contains(command[2])) set_fields(fields, command, 2, 0);
        return;
    }
    if (name == "HINCRBY") return add_to_field(fields, command);
    if (name == "HSETEX") return set_with_deadlines(fields, command);
    if (name == "HPEXPIREAT") return set_deadlines(fields, command, std::stoll(command[2]), now);
    if (name == "HGETEX") return set_deadlines(fields, command, std::stoll(command[3]), now);
    if (name == "HPERSIST") return set_deadlines(fields, command, 0, now);
    if (name == "HGETDEL") {
        for (const std::string& field : names_in(command)) fields.erase(field);
        return;
    }
    SYNAP_ASSERT(name == "HDEL");
    for (size_t i = 2; i < command.size(); ++i) fields.erase(command[i]);
}

void State::apply_to_hash(int database, const Command& command, int64_t now) {
    const KeyName key{database, command[1]};
    const Entry* entry = find(key);
    if (entry != nullptr && !entry->is_hash()) return;  // an error
    Fields fields = entry == nullptr ? Fields() : *entry->fields;
    change(fields, command, now);
    if (fields.empty()) {
        entries_.erase(key);
    } else {
        entries_[key].fields = std::make_shared<const Fields>(std::move(fields));
    }
}

}  // namespace synap::crash
