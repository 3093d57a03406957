// What the names of the eviction policies mean.
#pragma once

#include <cstdint>

#include "core/engine/options.h"
#include "core/keyspace/walk.h"

namespace synap {

constexpr EvictionRule rule_of(MaxMemoryPolicy policy, unsigned samples) noexcept {
    switch (policy) {
        case MaxMemoryPolicy::kNoEviction:
            break;
        case MaxMemoryPolicy::kLru:
        case MaxMemoryPolicy::kAllKeysLru:
            return {EvictionPolicy::kLru, false, samples};
        case MaxMemoryPolicy::kLfu:
        case MaxMemoryPolicy::kAllKeysLfu:
            return {EvictionPolicy::kLfu, false, samples};
        case MaxMemoryPolicy::kRandom:
        case MaxMemoryPolicy::kAllKeysRandom:
            return {EvictionPolicy::kRandom, false, samples};
        case MaxMemoryPolicy::kTtl:
        case MaxMemoryPolicy::kVolatileTtl:
            return {EvictionPolicy::kTtl, true, samples};
        case MaxMemoryPolicy::kVolatileLru:
            return {EvictionPolicy::kLru, true, samples};
        case MaxMemoryPolicy::kVolatileLfu:
            return {EvictionPolicy::kLfu, true, samples};
        case MaxMemoryPolicy::kVolatileRandom:
            return {EvictionPolicy::kRandom, true, samples};
    }
    return {};
}

// A bit for each policy that counts how often keys are used.
inline constexpr uint64_t kPoliciesByFrequency = [] {
    uint64_t policies = 0;
    for (unsigned i = 0; i <= static_cast<unsigned>(MaxMemoryPolicy::kVolatileTtl); ++i) {
        const EvictionRule rule = rule_of(static_cast<MaxMemoryPolicy>(i), 0);
        if (rule.policy == EvictionPolicy::kLfu) policies |= uint64_t{1} << i;
    }
    return policies;
}();

}  // namespace synap
