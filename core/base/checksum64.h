// A checksum of 64 bits over bytes that come in pieces (XXH3-64): for whole files.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

namespace synap {

// Thread safety: one thread. Allocates once.
class Checksum64 {
public:
    Checksum64();
    ~Checksum64();
    Checksum64(Checksum64&&) noexcept;
    Checksum64& operator=(Checksum64&&) noexcept;

    void add(std::string_view bytes) noexcept;
    uint64_t value() const noexcept;  // of all that was added

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace synap
