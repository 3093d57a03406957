#include "tests/unit/types/failing_malloc.h"

#include <cstdlib>

namespace synap::failing_malloc {
namespace {
constinit thread_local uint64_t left = 0;
constinit thread_local bool armed = false;
constinit thread_local bool failed = false;
}  // namespace

void arm(uint64_t works) noexcept {
    left = works;
    failed = false;
    armed = true;
}
bool disarm() noexcept {
    armed = false;
    return failed;
}

namespace {
[[maybe_unused]] bool refuses() noexcept {
    if (!armed) return false;
    if (left-- > 0) return false;
    left = 0;
    return failed = true;
}
}  // namespace

}  // namespace synap::failing_malloc

// A sanitizer has malloc for itself.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace synap::failing_malloc {
const bool works = true;
}
extern "C" {
void* __libc_malloc(size_t size);
void* malloc(size_t size) noexcept {
    return synap::failing_malloc::refuses() ? nullptr : __libc_malloc(size);
}
}
#else
namespace synap::failing_malloc {
const bool works = false;
}
#endif
