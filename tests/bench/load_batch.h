// Requests of the load generator, written once and sent many times: only the digits of the keys
// change, so that the client costs less than the server that it measures.
#ifndef SYNAP_TESTS_BENCH_LOAD_BATCH_H
#define SYNAP_TESTS_BENCH_LOAD_BATCH_H

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace synap::bench {

inline constexpr std::uint64_t kMaxKeys = 100'000'000;

enum class Kind { kGet, kSet };

// splitmix64: fast, and good enough to pick keys.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}

    // `limit` is at most 2^32.
    std::uint64_t below(std::uint64_t limit) {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        z ^= z >> 31;
        return ((z >> 32) * limit) >> 32;
    }

private:
    std::uint64_t state_;
};

// The keys of redis-benchmark: "key:" and twelve digits, of which the first four stay zero here.
class Digits {
public:
    Digits() {
        for (std::size_t i = 0; i < table_.size(); ++i) {
            std::size_t rest = i;
            for (std::size_t place = 4; place-- > 0; rest /= 10) {
                table_[i][place] = static_cast<char>('0' + rest % 10);
            }
        }
    }

    void write(char* eight, std::uint64_t number) const {
        std::memcpy(eight, table_[number / 10'000].data(), 4);
        std::memcpy(eight + 4, table_[number % 10'000].data(), 4);
    }

private:
    std::array<std::array<char, 4>, 10'000> table_{};
};

inline constexpr std::string_view kFirstKey = "key:000000000000";

// A pipeline of equal commands and the shape of its replies, which have all the same size.
class Batch {
public:
    Batch(Kind kind, std::size_t depth, std::size_t value_bytes) : depth_(depth) {
        const std::string value = bulk(std::string(value_bytes, 'x'));
        std::string one = kind == Kind::kGet ? "*2\r\n$3\r\nGET\r\n" : "*3\r\n$3\r\nSET\r\n";
        const std::string key = bulk(kFirstKey);
        digits_at_ = one.size() + key.size() - 2 - 8;
        one += key;
        if (kind == Kind::kSet) {
            one += value;
        }
        const std::string reply = kind == Kind::kGet ? value : "+OK\r\n";
        request_bytes_ = one.size();
        reply_bytes_ = reply.size();
        reply_begins_ = reply.substr(0, reply.find('\r'));
        for (std::size_t i = 0; i < depth; ++i) {
            text_ += one;
        }
    }

    void set_key(const Digits& digits, std::size_t index, std::uint64_t key) {
        digits.write(text_.data() + index * request_bytes_ + digits_at_, key);
    }

    std::string_view text() const { return text_; }
    std::size_t depth() const { return depth_; }
    std::size_t all_replies_bytes() const { return depth_ * reply_bytes_; }

    // Replies of the wrong size shift all that follow, so that looking at each beginning is enough.
    void check(std::string_view replies) const {
        for (std::size_t i = 0; i < depth_; ++i) {
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

    std::size_t depth_;
    std::size_t digits_at_ = 0;
    std::size_t request_bytes_ = 0;
    std::size_t reply_bytes_ = 0;
    std::string reply_begins_;
    std::string text_;
};

}  // namespace synap::bench

#endif
