// What the engine must remember, in the plainest form: a map from (database, key) to a value and
// its deadline, and the commands of the crash suite as functions on it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace synap::crash {

inline constexpr int kDatabases = 3;

using Command = std::vector<std::string>;

// One atomic step of history: a command, or several between MULTI and EXEC.
struct Operation {
    int database = 0;
    std::vector<Command> commands;

    bool is_transaction() const { return commands.size() > 1; }
    std::string text() const;
};

struct Field {
    std::string value;
    int64_t deadline = 0;  // Unix ms; 0 for none

    bool operator==(const Field& other) const = default;
};

using Fields = std::map<std::string, Field>;

// A string or a hash. Shared: states are copied once an operation.
struct Entry {
    std::shared_ptr<const std::string> value;  // of a string
    std::shared_ptr<const Fields> fields;      // of a hash, which is never empty
    int64_t deadline = 0;                      // Unix ms; 0 for none

    bool operator==(const Entry& other) const;
    bool is_hash() const { return fields != nullptr; }
};

using KeyName = std::pair<int, std::string>;  // database, key

class State {
public:
    bool operator==(const State& other) const = default;

    void put(KeyName key, Entry entry) { entries_[std::move(key)] = std::move(entry); }
    const std::map<KeyName, Entry>& entries() const { return entries_; }
    // Without what is past its deadline: keys, fields, and hashes that have no other fields.
    State live_at(int64_t now) const;
    void apply(const Operation& operation, int64_t now);
    // The first difference to `other`, for people.
    std::string difference(const State& other) const;

private:
    void apply(int database, const Command& command, int64_t now);
    void apply_set(int database, const Command& command);
    void apply_to_value(int database, const Command& command);
    void apply_to_deadline(int database, const Command& command, int64_t now);
    void apply_to_two_keys(int database, const Command& command);
    void apply_to_databases(int database, const Command& command);
    // Of commands on hashes; they do nothing to a string.
    void apply_to_hash(int database, const Command& command, int64_t now);
    void change(Fields& fields, const Command& command, int64_t now);
    void flush(int database);
    Entry* find(const KeyName& key);

    std::map<KeyName, Entry> entries_;
};

}  // namespace synap::crash
