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

enum class Kind { kGet, kSet, kFill };

// What the numbers that are drawn stand for: keys, fields of one hash, or fields of many hashes
// with kFieldsEach fields.
enum class Shape { kStrings, kHash, kHashes };

inline constexpr uint64_t kFieldsEach = 8;

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

// As long, and what redis-benchmark makes of fld:__rand_int__.
inline constexpr std::string_view kFirstField = "fld:000000000000";

// A pipeline of equal commands and the shape of its replies, which have all the same size.
class Batch {
public:
    // kFill sets all fields of a hash among many, and otherwise what kSet does.
    Batch(Kind kind, Shape shape, size_t depth, size_t value_bytes)
        : whole_(kind == Kind::kFill && shape == Shape::kHashes), shape_(shape), depth_(depth) {
        const std::string value = bulk(std::string(value_bytes, 'x'));
        const bool read = kind == Kind::kGet;
        const size_t pairs = whole_ ? kFieldsEach : 1;
        const size_t words = shape == Shape::kStrings ? (read ? 2 : 3) : 2 + pairs * (read ? 1 : 2);
        std::string one = "*" + std::to_string(words) + "\r\n";
        one += bulk(std::string(shape == Shape::kStrings ? "" : "H") + (read ? "GET" : "SET"));
        one += bulk(shape == Shape::kHash ? "hash" : kFirstKey);
        key_digits_at_ = one.size() - 2 - 8;
        for (size_t i = 0; shape != Shape::kStrings && i < pairs; ++i) {
            std::string field(kFirstField);
            field.back() = static_cast<char>('0' + i);
            one += bulk(field);
            field_digits_at_ = one.size() - 2 - 8;
            if (!read) one += value;
        }
        if (shape == Shape::kStrings && !read) one += value;
        const std::string reply = read ? value : shape == Shape::kStrings ? "+OK\r\n" : ":0\r\n";
        request_bytes_ = one.size();
        reply_bytes_ = reply.size();
        // HSET answers how many fields are new.
        reply_begins_ = read ? reply.substr(0, reply.find('\r')) : reply.substr(0, 1);
        for (size_t i = 0; i < depth; ++i) {
            text_ += one;
        }
    }

    // `number` is below what numbers() says.
    void set_number(size_t index, uint64_t number) {
        char* const one = text_.data() + index * request_bytes_;
        if (shape_ == Shape::kStrings || whole_) {
            write_digits(one + key_digits_at_, number);
        } else if (shape_ == Shape::kHash) {
            write_digits(one + field_digits_at_, number);
        } else {
            write_digits(one + key_digits_at_, number / kFieldsEach);
            one[field_digits_at_ + 7] = static_cast<char>('0' + number % kFieldsEach);
        }
    }

    // Of `keys` keys, or fields of the one hash.
    uint64_t numbers(uint64_t keys) const {
        return shape_ == Shape::kHashes && !whole_ ? keys * kFieldsEach : keys;
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

    bool whole_;
    Shape shape_;
    size_t depth_;
    size_t key_digits_at_ = 0;
    size_t field_digits_at_ = 0;
    size_t request_bytes_ = 0;
    size_t reply_bytes_ = 0;
    std::string reply_begins_;
    std::string text_;
};

}  // namespace synap::bench

#endif
