// A small hash as it stands in its node (see hash_value.h), and the buffer in which it is changed.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

#include "core/base/limits.h"
#include "core/types/hash_body.h"

namespace synap {

struct PackedHeader {
    unsigned count = 0;
    int64_t earliest = 0;  // 0: no field has a deadline

    size_t bytes() const noexcept { return earliest == 0 ? 1 : 1 + sizeof earliest; }
};

inline PackedHeader read_packed_header(std::string_view packed) noexcept {
    constexpr uint8_t kTimed = 0x80;
    const auto first = static_cast<uint8_t>(packed[0]);
    return {first & 0x7fu, (first & kTimed) != 0 ? load<int64_t>(packed.data() + 1) : 0};
}

// Works in limits::kPackedBytes of the caller's, with the elements behind room for the largest
// header. Nothing here allocates or fails but for want of room there.
class PackedHash {
public:
    explicit PackedHash(char* buffer) noexcept : buffer_(buffer), end_(buffer + kHeaderBytes) {}

    // Elements as in a body. False, changing nothing, where they have no room.
    bool assign(std::string_view elements, uint64_t count) noexcept;
    // What stands in a node. True when a field of it has a deadline.
    bool assign(std::string_view packed) noexcept;
    // Makes one element true. False, changing nothing, where there is no room for that.
    bool apply(const hash_body::Element& element) noexcept;

    const char* elements() const noexcept { return buffer_ + kHeaderBytes; }
    unsigned count() const noexcept { return count_; }
    // With its header. `timed`: some field may have a deadline.
    std::string_view finish(bool timed) noexcept;

private:
    static constexpr size_t kHeaderBytes = 1 + sizeof(int64_t);
    static constexpr unsigned kCountMax = 127;

    // The element of a field; null where it is not there. `next` is what stands behind it.
    char* find(std::string_view field, hash_body::Element& found, char*& next) noexcept;
    // Puts `element` in the place of what stands from `begin` to `end`.
    bool replace(char* begin, char* end, const hash_body::Element& element) noexcept;
    void cut(char* begin, const char* end) noexcept;

    char* const buffer_;
    char* end_;
    unsigned count_ = 0;
};

}  // namespace synap
