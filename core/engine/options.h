// The one table of engine options: names, types, ranges, defaults, texts. It parses, validates,
// prints, and is what bindings, the server and the documentation enumerate.
//
// Thread safety: a Values may be read from any thread while one changes it; each value is atomic.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace synap {

// Order is the order of enumeration; not stored anywhere.
enum class OptionId : uint8_t {
    kMaxMemory,
    kMaxMemoryPolicy,
    kMaxMemorySamples,
    kFsync,
    kAcknowledge,
    kSegmentBytes,
    kRetainBytes,
    kSnapshotInterval,
    kSnapshotMinOperations,
    kSnapshotLogGrowth,
    kSnapshotKeep,
    kOpenWait,
    kReadOnly,
    kSlots,
    kKeyBytes,
    kValueBytes,
    kTransactionCommands,
    kReplyBytes,
    kSlowlogThreshold,
    kSlowlogEntries,
    kLatencyTracking,
    kShadow,
    kCount,
};

// Of kMaxMemoryPolicy, in the order of its choices.
enum class MaxMemoryPolicy : uint8_t {
    kNoEviction,
    kLru,
    kLfu,
    kRandom,
    kTtl,
    kAllKeysLru,
    kAllKeysLfu,
    kAllKeysRandom,
    kVolatileLru,
    kVolatileLfu,
    kVolatileRandom,
    kVolatileTtl,
};

struct OptionSpec {
    std::string_view name;
    std::string_view type;  // "bool" "int" "bytes" "ms", or the choices "a|b|c"
    std::string_view default_text;
    uint64_t least;
    uint64_t most;
    bool is_mutable;
    std::string_view redis_name;  // as CONFIG knows it; empty: not offered there
    std::string_view help;

    std::string range() const;
};

inline constexpr size_t kOptionCount = static_cast<size_t>(OptionId::kCount);
const std::array<OptionSpec, kOptionCount>& option_specs() noexcept;
// Null for an unknown name.
const OptionSpec* find_option(std::string_view name, OptionId& id) noexcept;
// "unknown option 'x'; did you mean 'y'?"
Error unknown_option(std::string_view name);

class Options {
public:
    Options();
    Options(const Options& other) noexcept;

    // kInvalidArgument names the option, the value and what was expected.
    Status set(OptionId id, std::string_view value);
    std::string text(OptionId id) const;
    uint64_t get(OptionId id) const noexcept {
        return values_[static_cast<size_t>(id)].load(std::memory_order_relaxed);
    }
    void set_number(OptionId id, uint64_t value) noexcept {
        values_[static_cast<size_t>(id)].store(value, std::memory_order_relaxed);
    }

private:
    std::array<std::atomic<uint64_t>, kOptionCount> values_;
};

// "64mb", "1GiB", "100": bytes; false when it is none of these or overflows.
bool parse_bytes(std::string_view text, uint64_t& value) noexcept;

}  // namespace synap
