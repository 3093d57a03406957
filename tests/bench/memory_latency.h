// What one read costs that nothing could prefetch: by it a reader can compare machines.
#ifndef SYNAP_TESTS_BENCH_MEMORY_LATENCY_H
#define SYNAP_TESTS_BENCH_MEMORY_LATENCY_H

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "tests/bench/load_batch.h"

namespace synap::bench {

// As many bytes as a million keys take, one cache line each, linked in random order.
class MemoryChase {
public:
    MemoryChase() : lines_(size_t{2} << 20) {
        for (size_t i = 0; i < lines_.size(); ++i) {
            lines_[i].next = i;
        }
        // Sattolo's shuffle: one cycle through all lines.
        Random random(1);
        for (size_t i = lines_.size(); --i > 0;) {
            std::swap(lines_[i].next, lines_[random.below(i)].next);
        }
    }

    void read(uint64_t count) {
        for (uint64_t i = 0; i < count; ++i) {
            at_ = lines_[at_].next;
        }
    }

    // Keeps the reads from being optimised away.
    size_t at() const { return at_; }

private:
    struct alignas(64) Line {
        size_t next = 0;
    };

    std::vector<Line> lines_;
    size_t at_ = 0;
};

}  // namespace synap::bench

#endif
