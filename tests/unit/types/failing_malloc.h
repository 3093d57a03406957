// Lets malloc fail when a test says so, for the thread that said it. Not under a sanitizer.
#pragma once

#include <cstdint>

namespace synap::failing_malloc {

extern const bool works;  // whether it can be made to fail in this build

// After this many allocations all others fail, until disarm(), which answers whether one did.
void arm(uint64_t works) noexcept;
bool disarm() noexcept;

}  // namespace synap::failing_malloc
