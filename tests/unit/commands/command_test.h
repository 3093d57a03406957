// Commands against a real engine, on a clock that moves only when told to. Tests read as a client's
// dialogue: EXPECT_EQ(run("INCR n"), ":1"). Whatever a test does, a shadow that follows the records
// alone holds the same in the end.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/platform/sim_disk.h"
#include "tests/unit/session/fixture.h"

namespace synap {

class CommandTest : public SessionTest {
protected:
    void SetUp() override { start(Options()); }
    void TearDown() override {
        check_shadow();
        SessionTest::TearDown();
    }
    void start(Options options) {
        check_shadow();
        client.reset();
        options.set_number(OptionId::kShadow, 1);
        open(std::make_shared<SimDisk>(), options);
        client = std::make_unique<Client>(engine);
    }
    void check_shadow() {
        if (engine == nullptr) return;
        EXPECT_EQ(engine->difference_from_shadow(), "");
    }

    // Words at blanks; '' stands for the empty word.
    std::string run(const std::string& line) {
        std::istringstream in(line);
        std::vector<std::string> words;
        for (std::string word; in >> word;) words.push_back(word == "''" ? "" : word);
        return client->call(words);
    }
    std::string run_words(const std::vector<std::string>& words) { return client->call(words); }
    void advance_ms(uint64_t ms) { clock.advance_ms(ms); }
    int64_t now_ms() { return clock.wall_ms(); }

    std::unique_ptr<Client> client;
};

// For option and error tables.
inline std::string wrong_arguments(const std::string& command) {
    return "-ERR wrong number of arguments for '" + command + "' command";
}
inline std::string invalid_expiry(const std::string& command) {
    return "-ERR invalid expire time in '" + command + "' command";
}
inline constexpr const char* kSyntaxError = "-ERR syntax error";
inline constexpr const char* kNotAnInteger = "-ERR value is not an integer or out of range";
inline constexpr const char* kTooLong =
    "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";

}  // namespace synap
