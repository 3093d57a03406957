// What the tests of commands on hashes have in common.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/commands/command_test.h"

namespace synap {

inline constexpr const char* kWrongType =
    "-WRONGTYPE Operation against a key holding the wrong kind of value";

// Each behaviour with a small hash, which stands in its node, and with one too large for that.
class SmallAndLargeHashTest : public CommandTest, public testing::WithParamInterface<bool> {
protected:
    static constexpr int kFiller = 300;

    // Fields that no test names otherwise.
    void fill(const std::string& key) {
        if (!GetParam()) return;
        std::vector<std::string> words{"HSET", key};
        for (int i = 0; i < kFiller; ++i) {
            words.push_back("filler" + std::to_string(i));
            words.push_back("x");
        }
        run_words(words);
    }
    std::string size(int fields) {
        return ":" + std::to_string(fields + (GetParam() ? kFiller : 0));
    }
};

}  // namespace synap
