// What the container (a Linux control group, version 1 or 2) leaves this process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace synap::server::config {

struct ContainerLimits {
    // Bytes; none when there is no limit below the machine's memory.
    std::optional<uint64_t> memory_bytes;
    // Processors, rounded up; none when no quota is set.
    std::optional<unsigned> cpus;
    // Memory of the whole machine; none when it cannot be read.
    std::optional<uint64_t> machine_bytes = {};
};

// Reads <root>/proc and <root>/sys/fs/cgroup; tests pass a root of their own. A limit of any group
// above the process's counts, the lowest decides. What cannot be read is no limit.
ContainerLimits container_limits(const std::string& root = "");

}  // namespace synap::server::config
