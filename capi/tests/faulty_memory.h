// Memory that runs out when a test says so. It stands in the place of malloc and its relatives,
// operator new, anonymous mmap and pthread_create, for the program and for libsynap alike.
//
// Only the thread that asked for a failure gets it, so that runs repeat; see fail_elsewhere() for
// the engine's own threads.
#pragma once

#include <cstddef>
#include <cstdint>

namespace synap::memory {

enum class Failing : uint8_t {
    kOnce,      // the n-th allocation, and none after it
    kFromThen,  // the n-th allocation and all that follow
};

// Of this thread, until stop_failing(). n counts from 1.
void fail(uint64_t n, Failing how) noexcept;
// Answers how many allocations were refused.
uint64_t stop_failing() noexcept;

// Refuses every allocation of the other threads; counted until they are allowed again.
void fail_elsewhere(bool on) noexcept;
uint64_t failed_elsewhere() noexcept;

// Notes what this thread allocates, and forgets what anybody frees.
void start_noting() noexcept;
// Answers how many of the noted allocations are still there, and prints the size of the first.
// Threads that end at leisure get some seconds to give back theirs.
size_t stop_noting() noexcept;

}  // namespace synap::memory
