// Invariants. SYNAP_ASSERT stays on in every build: a broken invariant stops the process before it
// can reach the log. Input of clients and disks is never judged with it: Result is for that.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace synap {

[[noreturn]] inline void assert_failed(const char* expression, const char* file,
                                       int line) noexcept {
    std::fprintf(stderr, "synap: invariant broken: %s (%s:%d)\n", expression, file, line);
    __builtin_trap();
}

}  // namespace synap

#define SYNAP_ASSERT(expression)                        \
    (__builtin_expect(static_cast<bool>(expression), 1) \
         ? static_cast<void>(0)                         \
         : ::synap::assert_failed(#expression, __FILE__, __LINE__))
