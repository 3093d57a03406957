#include "core/commands/record.h"

#include "capi/src/guard.h"

using namespace synap;
using namespace synap::capi;

// The public handle is the engine's own record; it never changes and never dies.
struct synap_command;

namespace {

const synap_command_t* to_handle(const CommandRecord* record) noexcept {
    return reinterpret_cast<const synap_command_t*>(record);
}
const CommandRecord* to_record(const synap_command_t* command) noexcept {
    return reinterpret_cast<const CommandRecord*>(command);
}

constexpr uint32_t kPublicFlags = 0xffff;

}  // namespace

const synap_command_t* synap_command_at(uint32_t index) noexcept {
    const auto commands = all_commands();
    return index < commands.size() ? to_handle(&commands[index]) : nullptr;
}
const synap_command_t* synap_command_find(synap_bytes_t name) noexcept {
    return valid(name) ? to_handle(find_command_path(view_of(name))) : nullptr;
}
synap_bytes_t synap_command_name(const synap_command_t* c) noexcept {
    return c == nullptr ? synap_bytes_t{nullptr, 0} : bytes_of(to_record(c)->name);
}
uint32_t synap_command_id(const synap_command_t* c) noexcept {
    return c == nullptr ? 0 : to_record(c)->id;
}
uint32_t synap_command_flags(const synap_command_t* c) noexcept {
    return c == nullptr ? 0 : to_record(c)->flags & kPublicFlags;
}
int32_t synap_command_arity(const synap_command_t* c) noexcept {
    return c == nullptr ? 0 : to_record(c)->arity;
}
