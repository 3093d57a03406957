// The keys in the arguments of a call, read from the key specs of its command. The executor locks
// these, COMMAND GETKEYS shows them, and a handler whose keys have no fixed place takes them from
// here too, so that there is one reading of the arguments.
//
// Pure functions, safe from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/commands/record.h"

namespace synap {

// argv[first], every `step`, up to argv[last]; all of them within argv. first > last: none.
struct KeyRange {
    size_t first = 1;
    size_t last = 0;
    size_t step = 1;
};

// None where the keyword is absent, and where the count is none or more than there is.
KeyRange key_range(const KeySpec& spec, std::span<const std::string_view> argv) noexcept;

// Runs see(place in argv, spec) for each key, in the order of the specs.
template <typename See>
void each_key(const CommandRecord& command, std::span<const std::string_view> argv, See&& see) {
    for (const KeySpec& spec : command.key_specs) {
        const KeyRange range = key_range(spec, argv);
        for (size_t i = range.first; i <= range.last; i += range.step) see(i, spec);
    }
}

}  // namespace synap
