#include "tests/crash/generator.h"

namespace synap::crash {

Operation Generator::next(int64_t now) {
    Operation operation;
    operation.database = static_cast<int>(random_.below(kDatabases));
    const uint64_t commands = one_in(mix_.transaction_in) ? 2 + random_.below(5) : 1;
    for (uint64_t i = 0; i < commands; ++i) {
        operation.commands.push_back(command(now));
    }
    return operation;
}

Command Generator::command(int64_t now) {
    if (one_in(mix_.keyspace_in)) return keyspace_command();
    if (one_in(mix_.hash_in)) return one_in(3) ? hash_expiry_command(now) : hash_command(now);
    if (random_.below(3) != 0) return value_command();
    return key_command(now);
}

Command Generator::keyspace_command() {
    switch (random_.below(5)) {
        case 0:
            return {"FLUSHDB"};
        case 1:
            return {"FLUSHALL"};
        default:
            return {"SWAPDB", database(), database()};
    }
}

Command Generator::value_command() {
    switch (random_.below(8)) {
        case 0:
            return {"INCRBY", key(), std::to_string(random_.below(1000))};
        case 1:
            return {"APPEND", key(), value()};
        case 2:
            return {"SETRANGE", key(), std::to_string(random_.below(60)), value()};
        case 3:
        case 4: {
            Command command{one_in(4) ? "MSETNX" : "MSET"};
            for (uint64_t pairs = 1 + random_.below(4); pairs > 0; --pairs) {
                command.push_back(key());
                command.push_back(value());
            }
            return command;
        }
        case 5:
            return {"SET", key(), value(), "KEEPTTL"};
        default:
            return {"SET", key(), value()};
    }
}

Command Generator::key_command(int64_t now) {
    switch (random_.below(8)) {
        case 0:
            return {"RENAME", key(), key()};
        case 1:
            return {"RENAMENX", key(), key()};
        case 2:
            return {"MOVE", key(), database()};
        case 3: {
            Command command{"COPY", key(), key(), "DB", database()};
            if (one_in(2)) command.push_back("REPLACE");
            return command;
        }
        case 4:
            return {"PEXPIREAT", key(), deadline(now)};
        case 5:
            return {"PERSIST", key()};
        case 6:
            return {"SET", key(), value(), "PXAT",
                    std::to_string(now + 1 + static_cast<int64_t>(random_.below(3000)))};
        default: {
            Command command{"DEL", key()};
            while (one_in(2)) command.push_back(key());
            return command;
        }
    }
}

Command Generator::hash_command(int64_t now) {
    constexpr uint64_t kManyFields = 150;
    if (one_in(mix_.big_hash_in)) {
        Command command{"HSET", key()};
        const uint64_t first = random_.below(kManyFields);
        for (uint64_t i = 0; i < kManyFields; ++i) {
            command.push_back("m" + std::to_string(first + i));
            command.push_back(std::to_string(random_.next() >> 20));
        }
        return command;
    }
    switch (random_.below(8)) {
        case 0:
            return {"HSETNX", key(), field(), value()};
        case 1:
            return {"HINCRBY", key(), field(), std::to_string(random_.below(1000))};
        case 2:
        case 3: {
            Command command{one_in(2) ? "HGETDEL" : "HDEL", key()};
            if (command[0] == "HGETDEL") {
                add_fields(command, false);
            } else {
                for (uint64_t more = 1 + random_.below(4); more > 0; --more) {
                    command.push_back(field());
                }
            }
            return command;
        }
        case 4: {
            Command command{"HSETEX", key()};
            if (one_in(4)) command.push_back("FNX");
            if (one_in(3)) {
                command.push_back("KEEPTTL");
            } else if (one_in(2)) {
                command.push_back("PXAT");
                command.push_back(
                    std::to_string(now + 1 + static_cast<int64_t>(random_.below(3000))));
            }
            add_fields(command, true);
            return command;
        }
        default: {
            Command command{"HSET", key()};
            for (uint64_t more = 1 + random_.below(4); more > 0; --more) {
                command.push_back(field());
                command.push_back(value());
            }
            return command;
        }
    }
}

Command Generator::hash_expiry_command(int64_t now) {
    Command command;
    switch (random_.below(4)) {
        case 0:
            command = {"HPERSIST", key()};
            break;
        case 1:
            command = {"HGETEX", key(), "PXAT", deadline(now)};
            break;
        default:
            command = {"HPEXPIREAT", key(), deadline(now)};
    }
    add_fields(command, false);
    return command;
}

// FIELDS n and so many different ones.
void Generator::add_fields(Command& command, bool with_values) {
    const uint64_t count = 1 + random_.below(4);
    const uint64_t first = random_.below(10);
    command.push_back("FIELDS");
    command.push_back(std::to_string(count));
    for (uint64_t i = 0; i < count; ++i) {
        command.push_back((one_in(3) ? "m" : "f") + std::to_string(first + i));
        if (with_values) command.push_back(value());
    }
}

// Of those that large hashes have as well, now and then.
std::string Generator::field() {
    return one_in(3) ? "m" + std::to_string(random_.below(200))
                     : "f" + std::to_string(random_.below(12));
}

std::string Generator::key() { return "k" + std::to_string(random_.below(mix_.keys)); }

std::string Generator::value() {
    constexpr uint64_t kFrame = 1ull << 20;
    if (one_in(3)) return std::to_string(random_.below(100000));
    uint64_t size = random_.below(mix_.value_bytes + 1);
    if (one_in(mix_.large_in)) size = (12ull << 10) + random_.below(20ull << 10);
    if (one_in(mix_.huge_in)) size = kFrame - 100 + random_.below(2 * kFrame);
    std::string value(size, '\0');
    const auto first = static_cast<char>('a' + random_.below(26));
    for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(first + i % 7);
    return value;
}

// Now and then in the past.
std::string Generator::deadline(int64_t now) {
    return std::to_string(now - 100 + static_cast<int64_t>(random_.below(5000)));
}

std::string Generator::database() { return std::to_string(random_.below(kDatabases)); }

}  // namespace synap::crash
