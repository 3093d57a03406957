#include "server/config/container.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string_view>

namespace synap::server::config {

namespace {

// First line of a small file; empty when there is none.
std::string first_line(const std::string& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// A number at the beginning of the text; "max" and nonsense give none.
std::optional<int64_t> number(std::string_view text) {
    int64_t value = 0;
    const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{}) return std::nullopt;
    return value;
}

template <typename T>
void lower_to(std::optional<T>& limit, T value) {
    limit = limit ? std::min(*limit, value) : value;
}

// Memory of the machine, from the line "MemTotal:  16384 kB".
std::optional<uint64_t> machine_memory(const std::string& root) {
    std::ifstream file(root + "/proc/meminfo");
    std::string name;
    uint64_t kilobytes = 0;
    if (file >> name >> kilobytes && name == "MemTotal:") return kilobytes * 1024;
    return std::nullopt;
}

void add_memory(ContainerLimits& limits, const std::string& file) {
    const auto bytes = number(first_line(file));
    if (bytes && *bytes > 0) lower_to(limits.memory_bytes, static_cast<uint64_t>(*bytes));
}

void add_cpus(ContainerLimits& limits, std::optional<int64_t> quota,
              std::optional<int64_t> period) {
    if (quota && period && *quota > 0 && *period > 0) {
        const int64_t cpus = (*quota - 1) / *period + 1;
        lower_to(limits.cpus, static_cast<unsigned>(std::min<int64_t>(cpus, 1 << 16)));
    }
}

void read_group_v2(ContainerLimits& limits, const std::string& group) {
    add_memory(limits, group + "/memory.max");
    const std::string cpu = first_line(group + "/cpu.max");  // "200000 100000" or "max 100000"
    const auto space = cpu.find(' ');
    if (space != std::string::npos) {
        add_cpus(limits, number(cpu), number(std::string_view(cpu).substr(space + 1)));
    }
}

void read_cpu_group_v1(ContainerLimits& limits, const std::string& group) {
    add_cpus(limits, number(first_line(group + "/cpu.cfs_quota_us")),
             number(first_line(group + "/cpu.cfs_period_us")));
}

// Calls visit("<base><path>"), visit("<base><parent of path>") ... visit("<base>").
template <typename Visit>
void each_group(const std::string& base, std::string path, Visit visit) {
    while (!path.empty() && path != "/") {
        visit(base + path);
        path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    }
    visit(base);
}

bool lists(std::string_view controllers, std::string_view name) {
    while (!controllers.empty()) {
        const auto comma = controllers.find(',');
        if (controllers.substr(0, comma) == name) return true;
        controllers =
            comma == std::string_view::npos ? std::string_view{} : controllers.substr(comma + 1);
    }
    return false;
}

// One line of /proc/self/cgroup: "0::/path" (version 2) or "4:memory:/path" (version 1).
void read_membership(ContainerLimits& limits, const std::string& mount, const std::string& line) {
    const auto first = line.find(':');
    const auto second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) return;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) {
        each_group(mount, path, [&](const std::string& group) { read_group_v2(limits, group); });
    }
    if (lists(controllers, "memory")) {
        each_group(mount + "/memory", path, [&](const std::string& group) {
            add_memory(limits, group + "/memory.limit_in_bytes");
        });
    }
    if (lists(controllers, "cpu")) {
        each_group(mount + "/cpu", path,
                   [&](const std::string& group) { read_cpu_group_v1(limits, group); });
    }
}

}  // namespace

ContainerLimits container_limits(const std::string& root) {
    ContainerLimits limits;
    std::ifstream membership(root + "/proc/self/cgroup");
    for (std::string line; std::getline(membership, line);) {
        read_membership(limits, root + "/sys/fs/cgroup", line);
    }
    // Version 1 says "no limit" with a number close to 2^63.
    limits.machine_bytes = machine_memory(root);
    if (limits.machine_bytes && limits.memory_bytes &&
        *limits.memory_bytes >= *limits.machine_bytes) {
        limits.memory_bytes.reset();
    }
    return limits;
}

}  // namespace synap::server::config
