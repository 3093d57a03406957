// Pages of memory straight from the kernel. Thread safety: from any thread.
#pragma once

#include <cstddef>

namespace synap {

// `bytes` of zeroed memory at a multiple of `bytes`, a power of two; null without memory. `huge`:
// the kernel is asked to back it with huge pages. Costs memory only where it is touched. A forked
// child does not get it, so that a fork of the host program copies nothing.
void* map_memory(size_t bytes, bool huge) noexcept;
// At least `bytes`, without those promises: a forked child has them. For unmap_memory() as well.
void* map_pages(size_t bytes) noexcept;
void unmap_memory(void* memory, size_t bytes) noexcept;

}  // namespace synap
