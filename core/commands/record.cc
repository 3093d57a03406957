#include "core/commands/record.h"

#include <functional>

#include "core/commands/name_table.h"

namespace synap {
namespace {

char to_upper(char c) noexcept {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
}

// `upper` is in upper case already.
bool equals_upper(std::string_view name, std::string_view upper) noexcept {
    if (name.size() != upper.size()) {
        return false;
    }
    for (size_t i = 0; i < name.size(); ++i) {
        if (to_upper(name[i]) != upper[i]) {
            return false;
        }
    }
    return true;
}

}  // namespace

const CommandRecord* find_command(std::string_view name) noexcept {
    if (name.empty() || name.size() > kMaxCommandName) {
        return nullptr;
    }
    constexpr size_t kMask = (size_t{1} << kNameSlotBits) - 1;
    const NameKey key = name_key(name);
    for (size_t i = name_slot(key);; i = (i + 1) & kMask) {
        const NameSlot& slot = generated::kNameSlots[i];
        if (slot.length == 0) {
            return nullptr;
        }
        if (slot.key == key && slot.length == name.size()) {
            const CommandRecord& record = generated::kCommands[slot.command];
            if (name.size() <= sizeof(NameKey) || equals_upper(name, record.name)) {
                return &record;
            }
        }
    }
}

const CommandRecord* find_subcommand(const CommandRecord& parent, std::string_view name) noexcept {
    const size_t prefix = parent.name.size() + 1;
    for (const CommandRecord& record : parent.subcommands) {
        if (equals_upper(name, record.name.substr(prefix))) {
            return &record;
        }
    }
    return nullptr;
}

const CommandRecord* find_command_path(std::string_view path) noexcept {
    const size_t bar = path.find('|');
    const CommandRecord* record = find_command(path.substr(0, bar));
    if (record == nullptr || bar == std::string_view::npos) {
        return record;
    }
    return find_subcommand(*record, path.substr(bar + 1));
}

const CommandRecord* command_by_id(uint16_t id) noexcept {
    return id <= kMaxCommandId ? generated::kCommandsById[id] : nullptr;
}

std::span<const CommandRecord> all_commands() noexcept { return generated::kCommands; }

bool is_top_level(const CommandRecord& command) noexcept {
    const std::less<const CommandRecord*> before;
    const auto all = all_commands();
    return !before(&command, all.data()) && before(&command, all.data() + all.size());
}

}  // namespace synap
