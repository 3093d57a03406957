#include "core/platform/real.h"

#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "core/base/immortal.h"
#include "core/platform/descriptor.h"

namespace synap {
namespace {

class RealClock final : public Clock {
public:
    int64_t wall_ms() noexcept override {
        using namespace std::chrono;
        return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
    }
    uint64_t monotonic_us() noexcept override {
        using namespace std::chrono;
        const auto now = steady_clock::now().time_since_epoch();
        return static_cast<uint64_t>(duration_cast<microseconds>(now).count());
    }
};

class RealEntropy final : public Entropy {
public:
    uint64_t next() noexcept override {
        uint64_t value = 0;
        // Up to 256 bytes are never short once the pool is ready.
        while (getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
        }
        return value;
    }
};

constexpr size_t kProcText = 1024;

// The beginning of a file of /proc, ended by 0.
bool read_proc(const char* name, char (&text)[kProcText]) noexcept {
    const Descriptor file = open_descriptor(AT_FDCWD, name, O_RDONLY);
    if (file.get() < 0) return false;
    const ssize_t n = read(file.get(), text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    return n > 0;
}

}  // namespace

Clock& real_clock() noexcept {
    static const Immortal<RealClock> clock;
    return clock.get();
}

Entropy& real_entropy() noexcept {
    static const Immortal<RealEntropy> entropy;
    return entropy.get();
}

uint64_t resident_bytes() noexcept {
    char text[kProcText];
    if (!read_proc("/proc/self/statm", text)) return 0;
    unsigned long long pages_total = 0;
    unsigned long long pages_resident = 0;
    const int fields = std::sscanf(text, "%llu %llu", &pages_total, &pages_resident);
    return fields == 2 ? pages_resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

void lower_thread_priority() noexcept {
    constexpr int kLowest = 19;
    const auto thread = static_cast<id_t>(syscall(SYS_gettid));
    // Refused in some containers; then the thread merely competes.
    static_cast<void>(setpriority(PRIO_PROCESS, thread, kLowest));
}

void release_free_memory() noexcept {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}

int64_t process_id() noexcept { return getpid(); }

std::string host_name() {
    utsname name{};
    return uname(&name) == 0 ? name.nodename : std::string();
}

std::string system_name() {
    utsname names{};
    if (uname(&names) != 0) return "unknown";
    return std::string(names.sysname) + " " + names.release + " " + names.machine;
}

uint64_t total_memory_bytes() noexcept {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? static_cast<uint64_t>(pages) * static_cast<uint64_t>(page) : 0;
}

ProcessorTime processor_time() noexcept {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) != 0) return {};
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return {seconds(usage.ru_stime), seconds(usage.ru_utime)};
}

ProcessorTime main_thread_time() noexcept {
    char name[64];
    char text[kProcText];
    const int pid = static_cast<int>(getpid());
    snprintf(name, sizeof name, "/proc/self/task/%d/stat", pid);
    if (!read_proc(name, text)) return {};
    // Behind the name of the program, which may hold anything: eleven fields, utime, stime.
    const char* fields = std::strrchr(text, ')');
    unsigned long long user = 0;
    unsigned long long system = 0;
    if (fields == nullptr ||
        std::sscanf(fields + 1, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu", &user,
                    &system) != 2) {
        return {};
    }
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    return {static_cast<double>(system) / ticks, static_cast<double>(user) / ticks};
}

std::string executable_path() {
    char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    return n > 0 ? std::string(path, static_cast<size_t>(n)) : std::string();
}

}  // namespace synap
