#include "tests/crash/model.h"

#include <algorithm>

#include "core/base/assert.h"
#include "core/base/numbers.h"

namespace synap::crash {
namespace {

std::shared_ptr<const std::string> share(std::string value) {
    return std::make_shared<const std::string>(std::move(value));
}

// Long values by their length and ends, so that a failure can be read.
std::string abbreviated(const std::string& value) {
    constexpr size_t kShown = 40;
    if (value.size() <= kShown) return '"' + value + '"';
    return '"' + value.substr(0, kShown / 2) + "..." + value.substr(value.size() - kShown / 2) +
           "\" (" + std::to_string(value.size()) + " bytes)";
}

std::string until(int64_t deadline) {
    return deadline == 0 ? "" : " until " + std::to_string(deadline);
}

std::string described(const Entry& entry) {
    constexpr size_t kShown = 12;
    if (!entry.is_hash()) return abbreviated(*entry.value) + until(entry.deadline);
    std::string text = "{";
    size_t shown = 0;
    for (const auto& [name, field] : *entry.fields) {
        if (++shown > kShown) break;
        text += name + "=" + abbreviated(field.value) + until(field.deadline) + " ";
    }
    return text + "of " + std::to_string(entry.fields->size()) + "}" + until(entry.deadline);
}

// The first field in which two hashes differ.
std::string field_difference(const Fields& wanted, const Fields& found) {
    for (const auto& [name, field] : wanted) {
        const auto other = found.find(name);
        if (other == found.end()) return "field " + name + " is not there";
        if (other->second == field) continue;
        return "field " + name + ": " + abbreviated(field.value) + until(field.deadline) + " is " +
               abbreviated(other->second.value) + until(other->second.deadline);
    }
    for (const auto& [name, field] : found) {
        if (!wanted.contains(name)) return "field " + name + " is too many";
    }
    return "the deadline of the key differs";
}

bool expires(const Fields& fields, int64_t now) {
    return std::any_of(fields.begin(), fields.end(), [now](const auto& item) {
        return item.second.deadline != 0 && item.second.deadline <= now;
    });
}

}  // namespace

bool Entry::operator==(const Entry& other) const {
    if (deadline != other.deadline || is_hash() != other.is_hash()) return false;
    if (is_hash()) return fields == other.fields || *fields == *other.fields;
    return value == other.value || *value == *other.value;
}

std::string Operation::text() const {
    std::string text = "db" + std::to_string(database);
    for (const Command& command : commands) {
        text += commands.size() > 1 ? " |" : "";
        for (const std::string& argument : command) text += ' ' + abbreviated(argument);
    }
    return text;
}

State State::live_at(int64_t now) const {
    State live;
    for (const auto& [key, entry] : entries_) {
        if (entry.deadline != 0 && entry.deadline <= now) continue;
        Entry left = entry;
        if (entry.is_hash() && expires(*entry.fields, now)) {
            Fields fields = *entry.fields;
            std::erase_if(fields, [now](const auto& item) {
                return item.second.deadline != 0 && item.second.deadline <= now;
            });
            if (fields.empty()) continue;
            left.fields = std::make_shared<const Fields>(std::move(fields));
        }
        live.entries_.emplace_hint(live.entries_.end(), key, std::move(left));
    }
    return live;
}

std::string State::difference(const State& other) const {
    const auto name = [](const KeyName& key) {
        return "db" + std::to_string(key.first) + " " + key.second + ": ";
    };
    for (const auto& [key, entry] : entries_) {
        const auto found = other.entries_.find(key);
        if (found == other.entries_.end()) return name(key) + described(entry) + " is not there";
        if (entry.is_hash() && found->second.is_hash() && !(found->second == entry)) {
            return name(key) + field_difference(*entry.fields, *found->second.fields);
        }
        if (!(found->second == entry)) {
            return name(key) + described(entry) + " is " + described(found->second);
        }
    }
    for (const auto& [key, entry] : other.entries_) {
        if (!entries_.contains(key)) return name(key) + described(entry) + " is too many";
    }
    return "no difference";
}

Entry* State::find(const KeyName& key) {
    const auto found = entries_.find(key);
    return found == entries_.end() ? nullptr : &found->second;
}

void State::flush(int database) {
    std::erase_if(entries_, [database](const auto& item) { return item.first.first == database; });
}

void State::apply(const Operation& operation, int64_t now) {
    *this = live_at(now);
    for (const Command& command : operation.commands) apply(operation.database, command, now);
}

void State::apply(int database, const Command& command, int64_t now) {
    const std::string& name = command[0];
    if (name[0] == 'H') return apply_to_hash(database, command, now);
    if (name == "SET" || name == "MSET" || name == "MSETNX") return apply_set(database, command);
    if (name == "APPEND" || name == "SETRANGE" || name == "INCRBY") {
        return apply_to_value(database, command);
    }
    if (name == "PEXPIREAT" || name == "PERSIST") return apply_to_deadline(database, command, now);
    if (name == "RENAME" || name == "RENAMENX" || name == "COPY" || name == "MOVE") {
        return apply_to_two_keys(database, command);
    }
    if (name == "SWAPDB" || name == "FLUSHDB" || name == "FLUSHALL") {
        return apply_to_databases(database, command);
    }
    SYNAP_ASSERT(name == "DEL");
    for (size_t i = 1; i < command.size(); ++i) entries_.erase({database, command[i]});
}

// SET key value [KEEPTTL | PXAT ms], MSET, MSETNX
void State::apply_set(int database, const Command& command) {
    if (command[0] == "SET") {
        Entry& entry = entries_[{database, command[1]}];
        entry.value = share(command[2]);
        entry.fields = nullptr;
        if (command.size() == 5) entry.deadline = std::stoll(command[4]);
        if (command.size() == 3) entry.deadline = 0;
        return;
    }
    if (command[0] == "MSETNX") {
        for (size_t i = 1; i < command.size(); i += 2) {
            if (find({database, command[i]}) != nullptr) return;
        }
    }
    for (size_t i = 1; i < command.size(); i += 2) {
        put({database, command[i]}, {share(command[i + 1]), nullptr, 0});
    }
}

void State::apply_to_value(int database, const Command& command) {
    const KeyName key{database, command[1]};
    Entry* entry = find(key);
    if (entry != nullptr && entry->is_hash()) return;  // an error
    std::string value = entry == nullptr ? std::string() : *entry->value;
    if (command[0] == "APPEND") {
        value += command[2];
    } else if (command[0] == "SETRANGE") {
        const size_t offset = std::stoull(command[2]);
        if (command[3].empty()) return;
        if (value.size() < offset + command[3].size()) value.resize(offset + command[3].size());
        value.replace(offset, command[3].size(), command[3]);
    } else {
        int64_t number = 0;
        if (entry != nullptr && !parse_integer(value, number)) return;  // an error
        if (__builtin_add_overflow(number, std::stoll(command[2]), &number)) return;
        value = std::to_string(number);
    }
    entries_[key].value = share(std::move(value));
}

void State::apply_to_deadline(int database, const Command& command, int64_t now) {
    Entry* entry = find({database, command[1]});
    if (entry == nullptr) return;
    entry->deadline = command[0] == "PERSIST" ? 0 : std::stoll(command[2]);
    if (entry->deadline != 0 && entry->deadline <= now) entries_.erase({database, command[1]});
}

// RENAME[NX] from to, MOVE key database, COPY from to DB database [REPLACE]
void State::apply_to_two_keys(int database, const Command& command) {
    const KeyName from{database, command[1]};
    KeyName to{database, command[2]};
    bool replaces = command[0] == "RENAME";
    if (command[0] == "MOVE") to = {std::stoi(command[2]), command[1]};
    if (command[0] == "COPY") {
        to.first = std::stoi(command[4]);
        replaces = command.size() == 6;
    }
    const Entry* entry = find(from);
    if (entry == nullptr || from == to) return;
    if (!replaces && find(to) != nullptr) return;
    entries_[to] = *entry;
    if (command[0] != "COPY") entries_.erase(from);
}

void State::apply_to_databases(int database, const Command& command) {
    if (command[0] == "FLUSHDB") return flush(database);
    if (command[0] == "FLUSHALL") return entries_.clear();
    const int a = std::stoi(command[1]);
    const int b = std::stoi(command[2]);
    std::map<KeyName, Entry> swapped;
    for (const auto& [key, entry] : entries_) {
        const int there = key.first == a ? b : key.first == b ? a : key.first;
        swapped[{there, key.second}] = entry;
    }
    entries_ = std::move(swapped);
}

}  // namespace synap::crash
