// The operating system behind the interfaces of this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/platform/clock.h"
#include "core/platform/disk.h"
#include "core/platform/entropy.h"

namespace synap {

// Shared, stateless; for the life of the process.
Clock& real_clock() noexcept;
Entropy& real_entropy() noexcept;

// A directory; created with its parents when absent. Descriptors are
// close-on-exec. lock() holds an exclusive lock on LOCK, a file with the owner's pid, closed in
// forked children.
Result<std::unique_ptr<Disk>> open_real_disk(std::string_view path, bool create);

// Bytes of physical memory charged to this process now, 0 when unknown.
uint64_t resident_bytes() noexcept;

// Lets the calling thread yield to everything else; best effort.
void lower_thread_priority() noexcept;

// Gives free memory back to the system where the C library's allocator can.
void release_free_memory() noexcept;

// For INFO and for messages.
int64_t process_id() noexcept;
std::string system_name();  // "Linux 6.1.0 x86_64"
std::string host_name();    // of this machine, as it calls itself
uint64_t total_memory_bytes() noexcept;

// Processor time of this process, in seconds.
struct ProcessorTime {
    double system = 0;
    double user = 0;
};
ProcessorTime processor_time() noexcept;
ProcessorTime main_thread_time() noexcept;  // of the thread that began main()

std::string executable_path();  // empty when unknown

}  // namespace synap
