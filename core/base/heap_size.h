// The one rounding function of the memory accounts: what an allocation of n bytes really takes.
// Sixteen-byte steps to 128, then four steps to each doubling, as the size classes of mimalloc and
// jemalloc. Allocations of the engine ask for exactly this size, so nothing is wasted unseen.
#pragma once

#include <bit>
#include <cstddef>

namespace synap {

constexpr size_t heap_size(size_t n) noexcept {
    if (n <= 128) return n == 0 ? 0 : (n + 15) & ~size_t{15};
    const size_t step = size_t{1} << (std::bit_width(n - 1) - 3);
    return (n + step - 1) / step * step;
}

static_assert(heap_size(1) == 16 && heap_size(96) == 96 && heap_size(129) == 160);
static_assert(heap_size(256) == 256 && heap_size(257) == 320);

}  // namespace synap
