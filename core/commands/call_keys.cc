#include "core/commands/call_keys.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "core/base/text.h"
#include "core/commands/context.h"

namespace synap {
namespace {

// Where the search ends: the place of the first key, or of their count. 0: nowhere.
int64_t begin_of(const KeySpec& spec, std::span<const std::string_view> argv) noexcept {
    if (spec.keyword.empty()) return spec.first;
    const auto argc = static_cast<int64_t>(argv.size());
    const int64_t step = spec.first > 0 ? 1 : -1;
    for (int64_t i = spec.first > 0 ? spec.first : argc + spec.first; i > 0 && i < argc;
         i += step) {
        if (equals_ignoring_case(argv[static_cast<size_t>(i)], spec.keyword)) return i + 1;
    }
    return 0;
}

KeyRange counted_from(int64_t place, const KeySpec& spec,
                      std::span<const std::string_view> argv) noexcept {
    const auto argc = static_cast<int64_t>(argv.size());
    int64_t count = 0;
    if (!parse_integer(argv[static_cast<size_t>(place)], count)) return {};
    const int64_t room = argc - 1 - place;
    if (count < 1 || count > room || 1 + (count - 1) * spec.step > room) return {};
    return {static_cast<size_t>(place + 1),
            static_cast<size_t>(place + 1 + (count - 1) * spec.step),
            static_cast<size_t>(spec.step)};
}

}  // namespace

KeyRange key_range(const KeySpec& spec, std::span<const std::string_view> argv) noexcept {
    const auto argc = static_cast<int64_t>(argv.size());
    const int64_t first = begin_of(spec, argv);
    if (first < 1 || first >= argc) return {};
    if (spec.counted) return counted_from(first, spec, argv);
    int64_t last = first + spec.last;
    if (spec.last < 0) {
        last = spec.limit > 1 ? first + (argc - first) / spec.limit + spec.last : argc + spec.last;
    }
    last = std::min(last, argc - 1);
    if (last < first) return {};
    return {static_cast<size_t>(first), static_cast<size_t>(last), static_cast<size_t>(spec.step)};
}

}  // namespace synap
