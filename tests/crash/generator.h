// Random operations over few keys, so that they meet.
#pragma once

#include <cstdint>

#include "core/platform/entropy.h"
#include "tests/crash/model.h"

namespace synap::crash {

struct Mix {
    uint64_t keys = 8;            // names in each database
    uint64_t value_bytes = 40;    // usual bound
    uint64_t large_in = 60;       // one value in so many is large (16 KiB and more)
    uint64_t huge_in = 4000;      // one in so many is longer than a frame
    uint64_t hash_in = 3;         // one command in so many is on hashes
    uint64_t big_hash_in = 80;    // one of these sets so many fields that the hash becomes a tree
    uint64_t transaction_in = 6;  // one operation in so many is a transaction
    uint64_t keyspace_in = 40;    // one command in so many concerns whole databases
};

class Generator {
public:
    Generator(const Mix& mix, uint64_t seed) : mix_(mix), random_(seed) {}
    Operation next(int64_t now);

private:
    Command command(int64_t now);
    Command keyspace_command();
    Command value_command();
    Command key_command(int64_t now);
    Command hash_command(int64_t now);
    Command hash_expiry_command(int64_t now);
    void add_fields(Command& command, bool with_values);
    std::string field();
    std::string key();
    std::string value();
    std::string deadline(int64_t now);
    std::string database();
    bool one_in(uint64_t n) { return random_.below(n) == 0; }

    Mix mix_;
    SmallRandom random_;
};

}  // namespace synap::crash
