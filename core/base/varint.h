// Little-endian and LEB128 integers as they stand in records and files.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace synap {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "formats are written in host order");

inline constexpr size_t kVarintBytesMax = 10;

template <typename T>
inline void store(char* at, T value) noexcept {
    std::memcpy(at, &value, sizeof value);
}

template <typename T>
inline T load(const char* at) noexcept {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <typename T>
inline void put(std::string& out, T value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Writes at most kVarintBytesMax bytes; returns the first byte behind them.
inline char* put_varint(char* at, uint64_t value) noexcept {
    while (value >= 0x80) {
        *at++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *at++ = static_cast<char>(value);
    return at;
}

inline void put_varint(std::string& out, uint64_t value) {
    char bytes[kVarintBytesMax];
    out.append(bytes, static_cast<size_t>(put_varint(bytes, value) - bytes));
}

inline constexpr uint64_t zigzag(int64_t value) noexcept {
    return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}

inline constexpr int64_t unzigzag(uint64_t value) noexcept {
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

// Consumes from the front of a view. Every take answers false, and leaves the output untouched,
// when the input does not hold what was asked for: the loader of untrusted bytes.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

    size_t remaining() const noexcept { return rest_.size(); }
    bool empty() const noexcept { return rest_.empty(); }

    template <typename T>
    [[nodiscard]] bool take(T& value) noexcept {
        if (rest_.size() < sizeof value) return false;
        value = load<T>(rest_.data());
        rest_.remove_prefix(sizeof value);
        return true;
    }

    [[nodiscard]] bool take_varint(uint64_t& value) noexcept {
        uint64_t result = 0;
        for (size_t i = 0; i < rest_.size() && i < kVarintBytesMax; ++i) {
            const auto byte = static_cast<uint8_t>(rest_[i]);
            if (i == kVarintBytesMax - 1 && byte > 1) return false;
            result |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
            if (byte < 0x80) {
                value = result;
                rest_.remove_prefix(i + 1);
                return true;
            }
        }
        return false;
    }

    [[nodiscard]] bool take_bytes(size_t size, std::string_view& bytes) noexcept {
        if (rest_.size() < size) return false;
        bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return true;
    }

    // A varint length and that many bytes.
    [[nodiscard]] bool take_string(std::string_view& bytes) noexcept {
        const std::string_view before = rest_;
        uint64_t size = 0;
        if (take_varint(size) && take_bytes(size, bytes)) return true;
        rest_ = before;
        return false;
    }

private:
    std::string_view rest_;
};

}  // namespace synap
