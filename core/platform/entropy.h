// Randomness as the engine sees it: seeds of histories, hash secrets, epoch ids, samples.
#pragma once

#include <cstdint>

namespace synap {

// Thread safety: from any thread.
class Entropy {
public:
    virtual ~Entropy() = default;
    virtual uint64_t next() noexcept = 0;
};

// A small generator for sampling (eviction, RANDOMKEY); seed it from Entropy. One thread.
class SmallRandom {
public:
    explicit SmallRandom(uint64_t seed) noexcept : state_(seed) {}
    uint64_t next() noexcept {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    // Uniform enough in [0, bound); bound > 0.
    uint64_t below(uint64_t bound) noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
    }

private:
    uint64_t state_;
};

}  // namespace synap
