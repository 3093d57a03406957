// INFO: sections of named facts. Those of Redis 7.2 come first in a section, in its order, as tools
// look for them by name, by place and by number; then those that only Synap has, which begin with
// synap_.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace synap {

class CommandContext;
class Engine;
enum class OptionId : uint8_t;

class InfoFields {
public:
    void add(std::string_view name, std::string value) {
        fields_.emplace_back(name, std::move(value));
    }
    void add(std::string_view name, const char* value) { add(name, std::string(value)); }
    void add(std::string_view name, std::string_view value) { add(name, std::string(value)); }
    void number(std::string_view name, uint64_t value) { add(name, std::to_string(value)); }
    void flag(std::string_view name, bool value) { add(name, value ? "1" : "0"); }
    // Facts of Redis that this store has nothing of: tools that sum them up read a number.
    void zeros(std::initializer_list<std::string_view> names) {
        for (const std::string_view name : names) add(name, "0");
    }
    void real(std::string_view name, double value, int digits);
    // In bytes, and as people read them: "1.25M".
    void bytes(std::string_view name, uint64_t value);
    // Takes the place of a field of that name, or becomes the last.
    void replace(const std::string& name, const std::string& value);

    // "name:value\r\n" for each.
    std::string text() const;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

struct InfoSection {
    std::string_view name;  // as INFO is asked for it
    std::string_view title;
    bool by_default;
    void (*fill)(CommandContext& ctx, InfoFields& fields);
};

std::span<const InfoSection> info_sections() noexcept;

// Sections that have a file of their own.
void fill_persistence(CommandContext& ctx, InfoFields& fields);
void fill_replication(CommandContext& ctx, InfoFields& fields);
void fill_stats(CommandContext& ctx, InfoFields& fields);
void fill_command_stats(CommandContext& ctx, InfoFields& fields);
void fill_error_stats(CommandContext& ctx, InfoFields& fields);
void fill_latency_stats(CommandContext& ctx, InfoFields& fields);

// Through which position of the log the data here is: as a master's, or as applied of one.
uint64_t data_position(Engine& engine);
// The value of an option in the words of Redis' CONFIG.
std::string redis_option_text(Engine& engine, OptionId id);
// As LASTSAVE: of the last snapshot, and as long as there was none, of the start.
int64_t last_save_seconds(Engine& engine);

}  // namespace synap
