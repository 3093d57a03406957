// A check of builds for tests (SYNAP_CHECK_LOCKS, which sanitizers and Debug switch on): while a
// handler runs, its thread touches only keys in slots that its session has locked. In other builds
// all of it is nothing.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "core/base/assert.h"

namespace synap {

#ifdef SYNAP_CHECK_LOCKS

inline constexpr bool kChecksLocks = true;

// Confines the thread to these slots (ascending), which outlive it, for as long as it lives. Not
// nested.
class OnlySlots {
public:
    explicit OnlySlots(std::span<const uint32_t> slots) noexcept : slots_(slots) { mine() = this; }
    ~OnlySlots() { mine() = nullptr; }
    OnlySlots(const OnlySlots&) = delete;
    OnlySlots& operator=(const OnlySlots&) = delete;

    static void check(uint32_t slot) noexcept {
        const OnlySlots* only = mine();
        SYNAP_ASSERT(only == nullptr ||
                     std::binary_search(only->slots_.begin(), only->slots_.end(), slot));
    }

private:
    static const OnlySlots*& mine() noexcept {
        static thread_local const OnlySlots* only = nullptr;
        return only;
    }
    const std::span<const uint32_t> slots_;
};

#else

inline constexpr bool kChecksLocks = false;

class OnlySlots {
public:
    explicit OnlySlots(std::span<const uint32_t>) noexcept {}
    static void check(uint32_t) noexcept {}
};

#endif

}  // namespace synap
