// Requests of the load generator, written once and sent many times: only the digits of the keys
// change, so that the client costs less than the server that it measures.
#ifndef SYNAP_TESTS_BENCH_LOAD_BATCH_H
#define SYNAP_TESTS_BENCH_LOAD_BATCH_H

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace synap::bench {

inline constexpr uint64_t kMaxKeys = 100'000'000;

enum class Kind { kGet, kSet };

// splitmix64: fast, and good enough to pick keys.
class Random {
public:
    explicit Random(uint64_t seed) : state_(seed) {}

    // `limit` is at most 2^32.
    uint64_t below(uint64_t limit) {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        z ^= z >> 31;
        return ((z >> 32) * limit) >> 32;
    }

private:
    uint64_t state_;
};

// Without a table, which would take its place in the cache beside what is measured. `number` is
// below kMaxKeys.
inline void write_digits(char* eight, uint64_t number) {
    static_assert(std::endian::native == std::endian::little);
    // Halves of four digits, then of two, then of one, the first digit in the lowest byte.
    uint64_t digits = number / 10'000 | number % 10'000 << 32;
    const uint64_t hundreds = digits * 10'486 >> 20 & 0x0000'007f'0000'007f;
    digits = hundreds | (digits - hundreds * 100) << 16;
    const uint64_t tens = digits * 103 >> 10 & 0x000f'000f'000f'000f;
    digits = tens | (digits - tens * 10) << 8;
    digits |= 0x3030'3030'3030'3030;
    std::memcpy(eight, &digits, sizeof digits);
}

// The keys of redis-benchmark: "key:" and twelve digits, of which the first four stay zero here.
inline constexpr std::string_view kFirstKey = "key:000000000000";

// A pipeline of equal commands and the shape of its replies, which have all the same size.
class Batch {
public:
    Batch(Kind kind, size_t depth, size_t value_bytes) : depth_(depth) {
        const std::string value = bulk(std::string(value_bytes, 'x'));
        std::string one = kind == Kind::kGet ? "*2\r\n$3\r\nGET\r\n" : "*3\r\n$3\r\nSET\r\n";
        const std::string key = bulk(kFirstKey);
        digits_at_ = one.size() + key.size() - 2 - 8;
        one += key;
        if (kind == Kind::kSet) one += value;
        const std::string reply = kind == Kind::kGet ? value : "+OK\r\n";
        request_bytes_ = one.size();
        reply_bytes_ = reply.size();
        reply_begins_ = reply.substr(0, reply.find('\r'));
        for (size_t i = 0; i < depth; ++i) {
            text_ += one;
        }
    }

    void set_key(size_t index, uint64_t key) {
        write_digits(text_.data() + index * request_bytes_ + digits_at_, key);
    }

    std::string_view text() const { return text_; }
    size_t depth() const { return depth_; }
    size_t all_replies_bytes() const { return depth_ * reply_bytes_; }

    // Replies of the wrong size shift all that follow, so that looking at each beginning is enough.
    void check(std::string_view replies) const {
        for (size_t i = 0; i < depth_; ++i) {
            const std::string_view reply = replies.substr(i * reply_bytes_, reply_bytes_);
            if (!reply.starts_with(reply_begins_)) {
                throw std::runtime_error("expected a reply like " + reply_begins_ + ", got " +
                                         std::string(reply.substr(0, 60)));
            }
        }
    }

private:
    static std::string bulk(std::string_view value) {
        return "$" + std::to_string(value.size()) + "\r\n" + std::string(value) + "\r\n";
    }

    size_t depth_;
    size_t digits_at_ = 0;
    size_t request_bytes_ = 0;
    size_t reply_bytes_ = 0;
    std::string reply_begins_;
    std::string text_;
};

}  // namespace synap::bench

#endif
