// How fast one thread reads through the C interface, without a server.
//
//   bench_embedded --dir DIR [--keys N] [--seconds N] [--value-bytes N]
//   bench_embedded --dir DIR --operations N      only N reads of one key: for counting instructions
//
// Prints as JSON, for each way of reading, the reads done, and the wall and CPU time they took.

#include <synap/synap.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/load_batch.h"
#include "tests/bench/memory_latency.h"

namespace synap::bench {
namespace {

constexpr size_t kDepth = 64;
constexpr size_t kBetweenClockReads = 1024;
static_assert(kBetweenClockReads % kDepth == 0);

struct Settings {
    std::string dir;
    uint64_t keys = 1'000'000;
    uint64_t operations = 0;
    size_t value_bytes = 64;
    double seconds = 1;
};

synap_bytes_t bytes(std::string_view text) { return {text.data(), text.size()}; }

synap_arg_t argument(std::string_view text) {
    synap_arg_t arg{};
    arg.type = SYNAP_TYPE_BYTES;
    arg.as.b = bytes(text);
    return arg;
}

// As the typed methods of the SDKs do it: a command by its number needs no look-up.
synap_arg_t command(std::string_view name) {
    const synap_command_t* found = synap_command_find(bytes(name));
    if (!found) throw std::runtime_error("no such command: " + std::string(name));
    synap_arg_t arg{};
    arg.type = SYNAP_TYPE_INT;
    arg.as.i = synap_command_id(found);
    return arg;
}

[[noreturn]] void fail(synap_status_t status, synap_error_t* error) {
    const synap_bytes_t text = synap_error_message(error);
    std::string message(static_cast<const char*>(text.data), text.size);
    synap_error_free(error);
    throw std::runtime_error("status " + std::to_string(status) + ": " + message);
}

// check(f, args...): f(args..., &error), which must succeed.
template <typename Function, typename... Args>
void check(Function function, Args... args) {
    synap_error_t* error = nullptr;
    const synap_status_t status = function(args..., &error);
    if (status != SYNAP_OK) fail(status, error);
}

// What arrives at the sink: every reply must be counted with all bytes of its value.
struct Received {
    uint64_t replies = 0;
    uint64_t bytes = 0;
};

int32_t on_scalar(void* ctx, uint32_t type, const synap_arg_t* value) {
    auto* received = static_cast<Received*>(ctx);
    ++received->replies;
    if (type == SYNAP_TYPE_BYTES) received->bytes += value->as.b.size;
    return 0;
}

// Nothing else may come: each of these ends the call with SYNAP_E_SINK.
int32_t on_error(void*, int32_t, synap_bytes_t) { return 1; }
int32_t on_begin(void*, uint32_t, uint64_t) { return 1; }
int32_t on_end(void*, uint32_t) { return 1; }

class Store {
public:
    explicit Store(const Settings& settings) : settings_(settings) {
        check(synap_open, bytes(settings.dir), nullptr, &store_);
        check(synap_session_open, store_, nullptr, &session_);
        sink_.ctx = &received_;
        sink_.scalar = on_scalar;
        sink_.error = on_error;
        sink_.begin = on_begin;
        sink_.end = on_end;
        for (size_t i = 0; i < kDepth; ++i) {
            keys_[i].assign(kFirstKey);
            arguments_[i] = {command("GET"), argument(keys_[i])};
            calls_[i] = {arguments_[i].data(), arguments_[i].size()};
        }
    }

    ~Store() {
        synap_session_release(session_);
        synap_store_release(store_);
    }
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    void fill() {
        const std::string value(settings_.value_bytes, 'x');
        std::string key(kFirstKey);
        const std::array<synap_arg_t, 3> set = {command("SET"), argument(key), argument(value)};
        for (uint64_t i = 0; i < settings_.keys; ++i) {
            write_digits(key.data() + key.size() - 8, i);
            check(synap_exec_sink, session_, set.data(), set.size(), nullptr, &sink_);
        }
    }

    void read_one(uint64_t count) {
        begin();
        for (uint64_t i = 0; i < count; ++i) {
            get(0);
        }
        finish(count);
    }

    void read_random(uint64_t count) {
        begin();
        for (uint64_t i = 0; i < count; i += kDepth) {
            pick_keys();
            for (size_t k = 0; k < kDepth; ++k) {
                get(k);
            }
        }
        finish(count);
    }

    void read_batches(uint64_t count) {
        begin();
        for (uint64_t i = 0; i < count; i += kDepth) {
            pick_keys();
            get_many();
        }
        finish(count);
    }

private:
    // The next keys, so that a read does not wait for its key to be made up.
    void pick_keys() {
        for (std::string& key : keys_) {
            write_digits(key.data() + kFirstKey.size() - 8, random_.below(settings_.keys));
        }
    }

    void get(size_t index) {
        const auto& argv = arguments_[index];
        check(synap_exec_sink, session_, argv.data(), argv.size(), nullptr, &sink_);
    }

    void get_many() {
        for (size_t done = 0; done < kDepth;) {
            size_t now = 0;
            synap_token_t token;
            check(synap_exec_many, session_, calls_.data() + done, kDepth - done, nullptr, &sink_,
                  &now, &token);
            done += now;
        }
    }

    void begin() { received_ = {}; }

    void finish(uint64_t count) const {
        if (received_.replies != count || received_.bytes != count * settings_.value_bytes) {
            throw std::runtime_error("a read was not answered with its value");
        }
    }

    Settings settings_;
    synap_store_t* store_ = nullptr;
    synap_session_t* session_ = nullptr;
    synap_sink_t sink_ = SYNAP_SINK_INIT;
    Received received_;
    Random random_{1};
    std::array<std::string, kDepth> keys_;
    std::array<std::array<synap_arg_t, 2>, kDepth> arguments_;
    std::array<synap_call_t, kDepth> calls_;
};

double clock_seconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

template <typename Reader>
void measure(const char* name, double seconds, Reader read) {
    for (const double limit : {seconds / 5, seconds}) {  // the first is to warm up
        const double wall = clock_seconds(CLOCK_MONOTONIC);
        const double cpu = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        uint64_t done = 0;
        double spent = 0;
        while ((spent = clock_seconds(CLOCK_MONOTONIC) - wall) < limit) {
            read(kBetweenClockReads);
            done += kBetweenClockReads;
        }
        if (limit == seconds) {
            std::printf("\"%s\": {\"operations\": %lu, \"wall\": %.6f, \"cpu\": %.6f}", name, done,
                        spent, clock_seconds(CLOCK_THREAD_CPUTIME_ID) - cpu);
        }
    }
}

void run(const Settings& settings) {
    Store store(settings);
    store.fill();
    if (settings.operations > 0) {
        store.read_one(settings.operations);
        return;
    }
    std::printf("{");
    measure("hot", settings.seconds, [&](uint64_t count) { store.read_one(count); });
    std::printf(", ");
    measure("random", settings.seconds, [&](uint64_t count) { store.read_random(count); });
    std::printf(", ");
    measure("batches", settings.seconds, [&](uint64_t count) { store.read_batches(count); });
    std::printf(", ");
    MemoryChase chase;
    measure("memory", settings.seconds / 2, [&](uint64_t count) { chase.read(count); });
    std::printf("}\n");
    if (chase.at() == SIZE_MAX) throw std::runtime_error("unreachable");
}

Settings parse(int argc, char** argv) {
    Settings s;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view name = argv[i];
        const double number = std::strtod(argv[i + 1], nullptr);
        if (name == "--dir") {
            s.dir = argv[i + 1];
        } else if (name == "--keys") {
            s.keys = static_cast<uint64_t>(number);
        } else if (name == "--operations") {
            s.operations = static_cast<uint64_t>(number);
        } else if (name == "--seconds") {
            s.seconds = number;
        } else if (name == "--value-bytes") {
            s.value_bytes = static_cast<size_t>(number);
        } else {
            throw std::invalid_argument("unknown option " + std::string(name));
        }
    }
    if (s.dir.empty() || s.keys == 0 || s.keys > kMaxKeys) {
        throw std::invalid_argument("--dir is needed; 1 <= keys <= 100,000,000");
    }
    return s;
}

}  // namespace
}  // namespace synap::bench

int main(int argc, char** argv) {
    try {
        synap::bench::run(synap::bench::parse(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_embedded: %s\n", error.what());
        return 1;
    }
}
