// A tree beside the map that it should equal.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/platform/entropy.h"
#include "core/types/tree/hash_tree.h"

namespace synap {

struct ModelValue {
    std::string value;
    int64_t deadline = 0;
    bool operator==(const ModelValue&) const = default;
};
using Model = std::unordered_map<std::string, ModelValue>;

inline std::string sized(SmallRandom& random, size_t size) {
    std::string text(size, '\0');
    for (char& c : text) c = static_cast<char>('a' + random.below(26));
    return text;
}

// Mostly short; some of each length at which the form changes, some blobs.
inline size_t some_size(SmallRandom& random) {
    switch (random.below(12)) {
        case 0:
            return 0;
        case 1:
            return 60 + random.below(8);
        case 2:
            return 120 + random.below(200);
        case 3:
            return 250 + random.below(270);
        case 4:
            return random.below(20) == 0 ? random.below(5'000) : 16;
        default:
            return 4 + random.below(24);
    }
}

// Members are few enough to be met again; their size follows from their number.
inline std::string member_of(uint64_t number) {
    SmallRandom random(number);
    std::string member = "m" + std::to_string(number) + ":";
    if (number % 5 == 0) member += sized(random, some_size(random));
    return member;
}

template <typename Walk>
Model collect(Walk&& walk) {
    Model found;
    walk([&](const TreeEntry& entry) {
        const ModelValue value{std::string(entry.value), entry.deadline};
        EXPECT_TRUE(found.emplace(std::string(entry.member), value).second) << entry.member;
        if (entry.blob != nullptr) {
            EXPECT_EQ(entry.blob->bytes(), entry.value);
        }
    });
    return found;
}
inline Model contents(const HashTreeRef& ref) {
    return collect([&](auto&& see) {
        TreeEntry entry;
        for (HashTreeRef::Cursor cursor = ref.begin(); cursor.next(entry);) see(entry);
    });
}
inline Model contents(const HashTree& tree) {
    return collect([&](auto&& see) { EXPECT_EQ(tree.scan(0, ~size_t{0}, see), 0u); });
}

inline int64_t earliest(const Model& model) {
    int64_t earliest = 0;
    for (const auto& [member, value] : model) {
        if (value.deadline != 0 && (earliest == 0 || value.deadline < earliest)) {
            earliest = value.deadline;
        }
    }
    return earliest;
}

inline std::string wrong(const HashTree& tree) {
    const char* found = tree.check();
    return found == nullptr ? "" : found;
}

}  // namespace synap
