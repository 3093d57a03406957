// What happened in each phase of a run: operations, latency, and the CPU time of both sides.
#ifndef SYNAP_TESTS_BENCH_LOAD_METER_H
#define SYNAP_TESTS_BENCH_LOAD_METER_H

#include <time.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "tests/bench/histogram.h"

namespace synap::bench {

inline uint64_t clock_ns(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

inline uint64_t now_ns() { return clock_ns(CLOCK_MONOTONIC); }

// Time that all threads of a process have run: /proc/PID/stat only counts in ticks of 10 ms.
inline uint64_t process_cpu_ns(int pid) {
    uint64_t sum = 0;
    std::error_code error;
    const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
    for (const auto& task : std::filesystem::directory_iterator(tasks, error)) {
        uint64_t ran = 0;
        std::ifstream(task.path() / "schedstat") >> ran;
        sum += ran;
    }
    return sum;
}

class Meter {
public:
    explicit Meter(int server_pid) : server_pid_(server_pid) {}

    // A phase that was entered before goes on; the first one must be entered before record().
    void enter(const std::string& name) {
        close();
        current_ = &phases_[name];
        entered_ = reading();
    }

    // Of the phase that goes on.
    uint64_t operations() const { return current_->operations; }

    void record(uint64_t operations, uint64_t latency_ns) {
        current_->operations += operations;
        current_->latency.record(latency_ns);
    }

    void print() {
        close();
        const char* between = "{\"phases\": {";
        for (const auto& [name, phase] : phases_) {
            std::printf("%s\"%s\": {\"operations\": %lu, \"seconds\": %.6f, ", between,
                        name.c_str(), phase.operations, seconds(phase.spent.wall));
            std::printf("\"server_cpu\": %.6f, \"client_cpu\": %.6f, \"latency_us\": {",
                        seconds(phase.spent.server), seconds(phase.spent.client));
            for (const auto& [label, share] :
                 {std::pair{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}}) {
                std::printf("\"%s\": %.1f, ", label, microseconds(phase.latency.quantile(share)));
            }
            std::printf("\"max\": %.1f}}", microseconds(phase.latency.max()));
            between = ", ";
        }
        std::printf("}}\n");
    }

private:
    struct Reading {
        uint64_t wall = 0;
        uint64_t server = 0;
        uint64_t client = 0;
    };

    struct Phase {
        uint64_t operations = 0;
        Reading spent;
        Histogram latency;
    };

    static double seconds(uint64_t ns) { return static_cast<double>(ns) / 1e9; }
    static double microseconds(uint64_t ns) { return static_cast<double>(ns) / 1e3; }

    Reading reading() const {
        return {now_ns(), server_pid_ ? process_cpu_ns(server_pid_) : 0,
                clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
    }

    void close() {
        if (current_) {
            const Reading now = reading();
            current_->spent.wall += now.wall - entered_.wall;
            current_->spent.server += now.server - entered_.server;
            current_->spent.client += now.client - entered_.client;
            current_ = nullptr;
        }
    }

    int server_pid_;
    std::map<std::string, Phase> phases_;
    Phase* current_ = nullptr;
    Reading entered_;
};

}  // namespace synap::bench

#endif
